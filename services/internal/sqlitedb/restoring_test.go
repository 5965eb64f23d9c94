package sqlitedb_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/couponlink/couponlink/services/internal/sqlitedb"
)

func TestCheckRestored(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		made    string
		refused bool
	}{
		"nothing":                  {"", false},
		"copies":                   {".restored/a.db", true},
		"a copy that is not whole": {".restore-1/a.db", true},
		"an empty copy":            {".restore-1/", true},
		"what a finished restore was about to remove": {".restored/", false},
		"another name": {".restore/a.db", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "da[ta")
			if c.made != "" {
				if err := os.MkdirAll(filepath.Join(dir, filepath.FromSlash(c.made)), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			db, err := sqlitedb.Open(t.Context(), filepath.Join(dir, "a.db"), migrations(first))
			if db != nil {
				defer func() { _ = db.Close() }()
			}
			if (err != nil) != c.refused {
				t.Errorf("Open: %v", err)
			}
			if err := sqlitedb.Together(dir, "a.db"); (err != nil) != c.refused {
				t.Errorf("Together: %v", err)
			}
		})
	}
}
