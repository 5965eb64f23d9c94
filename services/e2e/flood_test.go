package e2e

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	// floodVariable is the environment variable that turns on the full flood, for a machine that does nothing else.
	floodVariable = "COUPONLINK_TEST_FLOOD"
	// The full flood, and the short one of other runs, which only shows that clicks are bounded: by fewer than usual,
	// since a busy machine may not have many in flight.
	floodConnections, floodTime = 2000, 10 * time.Second
	smallConnections, smallTime = 400, time.Second
	smallBound                  = "16"
	// floodDelay is the bound for 99 of 100 accepted clicks in a full flood, and floodMiB the memory that the process
	// may use. smallCgroupMiB is a memory limit with which the process must survive.
	floodDelay     = 250 * time.Millisecond
	floodMiB       = 400
	smallCgroupMiB = 256
)

// TestFlood sends clicks on many connections at once, each as fast as it can. A click is redirected soon, or refused
// with a time to retry after. The process keeps within its memory, and survives in a small cgroup. The test keeps all
// cores busy, so no other test of this package runs at the same time.
func TestFlood(t *testing.T) {
	conns, length, isWhole := smallConnections, smallTime, os.Getenv(floodVariable) != ""
	env := map[string]string{"COUPONLINK_MAX_CLICKS": smallBound}
	if isWhole {
		conns, length, env = floodConnections, floodTime, nil
	}
	t.Run("unlimited", func(t *testing.T) {
		result, process := flood(t, nil, env, conns, length)
		if isWhole && quantile(result.accepted, 0.99) > floodDelay {
			t.Errorf("99 of 100 accepted clicks took %s or less, want %s", quantile(result.accepted, 0.99), floodDelay)
		}
		if peak := peakMiB(t, process); peak > floodMiB {
			t.Errorf("the process took %d MiB, want at most %d", peak, floodMiB)
		}
	})
	if isWhole {
		t.Run("in a small cgroup", func(t *testing.T) { flood(t, inMemoryCgroup(t, smallCgroupMiB), env, conns, length) })
	}
}

// flood starts the process, wrapped in a command if one is given, and floods it.
func flood(t *testing.T, wrapper []string, env map[string]string, conns int, length time.Duration) (*flooded, *process) {
	t.Helper()
	s, process := startTogetherIn(t, wrapper, freeAddrs(t, 3), t.TempDir(), env)
	p := player{system: s, transport: "rest", suite: loadSuite(t)}
	v := p.prepare(t, []step{{Use: "campaign"}})
	request := fmt.Sprintf("GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) Firefox/142.0\r\n\r\n",
		strings.TrimPrefix(v["link"], s.base), s.addrs[0])
	result, until := &flooded{}, time.Now().Add(length)
	var visitors sync.WaitGroup
	for range conns {
		visitors.Go(func() { result.visit(s.addrs[0], request, until) })
	}
	visitors.Wait()
	slices.Sort(result.accepted)
	slices.Sort(result.refused)
	t.Logf("%d connections for %s: %d clicks redirected, p50 %s, p99 %s; %d refused, p99 %s; at most %d MiB", conns, length,
		len(result.accepted), quantile(result.accepted, 0.5), quantile(result.accepted, 0.99),
		len(result.refused), quantile(result.refused, 0.99), peakMiB(t, process))
	if len(result.accepted) == 0 || len(result.refused) == 0 {
		t.Errorf("%d clicks were redirected and %d refused, want some of each", len(result.accepted), len(result.refused))
	}
	if len(result.wrong) > 0 {
		t.Errorf("%d connections got a wrong answer or none, the first: %s", len(result.wrong), result.wrong[0])
	}
	if err := ready(t.Context(), s.base); err != nil {
		t.Errorf("after the flood: %v", err)
	}
	return result, process
}

// flooded has the response times, and other results.
type flooded struct {
	mu                sync.Mutex
	accepted, refused []time.Duration
	wrong             []string
}

// visit clicks on one connection until a given time.
func (f *flooded) visit(addr, request string, until time.Time) {
	var accepted, refused []time.Duration
	err := func() error {
		conn, err := net.DialTimeout("tcp", addr, startPatience)
		if err != nil {
			return err
		}
		defer func() { _ = conn.Close() }()
		reader := bufio.NewReaderSize(conn, 4<<10)
		for began := time.Now(); began.Before(until); began = time.Now() {
			if _, err := io.WriteString(conn, request); err != nil {
				return err
			}
			resp, err := http.ReadResponse(reader, nil)
			if err != nil {
				return err
			}
			_, err = io.Copy(io.Discard, resp.Body)
			if err = errors.Join(err, resp.Body.Close()); err != nil {
				return err
			}
			switch took := time.Since(began); {
			case resp.StatusCode == http.StatusFound:
				accepted = append(accepted, took)
			case resp.StatusCode == http.StatusServiceUnavailable && resp.Header.Get("Retry-After") != "":
				refused = append(refused, took)
			default:
				return errors.New(resp.Status)
			}
		}
		return nil
	}()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.accepted, f.refused = append(f.accepted, accepted...), append(f.refused, refused...)
	if err != nil {
		f.wrong = append(f.wrong, err.Error())
	}
}

// quantile returns a quantile of sorted times; 0 without times.
func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[int(q*float64(len(sorted)-1))].Round(100 * time.Microsecond)
}

// peakMiB returns the peak of a process's resident memory.
func peakMiB(t *testing.T, p *process) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	kib := 0
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		t.Fatalf("the peak of resident memory: %v", err)
	}
	return kib >> 10
}

// inMemoryCgroup creates a cgroup with a memory limit, and returns a command that runs another command in it.
func inMemoryCgroup(t *testing.T, mib int) (wrapper []string) {
	t.Helper()
	root, limit := "/sys/fs/cgroup/memory", "memory.limit_in_bytes" // version 1
	if _, err := os.Stat(root); err != nil {
		root, limit = "/sys/fs/cgroup", "memory.max"
	}
	dir, err := os.MkdirTemp(root, "couponlink-test-") //nolint:usetesting // a cgroup is a directory of this file system
	if err != nil {
		t.Fatalf("this test needs a memory cgroup, and root to make one: %v", err)
	}
	t.Cleanup(func() {
		// The process has just ended; the kernel may take a moment to see that.
		for start := time.Now(); os.Remove(dir) != nil && time.Since(start) < stopPatience; time.Sleep(10 * time.Millisecond) {
		}
	})
	if err := os.WriteFile(filepath.Join(dir, limit), fmt.Appendf(nil, "%d", mib<<20), 0); err != nil {
		t.Fatalf("this test needs a memory cgroup: %v", err)
	}
	return []string{"sh", "-c", `echo $$ > "$0/cgroup.procs" && exec "$@"`, dir}
}
