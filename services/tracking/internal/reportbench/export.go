package main

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// maxGrowth is how much more memory than idle an export may take.
const maxGrowth = 64 << 20

// lines counts lines.
type lines struct{ n int }

func (l *lines) Write(p []byte) (int, error) {
	l.n += bytes.Count(p, []byte{'\n'})
	return len(p), nil
}

// exports exports everything in several orders and formats, prints what it takes, and says whether the
// memory stays within its bound.
func exports(ctx context.Context, p *program) (met bool, err error) {
	met = true
	for _, query := range []string{"format=csv", "format=ndjson", "format=csv&order_by=" + url.QueryEscape("status, update_time desc")} {
		idle, err := resident(p.process.Process.Pid)
		if err != nil {
			return false, err
		}
		var rows lines
		began := time.Now()
		most := watch(p.process.Process.Pid, func() { err = p.get(ctx, "/v1/reports/conversions:export?"+query, &rows) })
		if err != nil {
			return false, err
		}
		took := time.Since(began)
		verdict := "met"
		if most-idle > maxGrowth {
			verdict, met = "MISSED", false
		}
		fmt.Printf("export of %d lines, %s: %s, %.0f lines/s, %d MiB more than idle; at most %d: %s\n",
			rows.n, query, took.Round(time.Millisecond), float64(rows.n)/took.Seconds(), (most-idle)>>20, maxGrowth>>20, verdict)
	}
	return met, nil
}

// watch returns the most memory that a process had resident while do ran.
func watch(pid int, do func()) (most int64) {
	done := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		for {
			if now, err := resident(pid); err == nil {
				most = max(most, now)
			}
			select {
			case <-done:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	})
	do()
	close(done)
	watching.Wait()
	return most
}

// resident returns how many bytes of memory a process has resident.
func resident(pid int) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0, fmt.Errorf("reading a process's memory, which only Linux tells: %w", err)
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0, fmt.Errorf("no memory in %q", text)
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize()), err
}
