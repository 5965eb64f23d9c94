package mongotest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"

	"github.com/couponlink/couponlink/services/internal/testprograms"
)

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
	var programs testprograms.Builder
	path, err := programs.Path("mongoengine")
	if err != nil {
		return engine{}, err
	}
	defer programs.Remove()       // a running program no longer needs its file
	command := exec.Command(path) //nolint:noctx,gosec // it lives as long as the process, and is ours
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
		return engine{}, fmt.Errorf("starting it: %w", err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return engine{}, errors.Join(fmt.Errorf("waiting for its URI: %w", err), command.Wait())
	}
	// The engine's updates read and then write without a lock: only one connection makes them atomic.
	// The times are longer than the product's: on a busy machine the engine may be slow to answer, and calls wait
	// for the one connection, which the driver takes for a search for a server.
	uri := strings.TrimSuffix(strings.TrimSpace(line), "/") + "/?maxPoolSize=1&connectTimeoutMS=20000&serverSelectionTimeoutMS=20000&timeoutMS=60000"
	return engine{uri: uri, stdin: stdin, out: out}, nil
}
