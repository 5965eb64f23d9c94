package sqlitestore

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"time"

	"github.com/couponlink/couponlink/services/internal/sqlitedb"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore/sqlrow"
)

// The one writer counts stored rows, a few at a time, in the transaction that moves the cursor past them. A row
// that is stored or changed behind the cursor is counted in its own transaction. So at any moment the figures
// are those of the rows up to the cursor. No clock decides what is counted: a click whose id is older than
// counted ones, because it was stored late or the clock was set back, is counted with its batch, which costs
// that batch a little more.

const (
	// One task counts at most so many rows, and stops at so many cells, so that no write waits long for it: a
	// cell costs some 10 µs. While there is more to count, each task may have twice as many cells as the one
	// before, up to a bound: the more clicks at once, the fewer cells per click.
	countClicks, countConversions = 5000, 1000
	countCells, mostCells         = 600, 2400

	selectCursor = `SELECT click, conversion FROM counted`
	setCursor    = `UPDATE counted SET click = ?, conversion = ?`
	setCounted   = `UPDATE counted SET ready = 1, count_time = ?`
	// selectWaiting says whether CountNew has anything to do.
	selectWaiting = `SELECT ready = 0 OR EXISTS (SELECT 1 FROM clicks WHERE id > counted.click)
		OR EXISTS (SELECT 1 FROM conversions WHERE rowid > counted.conversion) FROM counted`
	selectZone = `SELECT zone FROM counted`
	setZone    = `UPDATE counted SET zone = ?, click = '', conversion = 0, count_time = 0,
		ready = NOT EXISTS (SELECT 1 FROM clicks) AND NOT EXISTS (SELECT 1 FROM conversions), discounts = 1`
	// selectBegun selects the zone; '' if a release that did not count discounts has begun the figures and not ended.
	selectBegun = `SELECT iif(ready OR discounts, zone, '') FROM counted`
	selectRowID = `SELECT rowid FROM conversions WHERE id = ?`
)

// Clicks and conversions are counted with these columns.
var (
	talliedClick      = clickColumns.Only("offer", "publisher", "publisher_unknown", "coupon", "coupon_code", "crawler", "time")
	talliedConversion = conversionColumns.Only("offer", "publisher", "coupon", "coupon_code", "code_unknown", "status", "method", "click",
		"amount_currency", "amount_units", "amount_nanos", "refunded_amount_currency", "refunded_amount_units", "refunded_amount_nanos",
		"payout_currency", "payout_units", "payout_nanos", "revenue_currency", "revenue_units", "revenue_nanos",
		"discount_currency", "discount_units", "discount_nanos", "conversion_time")

	selectNewClicks      = talliedClick.From("clicks", "id") + ` WHERE id > ? ORDER BY id LIMIT ?`
	selectNewConversions = talliedConversion.From("conversions", "rowid") + ` WHERE rowid > ? ORDER BY rowid LIMIT ?`
)

// tx is the transaction of a batch, with the state of counting.
type tx struct {
	*sqlrow.Tx
	conn     *sql.Conn
	calendar rollup.Calendar
	// cursor is the cursor as stored in the transaction so far.
	cursor cursor
	cells  cellWriter
}

// cursor says how far rows are counted.
type cursor struct {
	// click is the id of the last click counted, as it is stored.
	click any
	// conversion is the rowid of the last conversion counted.
	conversion int64
}

// overClick says whether the cursor is at or behind a click's id, as SQLite orders them: texts come before
// bytes.
func (c cursor) overClick(key any) bool {
	at, atBytes := c.click.([]byte)
	id, idBytes := key.([]byte)
	switch {
	case atBytes && idBytes:
		return bytes.Compare(id, at) <= 0
	case atBytes || idBytes:
		return atBytes
	default:
		return key.(string) <= c.click.(string)
	}
}

func scanCursor(row scanner) (c cursor, err error) {
	err = row.Scan(&c.click, &c.conversion)
	return c, err
}

// beginCounting begins the figures, and begins them again if their days are those of another zone.
func beginCounting(ctx context.Context, db *sqlitedb.DB, calendar rollup.Calendar) error {
	return db.Write(ctx, func(tx *sql.Tx) error {
		var zone string
		if err := tx.QueryRowContext(ctx, selectBegun).Scan(&zone); err != nil || zone == calendar.Zone().String() {
			return err
		}
		// Without a condition SQLite drops all pages at once.
		if _, err := tx.ExecContext(ctx, `DELETE FROM figures`); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, setZone, calendar.Zone().String())
		return err
	})
}

