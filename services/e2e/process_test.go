package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/testprograms"
)

const (
	// startPatience is how long a process may take to serve; the machine may be busy.
	startPatience = 60 * time.Second
	// stopPatience is how long a process may take to end when asked.
	stopPatience = 30 * time.Second
)

// programs are the programs under test.
var programs testprograms.Builder

func TestMain(m *testing.M) {
	code := m.Run()
	programs.Remove()
	os.Exit(code)
}

// process is one running program of the product.
type process struct {
	name   string
	env    map[string]string
	cmd    *exec.Cmd
	log    lockedBuffer
	ended  chan struct{}
	result error
}

// startProcess starts a program with environment variables, and ends it with the test. If the test failed, it shows the
// program's log.
func startProcess(t testing.TB, name string, env map[string]string) *process {
	t.Helper()
	return startWrapped(t, nil, name, env)
}

// startWrapped is startProcess through another command, which gets the program's path as its last argument.
func startWrapped(t testing.TB, wrapper []string, name string, env map[string]string) *process {
	t.Helper()
	path, err := programs.Path(name)
	if err != nil {
		t.Fatal(err)
	}
	p := &process{name: name, env: env, ended: make(chan struct{})}
	command := append(slices.Clone(wrapper), path)
	p.cmd = exec.Command(command[0], command[1:]...)
	p.cmd.Dir = t.TempDir()
	p.cmd.Env = []string{"HOME=" + p.cmd.Dir, "TMPDIR=" + os.TempDir()}
	for key, value := range env {
		p.cmd.Env = append(p.cmd.Env, key+"="+value)
	}
	p.cmd.Stdout, p.cmd.Stderr = &p.log, &p.log
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("starting %s: %v", name, err)
	}
	go func() {
		p.result = p.cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("log of %s:\n%s", name, p.log.String())
		}
	})
	return p
}

// kill ends the process as kill -9 does, and waits until it is gone.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended already
	<-p.ended
}

// again starts the program again in the same way.
func (p *process) again(t testing.TB) *process {
	t.Helper()
	return startProcess(t, p.name, p.env)
}

// askToStop sends SIGTERM.
func (p *process) askToStop(t testing.TB) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatalf("signalling %s: %v", p.name, err)
	}
}

// wait waits until the process ends and returns what Wait returned: nil after exit code 0.
func (p *process) wait(t testing.TB, patience time.Duration) error {
	t.Helper()
	select {
	case <-p.ended:
		return p.result
	case <-time.After(patience):
		t.Fatalf("%s still runs after %s", p.name, patience)
		return nil
	}
}

// awaitReady waits until an origin answers 200 on /readyz; it gives up when a process ends.
func awaitReady(t testing.TB, base string, processes ...*process) {
	t.Helper()
	last := errors.New("not asked")
	for start := time.Now(); time.Since(start) < startPatience; time.Sleep(20 * time.Millisecond) {
		if last = ready(t.Context(), base); last == nil {
			return
		}
		for _, p := range processes {
			select {
			case <-p.ended:
				t.Fatalf("%s ended before it served: %v\n%s", p.name, p.result, p.log.String())
			default:
			}
		}
	}
	t.Fatalf("%s is not ready after %s: %v", base, startPatience, last)
}

func ready(ctx context.Context, base string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/readyz", nil)
	if err != nil {
		return err
	}
	a, err := doHTTP(http.DefaultClient, r)
	if err == nil && a.httpStatus != http.StatusOK {
		err = fmt.Errorf("%d %s", a.httpStatus, a.text)
	}
	return err
}

// freeAddrs returns n free addresses. It holds all of them until it knows all, so that they differ.
func freeAddrs(t testing.TB, n int) []string {
	t.Helper()
	addrs := make([]string, n)
	for i := range addrs {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = listener.Close() }()
		addrs[i] = listener.Addr().String()
	}
	return addrs
}

// lockedBuffer records a process's output while a test reads it.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write appends output.
func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

// String returns the output so far.
func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
