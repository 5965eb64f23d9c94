package access_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/access"
)

// TestSecretInANewDirectory: on MongoDB, with the admin key given, nothing else makes the data directory.
func TestSecretInANewDirectory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data", "session-secret")
	for range 2 { // the second finds what the first made
		if _, err := access.New(access.Config{AdminKey: "0123456789abcdef", SecretFile: path, Now: time.Now}); err != nil {
			t.Fatal(err)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the secret's file is %v (%v), want mode 0600", info, err)
	}
}