func (s *Store) CountNew(ctx context.Context, now time.Time) (more bool, err error) {
	var waiting bool
	if err := s.waiting.QueryRowContext(ctx).Scan(&waiting); err != nil {
		return false, sqlrow.ReadFailure("looking for what to count", err)
	}
	if waiting {
		err = s.queue.Write(ctx, &job{task: func(ctx context.Context, tx *tx) (err error) {
			more, err = tx.count(ctx, now, int(s.countRoom.Load()))
			return err
		}})
	}
	if err != nil || more {
		s.countRoom.Store(min(2*s.countRoom.Load(), mostCells))
		return err == nil, err
	}
	s.countRoom.Store(countCells)
	// That there was nothing to count is kept in memory only: otherwise an idle service would write twice a
	// second.
	s.countMillis.Store(now.UnixMilli())
	return false, nil
}

// count counts new rows until they make so many cells; more says that there is more.
func (t *tx) count(ctx context.Context, now time.Time, cells int) (more bool, err error) {
	tally, at := rollup.New(t.calendar), t.cursor
	rows := 0
	room := func() bool { return tally.Len() < cells }
	err = t.Each(ctx, func(row scanner) (bool, error) {
		c, err := scanTallied(row, &at.conversion)
		tally.AddConversion(&c)
		rows++
		return room(), err
	}, selectNewConversions, at.conversion, countConversions)
	if err != nil {
		return false, err
	}
	more = rows == countConversions || !room()
	if rows = 0; room() {
		err = t.Each(ctx, func(row scanner) (bool, error) {
			c, err := scanTalliedClick(row, &at.click)
			tally.AddClick(&c)
			rows++
			return room(), err
		}, selectNewClicks, at.click, countClicks)
	}
	if err != nil {
		return false, err
	}
	more = more || rows == countClicks || !room()
	return more, t.counted(ctx, tally, at, now, !more)
}

// counted stores the cells counted up to a cursor. all says that nothing more is left to count.
func (t *tx) counted(ctx context.Context, tally *rollup.Sums, at cursor, now time.Time, all bool) error {
	if err := t.addCells(ctx, tally.Cells()); err != nil {
		return err
	}
	if _, err := t.Exec(ctx, setCursor, at.click, at.conversion); err != nil {
		return err
	}
	t.cursor = at
	if !all {
		return nil
	}
	_, err := t.Exec(ctx, setCounted, now.UnixMilli())
	return err
}

// moved moves a conversion to its new cells if it was counted in the old.
func (t *tx) moved(ctx context.Context, before, after *domain.Conversion) error {
	row, err := sqlrow.One(ctx, t.Tx, sqlrow.Number, selectRowID, sqlrow.HashKey(before.ID))
	if err != nil || row > t.cursor.conversion {
		return err
	}
	tally := rollup.New(t.calendar)
	tally.RemoveConversion(before)
	tally.AddConversion(after)
	return t.addCells(ctx, tally.Cells())
}

// countLate counts a click of the batch if the cursor is past it.
func (w *writer) countLate(c *domain.Click, key driver.Value) {
	if !w.tx.cursor.overClick(key) {
		return
	}
	if w.late == nil {
		w.late = rollup.New(w.tx.calendar)
	}
	w.late.AddClick(c)
}

// storeLate stores the cells of the batch's late clicks.
func (w *writer) storeLate(ctx context.Context) error {
	if w.late == nil {
		return nil
	}
	cells := w.late.Cells()
	w.late = nil
	return w.tx.cells.add(ctx, cells)
}

// scanTalliedClick reads a row of talliedClick and a key.
func scanTalliedClick(row scanner, key *any) (c domain.Click, err error) {
	err = talliedClick.Scan(row, &c, key)
	return c, err
}

// scanTallied reads a row of talliedConversion and a rowid.
func scanTallied(row scanner, rowid *int64) (domain.Conversion, error) {
	return scanOf(row, talliedConversion, rowid)
}

// addCells adds cells to the stored ones.
func (t *tx) addCells(ctx context.Context, cells []rollup.Cell) error {
	return t.conn.Raw(func(any) error { return t.cells.add(ctx, cells) })
}
