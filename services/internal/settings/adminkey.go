package settings

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// MinAdminKeyChars is the minimum length of an admin key, which guards everything.
const MinAdminKeyChars = 16

// generatedKeyBytes is the number of random bytes in a generated key.
const generatedKeyBytes = 32

// KeyFile is the name of the file, in the data directory, with a generated key.
const KeyFile = "admin-key"

// AdminKey is the key that every API call must carry.
type AdminKey struct {
	AdminKey     string `env:"COUPONLINK_ADMIN_KEY" placeholder:"KEY" help:"Key that every API call must carry as a bearer token; at least 16 characters."`
	AdminKeyFile string `env:"COUPONLINK_ADMIN_KEY_FILE" placeholder:"FILE" help:"File that holds the admin key, instead of the key itself."`
}

// Required returns the given key, or an error that says how to give one.
func (k AdminKey) Required() (string, error) {
	key, err := k.given()
	if err != nil {
		return "", err
	}
	if key == "" {
		return "", errors.New("no admin key: set COUPONLINK_ADMIN_KEY, or COUPONLINK_ADMIN_KEY_FILE, to the same key for all services (openssl rand -base64 32 makes one)")
	}
	return key, nil
}

// OrGenerated returns the given key, or else the one in dir, or else a new one that it stores there, readable by the
// owner only.
func (k AdminKey) OrGenerated(dir string) (string, error) {
	if key, err := k.given(); err != nil || key != "" {
		return key, err
	}
	path := filepath.Join(dir, KeyFile)
	content, err := os.ReadFile(path) //nolint:gosec // the operator chooses the directory
	if errors.Is(err, fs.ErrNotExist) {
		if err := generate(path); err != nil {
			return "", fmt.Errorf("storing a new admin key: %w", err)
		}
		content, err = os.ReadFile(path) //nolint:gosec // as above
	}
	if err != nil {
		return "", fmt.Errorf("reading the admin key: %w", err)
	}
	key := strings.TrimSpace(string(content))
	if err := check(key); err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	return key, nil
}

func (k AdminKey) given() (string, error) {
	key, err := oneOf("COUPONLINK_ADMIN_KEY", k.AdminKey, k.AdminKeyFile)
	if err != nil || key == "" {
		return "", err
	}
	return key, check(key)
}

// check refuses keys that are easy to guess or cannot be sent in a header.
func check(key string) error {
	if len(key) < MinAdminKeyChars {
		return fmt.Errorf("the admin key has %d characters: it needs at least %d", len(key), MinAdminKeyChars)
	}
	for _, r := range key {
		if r <= ' ' || r > '~' {
			return errors.New("the admin key may have printable ASCII characters only, and no spaces")
		}
	}
	return nil
}

// generate stores a new key, atomically: a crash must not leave half a key. If two processes start together, the first
// one's key stays.
func generate(path string) error {
	random := make([]byte, generatedKeyBytes)
	if _, err := rand.Read(random); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	// CreateTemp creates the file with mode 0600.
	temp, err := os.CreateTemp(filepath.Dir(path), KeyFile+".*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temp.Name()) }()
	_, err = temp.WriteString(base64.RawURLEncoding.EncodeToString(random) + "\n")
	if err := errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return err
	}
	// Unlike Rename, Link fails if the name is taken.
	if err := os.Link(temp.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}
