package sqlitestore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"github.com/couponlink/couponlink/services/internal/sqlitedb"
	"github.com/couponlink/couponlink/services/tracking/internal/rules"
)

// purgeRows is how many clicks one purge job deletes at most, so that no write waits long for it.
const purgeRows = 1000

// job is one write: a click, a conversion, or else the purge of clicks from before a time.
type job struct {
	click       *rules.Click
	conversion  *rules.Conversion
	purgeBefore time.Time
	// rows is how many rows were written: 0 where an insert's id was taken. It holds once the batch
	// is committed.
	rows int64
}

// writer runs batches of jobs on the one writing connection. It speaks to the driver itself, with
// statements that stay prepared: a sixth of a click's cost would be database/sql's conversions.
type writer struct {
	conn       *sql.Conn
	statements []driver.Stmt
	begin      driver.StmtExecContext
	commit     driver.StmtExecContext
	rollback   driver.StmtExecContext
	click      driver.StmtExecContext
	conversion driver.StmtExecContext
	purge      driver.StmtExecContext
	arguments  arguments
}

// newWriter takes the connection out of its pool until close.
func newWriter(ctx context.Context, pool *sql.DB) (*writer, error) {
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	w := &writer{conn: conn}
	err = conn.Raw(func(connection any) error {
		for _, statement := range []struct {
			to  *driver.StmtExecContext
			sql string
		}{
			{&w.begin, "BEGIN IMMEDIATE"},
			{&w.commit, "COMMIT"},
			{&w.rollback, "ROLLBACK"},
			{&w.click, insertClick},
			{&w.conversion, insertConversion},
			{&w.purge, deleteClicks},
		} {
			prepared, err := connection.(driver.Conn).Prepare(statement.sql)
			if err != nil {
				return fmt.Errorf("%s: %w", statement.sql, err)
			}
			w.statements = append(w.statements, prepared)
			*statement.to = prepared.(driver.StmtExecContext)
		}
		return nil
	})
	if err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

// close gives the connection back.
func (w *writer) close() error {
	err := w.conn.Raw(func(any) error {
		var errs []error
		for _, statement := range w.statements {
			errs = append(errs, statement.Close())
		}
		return errors.Join(errs...)
	})
	return errors.Join(err, w.conn.Close())
}

// write runs a batch in one transaction: all of it, or nothing and an error for each job.
func (w *writer) write(batch []*job) []error {
	err := w.conn.Raw(func(any) error { return w.transaction(batch) })
	if err == nil {
		return nil
	}
	err = sqlitedb.Failure(fmt.Errorf("writing a batch of %d: %w", len(batch), err))
	errs := make([]error, len(batch))
	for i := range errs {
		errs[i] = err
	}
	return errs
}

func (w *writer) transaction(batch []*job) error {
	ctx := context.Background() // those who wait may leave; the batch is still everyone's
	if _, err := w.begin.ExecContext(ctx, nil); err != nil {
		return err
	}
	err := w.run(ctx, batch)
	if err == nil {
		_, err = w.commit.ExecContext(ctx, nil)
	}
	if err != nil {
		_, _ = w.rollback.ExecContext(ctx, nil) // fails where SQLite has rolled back already
	}
	return err
}

func (w *writer) run(ctx context.Context, batch []*job) error {
	for _, j := range batch {
		statement := w.purge
		w.arguments.clear()
		switch {
		case j.click != nil:
			statement = w.click
			bindClick(&w.arguments, j.click)
		case j.conversion != nil:
			statement = w.conversion
			bindConversion(&w.arguments, j.conversion)
		default:
			bindPurge(&w.arguments, j.purgeBefore)
		}
		result, err := statement.ExecContext(ctx, w.arguments.values)
		if err != nil {
			return err
		}
		if j.rows, err = result.RowsAffected(); err != nil {
			return err
		}
	}
	return nil
}

// arguments are what a statement is run with, in memory that is used again.
type arguments struct{ values []driver.NamedValue }

func (a *arguments) clear() { a.values = a.values[:0] }

// add adds a value of a type that the driver knows.
func (a *arguments) add(v driver.Value) {
	a.values = append(a.values, driver.NamedValue{Ordinal: len(a.values) + 1, Value: v})
}

// text adds a text, or NULL for an empty one.
func (a *arguments) text(v string) {
	if v == "" {
		a.add(nil)
		return
	}
	a.add(v)
}

func (a *arguments) flag(v bool) {
	if v {
		a.add(int64(1))
		return
	}
	a.add(int64(0))
}
