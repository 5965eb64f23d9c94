// Package testprograms provides the programs that tests start. `make test` builds them beforehand, so that builds don't
// count against a test's time limit. Otherwise each is built when it is first used.
//
// Only tests may import it.
package testprograms

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
)

// dirVariable names the environment variable with the directory of prebuilt programs.
const dirVariable = "COUPONLINK_TEST_PROGRAMS"

// sources has each program's module and package, from the repository's root.
var sources = map[string][2]string{
	"coupon":      {".", "./services/coupon/cmd/coupon"},
	"tracking":    {".", "./services/tracking/cmd/tracking"},
	"gateway":     {".", "./services/gateway/cmd/gateway"},
	"couponlink":  {".", "./services/couponlink/cmd/couponlink"},
	"curl":        {".", "./services/e2e/testdata/curl"},
	"mongoengine": {"deploy/tools/mongoengine", "."},
}

// Builder builds programs into its own directory. It is safe for concurrent use.
type Builder struct {
	mu  sync.Mutex
	dir string
}

// Path returns the path of a program. The name is the last element of its package's path.
func (b *Builder) Path(name string) (string, error) {
	source, ok := sources[name]
	if !ok {
		return "", fmt.Errorf("%q is not a program that tests start", name)
	}
	if dir := os.Getenv(dirVariable); dir != "" {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err != nil { //nolint:gosec // make sets the directory
			return "", fmt.Errorf("%s: %w; make test-programs builds it", dirVariable, err)
		}
		return path, nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.build(name, source)
}

// Remove removes the built programs.
func (b *Builder) Remove() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.dir != "" {
		_ = os.RemoveAll(b.dir) // best effort: it is in the temporary directory
	}
	b.dir = ""
}

// build builds a program, unless it has been built already.
func (b *Builder) build(name string, source [2]string) (string, error) {
	if b.dir == "" {
		dir, err := os.MkdirTemp("", "couponlink-programs-")
		if err != nil {
			return "", fmt.Errorf("making a directory for programs: %w", err)
		}
		b.dir = dir
	}
	path := filepath.Join(b.dir, name)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	root, err := repository()
	if err != nil {
		return "", err
	}
	build := exec.Command("go", "build", "-C", filepath.Join(root, source[0]), "-o", path, source[1]) //nolint:gosec,noctx // the table above
	build.Env = append(os.Environ(), "GOWORK=off")
	if output, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building %s: %w\n%s", name, err, output)
	}
	return path, nil
}

// repository returns the repository's root: the nearest parent of the working directory that has the protos.
func repository() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("finding the working directory: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "buf.yaml")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("the working directory is not in the repository: no buf.yaml above it")
		}
		dir = filepath.Dir(dir)
	}
}
