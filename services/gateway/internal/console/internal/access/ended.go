package access

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// ended are the sessions that were logged out one by one, until their cookies are void anyway. They are in files beside
// the secret, one for each week, so that they stay ended after a restart, and on every gateway that shares the secret.
// Files are only appended to, and removed once all in them are void. If the secret is in memory, so are they.
type ended struct {
	path string

	mu    sync.Mutex
	until map[string]time.Time
	// read is how many bytes of each file were read.
	read map[string]int64
}

// newEnded reads the ended sessions, and removes files that are void at now. An empty secretFile keeps them in memory.
func newEnded(secretFile string, now time.Time) (*ended, error) {
	e := &ended{until: map[string]time.Time{}, read: map[string]int64{}}
	if secretFile == "" {
		return e, nil
	}
	e.path = secretFile + ".ended"
	if err := e.refresh(now); err != nil {
		return nil, err
	}
	found, err := filepath.Glob(e.path + ".*")
	if err != nil {
		return nil, fmt.Errorf("looking for void sessions: %w", err)
	}
	for _, file := range found {
		week, err := strconv.ParseInt(strings.TrimPrefix(file, e.path+"."), 10, 64)
		if err != nil || week >= weekOf(now)-1 {
			continue
		}
		if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) { // another gateway may have removed it
			return nil, fmt.Errorf("removing void sessions: %w", err)
		}
	}
	return e, nil
}

// weekOf returns the number of a time's week, which is as long as a session at most: what ended in a week is void at the
// end of the next.
func weekOf(t time.Time) int64 { return t.Unix() / int64(longest/time.Second) }

func (e *ended) file(week int64) string { return e.path + "." + strconv.FormatInt(week, 10) }

// add ends a session at now. It is stored before add returns.
func (e *ended) add(id string, now time.Time) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	until := now.Add(longest)
	e.until[id] = until
	if e.path == "" {
		return nil
	}
	file, err := os.OpenFile(e.file(weekOf(now)), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("storing an ended session: %w", err)
	}
	_, err = fmt.Fprintf(file, "%s %d\n", hex.EncodeToString([]byte(id)), until.Unix())
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("storing an ended session: %w", err)
	}
	return nil
}

// has reports whether a session has ended. An error means that it is not known.
func (e *ended) has(id string, now time.Time) (bool, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.path != "" {
		if err := e.refresh(now); err != nil {
			return false, err
		}
	}
	for known, until := range e.until {
		if now.After(until) {
			delete(e.until, known)
		}
	}
	_, ok := e.until[id]
	return ok, nil
}

// refresh reads the files whose sizes have changed: another gateway may have ended sessions. Its clock may be in the next
// week already.
func (e *ended) refresh(now time.Time) error {
	for week := weekOf(now) - 1; week <= weekOf(now)+1; week++ {
		if err := e.readFile(e.file(week)); err != nil {
			return err
		}
	}
	return nil
}

func (e *ended) readFile(path string) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("looking at the ended sessions: %w", err)
	}
	if info.Size() == e.read[path] {
		return nil
	}
	content, err := os.ReadFile(path) //nolint:gosec // the operator chooses the path
	if err != nil {
		return fmt.Errorf("reading the ended sessions: %w", err)
	}
	for line := range strings.Lines(string(content)) {
		id, text, _ := strings.Cut(strings.TrimSpace(line), " ")
		raw, idErr := hex.DecodeString(id)
		until, timeErr := strconv.ParseInt(text, 10, 64)
		if errors.Join(idErr, timeErr) != nil {
			continue // a crash cut the write off, so nobody was told that the session ended
		}
		e.until[string(raw)] = time.Unix(until, 0)
	}
	e.read[path] = int64(len(content))
	return nil
}
