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

// engine is a running engine. It keeps the pipes, because a pipe without references is closed, and the engine would see
// the end of its standard input.
type engine struct {
	uri   string
	stdin io.Closer
	out   io.Closer
}

// startEngine starts the embedded engine on the first call.
var startEngine = sync.OnceValues(func() (engine, error) {
	started, err := runEngine()
	if err != nil {
		return engine{}, fmt.Errorf("MONGODB_URI is not set, and the embedded engine does not start: %w", err)
	}
	return started, nil
})

// runEngine starts the engine and reads its URI. The engine ends when its standard input does. The system closes that
// when this process ends, for any reason.
func runEngine() (engine, error) {
	var programs testprograms.Builder
	path, err := programs.Path("mongoengine")
	if err != nil {
		return engine{}, err
	}
	defer programs.Remove()       // a running program does not need its file
	command := exec.Command(path) //nolint:noctx,gosec // it is ours, and lives as long as the process
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
	// The engine's updates read and then write without a lock, so only a single connection makes them atomic. The times
	// are longer than the product's: on a busy machine the engine may be slow, and the driver counts the wait for the
	// connection as a search for a server.
	uri := strings.TrimSuffix(strings.TrimSpace(line), "/") + "/?maxPoolSize=1&connectTimeoutMS=20000&serverSelectionTimeoutMS=20000&timeoutMS=300000"
	return engine{uri: uri, stdin: stdin, out: out}, nil
}
