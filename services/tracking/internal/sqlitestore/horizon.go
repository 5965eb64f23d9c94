package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore/sqlrow"
)

const (
	// horizonStep is the most that the horizon moves from one purge to the next.
	horizonStep = 24 * time.Hour
	// catchUp is how much faster than the clock the horizon moves while it is behind, as after a long stop of
	// the service.
	catchUp = 2

	selectHorizon = `SELECT horizon_time, clock_time FROM purges`
	setHorizon    = `INSERT INTO purges (id, horizon_time, clock_time) VALUES (1, ?, ?)
		ON CONFLICT (id) DO UPDATE SET horizon_time = excluded.horizon_time, clock_time = excluded.clock_time`
	// selectNewest selects the time of the newest row among those that are deleted by age; NULL for no rows.
	selectNewest = `SELECT max(time) FROM (SELECT (SELECT time FROM clicks ORDER BY id DESC LIMIT 1) AS time
		UNION ALL SELECT (SELECT create_time FROM postbacks ORDER BY id DESC LIMIT 1)
		UNION ALL SELECT max(create_time) FROM deliveries
		UNION ALL SELECT (SELECT create_time FROM offer_scans ORDER BY id DESC LIMIT 1))`
)

// horizon is the time that the age of rows is measured from. The clock alone does not move it, since a clock may
// be ahead: by a year at one start, or for a day until somebody notices.
type horizon struct {
	// time is the horizon of the last purge, and clock the clock's time then. Both are zero before the first
	// purge.
	time, clock time.Time
}

// next returns the horizon for a clock time. It moves with the clock, at most a day from one purge to the next,
// and not past the newest row.
func (h horizon) next(clock, newest time.Time) horizon {
	if h.time.IsZero() {
		return horizon{time: newest, clock: clock}
	}
	step := min(max(catchUp*clock.Sub(h.clock), 0), horizonStep)
	reached := earliest(h.time.Add(step), clock, newest)
	if reached.Before(h.time) {
		reached = h.time
	}
	return horizon{time: reached, clock: clock}
}

func earliest(times ...time.Time) time.Time {
	first := times[0]
	for _, t := range times[1:] {
		if t.Before(first) {
			first = t
		}
	}
	return first
}

func scanHorizon(row scanner) (h horizon, err error) {
	var at, clock int64
	if err := row.Scan(&at, &clock); err != nil {
		if errors.Is(err, sql.ErrNoRows) {
			err = nil
		}
		return horizon{}, err
	}
	return horizon{time: sqlrow.Time(at), clock: sqlrow.Time(clock)}, nil
}

// advance moves the stored horizon and returns the time that ages are measured from now; zero if there are no
// rows, or on an error.
func (p *purge) advance(ctx context.Context) time.Time {
	clock, now := p.now(), time.Time{}
	err := p.queue.Write(ctx, &job{task: func(ctx context.Context, tx *tx) error {
		last, err := sqlrow.One(ctx, tx.Tx, scanHorizon, selectHorizon)
		if err != nil {
			return fmt.Errorf("reading how far old rows are deleted: %w", err)
		}
		stored, err := sqlrow.One(ctx, tx.Tx, scanTime, selectNewest)
		if err != nil {
			return fmt.Errorf("reading the time of the newest row: %w", err)
		}
		if !stored.Valid {
			return nil
		}
		newest := sqlrow.Time(stored.Int64)
		next := last.next(clock, newest)
		now = earliest(next.time, clock, newest)
		_, err = tx.Exec(ctx, setHorizon, next.time.UnixMilli(), clock.UnixMilli())
		return err
	}})
	if err != nil {
		if ctx.Err() == nil {
			p.log.WarnContext(ctx, "judging which rows are old failed; trying again in an hour", slog.Any("error", err))
		}
		return time.Time{} // now may still be written to
	}
	return now
}

func scanTime(row scanner) (millis sql.NullInt64, err error) {
	err = row.Scan(&millis)
	return millis, err
}
