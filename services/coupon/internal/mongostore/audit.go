package mongostore

import (
	"context"
	"math"
	"time"

	"github.com/couponlink/couponlink/services/internal/audit"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/mongodb"
)

// entriesName is the name of the collection of audit entries.
const entriesName = "audit_entries"

// trail stores audit entries.
type trail struct {
	db      *mongodb.DB
	entries *collection[audit.Entry, entryDocument]
}

type entryDocument struct {
	ID          string        `bson:"_id"`
	Time        time.Time     `bson:"time"`
	Principal   string        `bson:"principal"`
	DisplayName string        `bson:"display_name"`
	Address     string        `bson:"address"`
	RequestID   string        `bson:"request_id"`
	Method      string        `bson:"method"`
	Resource    string        `bson:"resource"`
	Changes     audit.Changes `bson:"changes"`
}

func encodeEntry(e audit.Entry) entryDocument {
	return entryDocument{
		ID: e.ID, Time: e.Time, Principal: e.Principal, DisplayName: e.DisplayName, Address: e.Address,
		RequestID: e.RequestID, Method: e.Method, Resource: e.Resource, Changes: e.Changes,
	}
}

func (d entryDocument) decode() audit.Entry {
	return audit.Entry{ID: d.ID, Resource: d.Resource, Changes: d.Changes, Call: audit.Call{
		Time: d.Time, Principal: d.Principal, DisplayName: d.DisplayName, Address: d.Address, RequestID: d.RequestID, Method: d.Method,
	}}
}

func entriesOf(db *mongodb.DB) *collection[audit.Entry, entryDocument] {
	return &collection[audit.Entry, entryDocument]{
		stored: db.Collection(entriesName),
		encode: encodeEntry,
		id:     func(e audit.Entry) string { return e.ID },
	}
}

// change is a change of a T; before is nil if it is new.
type change[T any] struct{ before, after *T }

// noted runs do, which makes changes, and stores an entry for each in the same transaction. Outside of calls it only runs
// do.
func noted[T any, D document[T]](ctx context.Context, c *collection[T, D], changes []change[T], do func(context.Context) error) error {
	var entries []audit.Entry
	for _, made := range changes {
		if c.trail == nil {
			break
		}
		entry, ok, err := audit.Of(ctx, c.resource(*made.after), made.before, made.after)
		if err != nil {
			return err
		}
		if ok {
			entries = append(entries, entry)
		}
	}
	if len(entries) == 0 {
		return do(ctx)
	}
	return c.trail.db.InTransaction(ctx, func(ctx context.Context) error {
		if err := do(ctx); err != nil {
			return err
		}
		return c.trail.entries.insertAll(ctx, entries)
	})
}

// KeepEntries sets how long audit entries are kept; 0 for good, which the server takes as 68 years.
func (s *Store) KeepEntries(ctx context.Context, retention time.Duration) error {
	if retention == 0 {
		retention = math.MaxInt32 * time.Second
	}
	return s.db.EnsureExpiry(ctx, entriesName, "time", retention)
}

// Entries returns the audit entries that a query selects.
func (s *Store) Entries(ctx context.Context, q listing.Query) ([]audit.Entry, error) {
	return s.trail.entries.list(ctx, q)
}
