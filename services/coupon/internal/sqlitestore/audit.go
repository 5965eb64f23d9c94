package sqlitestore

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/couponlink/couponlink/services/internal/audit"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/sqlitedb"
	"github.com/couponlink/couponlink/services/internal/sqlitedb/table"
)

// expired is how many old entries are deleted at most when one is stored: more than one, so that they get fewer after a
// busy day, and few, so that no call waits for them.
const expired = 3

// deleteOldEntries deletes entries that are older than the newest one by the retention. The clock plays no part, so a
// clock that is wrong at one start deletes nothing.
const deleteOldEntries = `DELETE FROM audit_entries WHERE id IN (SELECT id FROM audit_entries
	WHERE time < (SELECT max(time) FROM audit_entries) - ? ORDER BY time LIMIT ?)`

// trail stores audit entries.
type trail struct {
	entries *records[audit.Entry]
	// retention is how long entries are kept; 0 for good.
	retention time.Duration
}

func entriesTable() *records[audit.Entry] {
	return newRecords("audit_entries", "", func(e *audit.Entry) string { return e.ID }, table.Of(table.Columns[audit.Entry]{
		table.Text("id", func(e *audit.Entry) *string { return &e.ID }),
		table.Time("time", func(e *audit.Entry) *time.Time { return &e.Time }),
		table.Text("principal", func(e *audit.Entry) *string { return &e.Principal }),
		table.Text("display_name", func(e *audit.Entry) *string { return &e.DisplayName }),
		table.Text("address", func(e *audit.Entry) *string { return &e.Address }),
		table.Text("request_id", func(e *audit.Entry) *string { return &e.RequestID }),
		table.Text("method", func(e *audit.Entry) *string { return &e.Method }),
		table.Text("resource", func(e *audit.Entry) *string { return &e.Resource }),
		table.JSON("changes", func(e *audit.Entry) *audit.Changes {
			if e.Changes == nil {
				return nil
			}
			return &e.Changes
		}, func(e *audit.Entry, changes *audit.Changes) { e.Changes = *changes }),
	}), nil, nil)
}

// note stores an entry for a change of a row in the change's transaction. before is nil for a new row.
func note[T any](ctx context.Context, tx *sql.Tx, t *records[T], before, after *T) error {
	entry, ok, err := audit.Of(ctx, t.resource(after), before, after)
	if err != nil || !ok {
		return err
	}
	if err := t.trail.entries.insert(ctx, tx, entry); err != nil || t.trail.retention == 0 {
		return err
	}
	if _, err := tx.ExecContext(ctx, deleteOldEntries, t.trail.retention.Milliseconds(), expired); err != nil {
		return sqlitedb.Failure(fmt.Errorf("deleting old audit entries: %w", err))
	}
	return nil
}

// KeepEntries sets how long audit entries are kept; 0 for good. Call it before the first write.
func (s *Store) KeepEntries(_ context.Context, retention time.Duration) error {
	s.trail.retention = retention
	return nil
}

// Entries returns the audit entries that a query selects.
func (s *Store) Entries(ctx context.Context, q listing.Query) ([]audit.Entry, error) {
	return s.trail.entries.list(ctx, s.reports(), q)
}
