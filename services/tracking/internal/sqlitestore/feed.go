package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/couponlink/couponlink/services/internal/sqlitedb"
	"github.com/couponlink/couponlink/services/internal/sqlitedb/table"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore/sqlrow"
)

// A position is the rowid of the newest conversion, and how many changes were committed since that was inserted.
// The one writer assigns both in its transactions, so positions are in commit order.

const (
	selectFeedID       = `SELECT id FROM feed`
	setFeedID          = `UPDATE feed SET id = lower(hex(randomblob(8)))`
	hasFeedID          = `SELECT count(*) FROM sqlite_schema WHERE name = 'feed'`
	selectLastPosition = `SELECT row, ifnull((SELECT max(feed_number) FROM conversion_feed WHERE feed_after = row), 0)
		FROM (SELECT ifnull(max(rowid), 0) AS row FROM conversions)`
	insertChange = `INSERT INTO conversion_feed
		SELECT row, 1 + ifnull((SELECT max(feed_number) FROM conversion_feed WHERE feed_after = row), 0),
			(SELECT rowid FROM conversions WHERE id = ?), ?, ?, ?
		FROM (SELECT max(rowid) AS row FROM conversions)`
)

var (
	feedColumns   = table.Of(conversionColumns, historyColumns)
	selectCreated = feedColumns.From("conversions", "rowid") + ` WHERE rowid > ? ORDER BY rowid LIMIT ?` //nolint:gosec // names that the program chose
	selectChanged = feedColumns.From("conversion_feed JOIN conversions ON conversions.rowid = changed",  //nolint:gosec // names that the program chose
		"feed_after", "feed_number", "first_change", "last_change", "feed_revision") + `
		WHERE (feed_after, feed_number) > (?, ?) ORDER BY feed_after, feed_number LIMIT ?`
)

// feed notes that a conversion was changed.
func (t *tx) feed(ctx context.Context, before, after *domain.Conversion) error {
	_, err := t.Exec(ctx, insertChange, sqlrow.HashKey(before.ID), len(before.Changes)+1, len(after.Changes), after.Revision)
	return err
}

// RenameFeed gives the feed of a file that no process has open another name, so that tokens from after its
// backup are refused, and not mistaken for this feed's.
func RenameFeed(ctx context.Context, path string) error {
	db, err := sqlitedb.OpenIdle(ctx, path)
	if err != nil {
		return err
	}
	return errors.Join(db.Write(ctx, func(tx *sql.Tx) error {
		var feeds int // 0: the file is an older program's, and gets a name with its update
		if err := tx.QueryRowContext(ctx, hasFeedID).Scan(&feeds); err != nil || feeds == 0 {
			return err
		}
		_, err := tx.ExecContext(ctx, setFeedID)
		return err
	}), db.Close())
}

func (s *Store) FeedID() string { return s.feedID }

func (s *Store) Events(ctx context.Context, after domain.Position, limit int) ([]domain.Event, error) {
	events, err := s.events(ctx, after, limit)
	return events, sqlrow.ReadFailure("reading what was stored and changed", err)
}

func (s *Store) events(ctx context.Context, after domain.Position, limit int) ([]domain.Event, error) {
	tx, err := s.db.Read().BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback() }() // it only reads
	rows, err := tx.QueryContext(ctx, selectCreated, after.Major, limit)
	if err != nil {
		return nil, err
	}
	events, err := table.ReadAll(rows, scanCreated)
	if err != nil {
		return nil, err
	}
	if rows, err = tx.QueryContext(ctx, selectChanged, after.Major, after.Minor, limit); err != nil {
		return nil, err
	}
	changed, err := table.ReadAll(rows, scanChanged)
	if err != nil {
		return nil, err
	}
	events = append(events, changed...)
	slices.SortFunc(events, func(a, b domain.Event) int { return a.Position.Compare(b.Position) })
	return events[:min(len(events), limit)], nil
}

func (s *Store) LastPosition(ctx context.Context) (last domain.Position, err error) {
	err = s.db.Read().QueryRowContext(ctx, selectLastPosition).Scan(&last.Major, &last.Minor)
	return last, sqlrow.ReadFailure("reading the last position", err)
}

func scanCreated(row scanner) (domain.Event, error) {
	e := domain.Event{Revision: 1}
	var err error
	e.Conversion, err = scanOf(row, feedColumns, &e.Position.Major)
	return e, err
}

func scanChanged(row scanner) (e domain.Event, err error) {
	e.Conversion, err = scanOf(row, feedColumns, &e.Position.Major, &e.Position.Minor, &e.First, &e.Last, &e.Revision)
	return e, err
}
