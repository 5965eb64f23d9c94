package access

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

const secretBytes = 32

// secret is what all cookies hang on: with a new one, all that were signed before are worth nothing. It
// is kept in a file, so that sessions outlive a restart and gateways that share the file share them; or
// in memory, if there is no file.
type secret struct {
	path string

	mu       sync.Mutex
	value    []byte
	readFrom time.Time // the file's modification time
}

// newSecret reads the secret at path, or makes it. An empty path keeps it in memory.
func newSecret(path string) (*secret, error) {
	s := &secret{path: path}
	if path == "" {
		return s, s.rotate()
	}
	switch err := s.refresh(); {
	case errors.Is(err, fs.ErrNotExist):
		return s, s.rotate()
	case err != nil:
		return nil, err
	}
	return s, nil
}

// current returns the secret, read again if its file has changed: another gateway may have logged
// everybody out.
func (s *secret) current() ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.path != "" {
		if err := s.refresh(); err != nil {
			return nil, err
		}
	}
	return s.value, nil
}

func (s *secret) refresh() error {
	info, err := os.Stat(s.path)
	if err != nil {
		return fmt.Errorf("looking at the sessions' secret: %w", err)
	}
	if s.value != nil && info.ModTime().Equal(s.readFrom) {
		return nil
	}
	value, err := os.ReadFile(s.path)
	if err != nil {
		return fmt.Errorf("reading the sessions' secret: %w", err)
	}
	if len(value) != secretBytes {
		return fmt.Errorf("the sessions' secret in %s has %d bytes; it must have %d: remove the file, and a new one is made", s.path, len(value), secretBytes)
	}
	s.value, s.readFrom = value, info.ModTime()
	return nil
}

// replace ends all sessions.
func (s *secret) replace() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rotate()
}

func (s *secret) rotate() error {
	value := make([]byte, secretBytes)
	_, _ = rand.Read(value) // never fails
	if s.path != "" {
		if err := writeWhole(s.path, value); err != nil {
			return fmt.Errorf("keeping the sessions' secret: %w", err)
		}
		s.value = nil
		return s.refresh()
	}
	s.value = value
	return nil
}

// writeWhole writes a file completely or not at all, readable by its owner only. It creates the directory if
// needed.
func writeWhole(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".secret-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(file.Name()) }() // gone already, once renamed
	_, writeErr := file.Write(content)
	if err := errors.Join(writeErr, file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}
