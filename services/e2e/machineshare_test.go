package e2e

import (
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"
)

// machineShare measures how much of the machine's processors this test gets: 1 if nothing else runs, 0.1 if
// nine others want each core. Limits of time and of pace are for a machine of one's own, and are scaled by it.
func machineShare(t *testing.T) float64 {
	t.Helper()
	const measured = 500 * time.Millisecond
	begin, used := time.Now(), processorTime(t)
	var spinning sync.WaitGroup
	for range runtime.NumCPU() {
		spinning.Go(func() {
			for time.Since(begin) < measured {
			}
		})
	}
	spinning.Wait()
	share := float64(processorTime(t)-used) / float64(time.Since(begin)) / float64(runtime.NumCPU())
	t.Logf("this test gets %.0f %% of the machine", 100*share)
	return min(max(share, 0.02), 1)
}

// processorTime returns how long this process has used processors.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
