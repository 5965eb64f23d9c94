package sqlitestore_test

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore"
	"github.com/couponlink/couponlink/services/tracking/internal/storetest"
)

// journalRetention is how long the journal is kept here.
const journalRetention = 90 * 24 * time.Hour

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestStore(t *testing.T) {
	storetest.Run(t, func(t testing.TB) func(rollup.Calendar) storetest.Store {
		dir := t.TempDir()
		return func(calendar rollup.Calendar) storetest.Store {
			s, err := sqlitestore.Open(t.Context(), dir, sqlitestore.Options{Retention: journalRetention, Calendar: calendar, Now: time.Now})
			if err != nil {
				t.Fatalf("opening: %v", err)
			}
			return s
		}
	})
}
