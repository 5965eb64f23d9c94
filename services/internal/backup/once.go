package backup

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/couponlink/couponlink/services/internal/idempotency"
)

// Request is a call with a request id. The backup is its effect and has its response, so they are stored together.
type Request struct {
	// Caller and ID are those of idempotency.Call, and Hash is too, in hexadecimal digits.
	Caller string `json:"caller"`
	ID     string `json:"id"`
	Hash   string `json:"hash"`
	// Time is when the call was made.
	Time time.Time `json:"time"`
}

func requestOf(call idempotency.Call) *Request {
	return &Request{Caller: call.Caller, ID: call.ID, Hash: hex.EncodeToString([]byte(call.Hash)), Time: call.Time}
}

// repeated returns the id and the manifest of the backup that a call made before, in a folder; found is false if it made
// none, or if that is gone. Errors: AlreadyExists (IDEMPOTENCY_KEY_REUSED).
func repeated(folder string, call idempotency.Call) (id string, m Manifest, found bool, err error) {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return "", m, false, nil
	}
	if err != nil {
		return "", m, false, fmt.Errorf("reading the folder of backups: %w", err)
	}
	for _, entry := range entries {
		m, err := ReadManifest(filepath.Join(folder, entry.Name()))
		if err != nil || m.Request == nil || m.Request.Caller != call.Caller || m.Request.ID != call.ID {
			continue // an unreadable backup is VerifyBackup's to tell
		}
		hash, err := hex.DecodeString(m.Request.Hash)
		if err != nil {
			continue
		}
		earlier := idempotency.Record{Call: idempotency.Call{Caller: call.Caller, ID: call.ID, Hash: string(hash), Time: m.Request.Time}}
		if _, found, err := earlier.Replay(call); found || err != nil {
			return entry.Name(), m, found, err
		}
	}
	return "", Manifest{}, false, nil
}
