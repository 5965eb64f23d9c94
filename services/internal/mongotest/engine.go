package mongotest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// engineDir is the module of the embedded engine, from the repository's root.
const engineDir = "deploy/tools/mongoengine"

// engine is a running engine. The pipes are kept because a pipe that nothing refers to is closed,
// which the engine would take for the end of its standard input.
type engine struct {
	uri   string
	stdin io.Closer
	out   io.Closer
}

// startEngine starts the embedded engine on the first call and returns it on each.
var startEngine = sync.OnceValues(func() (engine, error) {
	started, err := runEngine()
	if err != nil {
		return engine{}, fmt.Errorf("MONGODB_URI is not set, and the embedded engine does not start: %w", err)
	}
	return started, nil
})

// runEngine starts the engine and reads its URI. The engine ends when its standard input does,
// which the system closes with this process, however that ends.
func runEngine() (engine, error) {
	dir, err := findUp(engineDir)
	if err != nil {
		return engine{}, err
	}
	command := exec.Command("go", "run", "-C", dir, ".") //nolint:noctx,gosec // it lives as long as the process; the directory is ours
	command.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off")
	command.Stderr = os.Stderr
	stdin, err := command.StdinPipe()
	if err != nil {
		return engine{}, fmt.Errorf("making a pipe: %w", err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		return engine{}, fmt.Errorf("making a pipe: %w", err)
	}
	if err := command.Start(); err != nil {
		return engine{}, fmt.Errorf("starting go run: %w", err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return engine{}, errors.Join(fmt.Errorf("waiting for its URI: %w", err), command.Wait())
	}
	// The engine's updates read and then write without a lock: only one connection makes them atomic.
	uri := strings.TrimSuffix(strings.TrimSpace(line), "/") + "/?maxPoolSize=1"
	return engine{uri: uri, stdin: stdin, out: out}, nil
}

// findUp returns the path of a directory that lies in the working directory or above it.
func findUp(path string) (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("finding the working directory: %w", err)
	}
	for {
		found := filepath.Join(dir, path)
		if _, err := os.Stat(found); err == nil {
			return found, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("no directory %s above the working directory", path)
		}
		dir = filepath.Dir(dir)
	}
}
