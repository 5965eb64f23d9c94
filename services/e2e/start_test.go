package e2e

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// nobody is a user that owns no files of the tests'.
const nobody = 65534

// TestNoStorage starts each program that stores data where it cannot: it ends, and its error names the path.
func TestNoStorage(t *testing.T) {
	t.Parallel()
	for name, place := range map[string]func(t *testing.T) (dir string, wrapper []string){
		"a file in its place": func(t *testing.T) (string, []string) {
			path := filepath.Join(t.TempDir(), "data")
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			return path, nil
		},
		"below a file": func(t *testing.T) (string, []string) {
			path := filepath.Join(t.TempDir(), "data")
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			return filepath.Join(path, "below"), nil
		},
		"read-only": func(t *testing.T) (string, []string) { return onMount(t, "ro") },
		"no room":   func(t *testing.T) (string, []string) { return onMount(t, "size=64k") },
		"no room for the first file": func(t *testing.T) (string, []string) {
			return onMount(t, "size=4k")
		},
		"no right to write": func(t *testing.T) (string, []string) { return unprivileged(t, 0o555) },
		"no right to look":  func(t *testing.T) (string, []string) { return unprivileged(t, 0) },
		"another user's files": func(t *testing.T) (string, []string) {
			dir, wrapper := unprivileged(t, 0o777)
			for _, file := range []string{"coupon.db", "tracking.db", "coupon.db.lock", "tracking.db.lock"} {
				if err := os.WriteFile(filepath.Join(dir, file), nil, 0); err != nil {
					t.Fatal(err)
				}
			}
			return dir, wrapper
		},
	} {
		for _, program := range []string{"couponlink", "coupon", "tracking"} {
			t.Run(program+", "+name, func(t *testing.T) {
				t.Parallel()
				dir, wrapper := place(t)
				p := startWrapped(t, wrapper, program, map[string]string{
					"COUPONLINK_DATA_DIR": dir, "COUPONLINK_ADMIN_KEY": adminKey, "COUPONLINK_HTTP_ADDR": "127.0.0.1:0", "COUPONLINK_TRACKING_HTTP_ADDR": "127.0.0.1:0",
					"COUPONLINK_COUPON_GRPC_ADDR": "127.0.0.1:0", "COUPONLINK_TRACKING_GRPC_ADDR": "127.0.0.1:0",
				})
				ended := (*exec.ExitError)(nil)
				if err := p.wait(t, startPatience); !errors.As(err, &ended) || ended.ExitCode() != 1 {
					t.Errorf("it ended with %v, want exit status 1", err)
				}
				if text := p.log.String(); !strings.Contains(text, program+": ") || !strings.Contains(text, dir) {
					t.Errorf("the error does not name %s:\n%s", dir, text)
				}
			})
		}
	}
}

// onMount returns a directory and a command that runs another with a file system of its own on it.
func onMount(t *testing.T, options string) (dir string, wrapper []string) {
	t.Helper()
	dir = t.TempDir()
	wrapper = []string{"unshare", "--mount"}
	if os.Geteuid() != 0 {
		wrapper = append(wrapper, "--map-root-user")
	}
	return dir, append(wrapper, "sh", "-c", `mount -t tmpfs -o "$0" tmpfs "$1" && shift && exec "$@"`, options, dir)
}

// unprivileged returns a directory with a mode, and a command that runs another as a user whom it does not belong to.
func unprivileged(t *testing.T, mode os.FileMode) (dir string, wrapper []string) {
	t.Helper()
	top := t.TempDir()
	dir = filepath.Join(top, "data")
	err := errors.Join(os.Mkdir(dir, 0o700), os.Chmod(dir, mode), os.Chmod(top, 0o755), os.Chmod(filepath.Dir(top), 0o755))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(dir, 0o700) }) // so that it can be removed
	if os.Geteuid() != 0 {
		return dir, nil // not root: modes count
	}
	// That user may be unable to reach the program where it is.
	return dir, []string{"sh", "-c", `cp "$1" "$0/program" && exec setpriv --reuid=` + fmt.Sprint(nobody) + ` --clear-groups "$0/program"`, top}
}
