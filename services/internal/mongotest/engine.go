package mongotest

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// engineDir is the module of the embedded engine, from the repository's root.
const engineDir = "deploy/tools/mongoengine"

// engineURI starts the embedded engine on the first call and returns its URI on each.
//
// The engine's updates read and then write without a lock, so that only one connection makes them
// atomic.
var engineURI = sync.OnceValues(func() (string, error) {
	uri, err := startEngine()
	if err != nil {
		return "", fmt.Errorf("MONGODB_URI is not set, and the embedded engine does not start: %w", err)
	}
	return strings.TrimSuffix(uri, "/") + "/?maxPoolSize=1", nil
})

// startEngine starts the engine and reads its URI. The engine ends when its standard input does,
// which the system closes with this process, however that ends.
func startEngine() (string, error) {
	dir, err := findUp(engineDir)
	if err != nil {
		return "", err
	}
	engine := exec.Command("go", "run", "-C", dir, ".") //nolint:noctx // it lives as long as the process
	engine.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off")
	engine.Stderr = os.Stderr
	if _, err := engine.StdinPipe(); err != nil {
		return "", fmt.Errorf("making a pipe: %w", err)
	}
	out, err := engine.StdoutPipe()
	if err != nil {
		return "", fmt.Errorf("making a pipe: %w", err)
	}
	if err := engine.Start(); err != nil {
		return "", fmt.Errorf("starting go run: %w", err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return "", errors.Join(fmt.Errorf("waiting for its URI: %w", err), engine.Wait())
	}
	return strings.TrimSpace(line), nil
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
