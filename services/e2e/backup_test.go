package e2e

import (
	"context"
	"maps"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"
)

// leastSales is the number of sales that are acknowledged before a backup begins.
const leastSales = 500

// TestBackupUnderLoad takes a backup while workers send postbacks and clicks. It restores the backup elsewhere and
// starts a process on it, which must have every sale acknowledged before the backup began, and figures that equal a
// recount.
func TestBackupUnderLoad(t *testing.T) {
	t.Parallel()
	dataDir, elsewhere := t.TempDir(), t.TempDir()
	s, _ := startTogether(t, dataDir, nil)
	p := player{system: s, transport: "rest", suite: loadSuite(t)}
	load := newLoad(p, p.prepare(t, []step{{Use: "campaign"}}))
	ctx, stop := context.WithCancel(t.Context())
	done := load.start(ctx)
	acknowledged, clicks := load.await(t, leastSales)
	dir := filepath.Join(elsewhere, "backups", "one")
	own := func(dataDir string) []string {
		return []string{"COUPONLINK_DATA_DIR=" + dataDir, "COUPONLINK_TRACKING_GRPC_ADDR=" + s.addrs[2], "COUPONLINK_ADMIN_KEY=" + adminKey}
	}
	runProgram(t, own(dataDir), `(?m)^backed up .*: 2 databases, \d{4,} rows, .*\n\z`, "backup", dir)
	stop()
	done.Wait()

	runProgram(t, nil, `no fault\n\z`, "verify", dir)
	newDir := filepath.Join(elsewhere, "data")
	runProgram(t, own(newDir), `(?m)^restored .*: 2 databases, .*\n\z`, "restore", dir)
	if out, err := program(t, own(newDir), "restore", dir); err == nil || !regexp.MustCompile(`exists, and nothing is overwritten`).MatchString(out) {
		t.Errorf("a second restore: %v\n%s", err, out)
	}
	again, _ := startTogether(t, newDir, nil)
	p.system = again
	vars := maps.Clone(load.vars)
	vars["base"] = again.base
	checked := newLoad(p, vars)
	checked.acknowledged, checked.clicks = acknowledged, clicks
	checked.check(t)
	checked.checkFigures(t)
}

// await waits until a number of sales are acknowledged, and returns them with the clicks at that moment.
func (l *load) await(t *testing.T, sales int) (acknowledged map[string]string, clicks []string) {
	t.Helper()
	for start := time.Now(); time.Since(start) < startPatience; time.Sleep(5 * time.Millisecond) {
		l.mu.Lock()
		acknowledged, clicks = maps.Clone(l.acknowledged), slices.Clone(l.clicks)
		l.mu.Unlock()
		if len(acknowledged) >= sales {
			return acknowledged, clicks
		}
	}
	t.Fatalf("%d sales are acknowledged after %s, want %d", len(acknowledged), startPatience, sales)
	return nil, nil
}

// program runs the product's program with arguments and returns what it printed.
func program(t *testing.T, env []string, args ...string) (string, error) {
	t.Helper()
	path, err := programs.Path("couponlink")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Dir, cmd.Env = t.TempDir(), append(env, "HOME="+t.TempDir())
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// runProgram runs the product's program, which must succeed and print something.
func runProgram(t *testing.T, env []string, want string, args ...string) {
	t.Helper()
	out, err := program(t, env, args...)
	if err != nil || !regexp.MustCompile(want).MatchString(out) {
		t.Fatalf("couponlink %v: %v\n%s", args, err, out)
	}
}
