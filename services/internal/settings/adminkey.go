package settings

import (
	"cmp"
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

// keyVariable is the environment variable with the admin key.
const keyVariable = "COUPONLINK_ADMIN_KEY"

// AdminKey is the key that every API call must carry.
type AdminKey struct {
	// AdminKey has no flag: every user of the machine can read command lines.
	AdminKey     string `kong:"-"`
	AdminKeyFile string `env:"COUPONLINK_ADMIN_KEY_FILE" placeholder:"FILE" help:"File that holds the admin key, which every API call must carry as a bearer token; at least 16 characters. Or set COUPONLINK_ADMIN_KEY to the key."`
}

// AfterApply reads the key from the environment, once flags have been read.
func (k *AdminKey) AfterApply() error {
	k.AdminKey = os.Getenv(keyVariable)
	return nil
}

// KnownKey is an admin key and where it came from.
type KnownKey struct {
	Key string
	// Place is the path of the key's file, or the name of the environment variable.
	Place string
	// IsNew says that the key was generated just now.
	IsNew bool
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
func (k AdminKey) OrGenerated(dir string) (known KnownKey, err error) {
	if known.Key, err = k.given(); err != nil || known.Key != "" {
		known.Place = cmp.Or(k.AdminKeyFile, keyVariable)
		return known, err
	}
	known.Place = filepath.Join(dir, KeyFile)
	content, err := os.ReadFile(known.Place)
	if errors.Is(err, fs.ErrNotExist) {
		if known.IsNew, err = generate(known.Place); err != nil {
			return KnownKey{}, fmt.Errorf("storing a new admin key: %w", err)
		}
		content, err = os.ReadFile(known.Place)
	}
	if err != nil {
		return KnownKey{}, fmt.Errorf("reading the admin key: %w", err)
	}
	known.Key = strings.TrimSpace(string(content))
	if err := check(known.Key); err != nil {
		return KnownKey{}, fmt.Errorf("%s: %w", known.Place, err)
	}
	return known, nil
}

func (k AdminKey) given() (string, error) {
	key, err := oneOf(keyVariable, k.AdminKey, k.AdminKeyFile)
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
// one's key stays, and the other's call returns false.
func generate(path string) (isNew bool, err error) {
	random := make([]byte, generatedKeyBytes)
	if _, err := rand.Read(random); err != nil {
		return false, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return false, err
	}
	// CreateTemp creates the file with mode 0600.
	temp, err := os.CreateTemp(filepath.Dir(path), KeyFile+".*")
	if err != nil {
		return false, err
	}
	defer func() { _ = os.Remove(temp.Name()) }()
	_, err = temp.WriteString(base64.RawURLEncoding.EncodeToString(random) + "\n")
	if err := errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return false, err
	}
	// Unlike Rename, Link fails if the name is taken.
	if err := os.Link(temp.Name(), path); errors.Is(err, fs.ErrExist) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	return true, nil
}

// Check returns what is wrong with the key, if one is given.
func (k AdminKey) Check() error { _, err := k.given(); return err }
