package sqlitestore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/couponlink/couponlink/services/internal/sqlitedb"
	"github.com/couponlink/couponlink/services/tracking/internal/rules"
)

const (
	// purgeRows is how many clicks one purge job deletes at most, so that no write waits long for it.
	purgeRows = 1000
	// runLength is how many conversions one statement inserts where as many wait. Opening six
	// indexes once for eight rows saves an eighth of the cost; sixteen save no more.
	runLength = 8
)

// job is one write: a click, a conversion, or else the purge of clicks from before a time.
type job struct {
	click      *rules.Click
	conversion *rules.Conversion
	// decision is the conversion's, as it is stored.
	decision    string
	purgeBefore time.Time
	// rows is how many rows were written: 0 where an insert's id was taken. It holds once the batch
	// is committed.
	rows int64
}

// writer runs batches of jobs on the one writing connection. It speaks to the driver itself, with
// statements that stay prepared: database/sql would check and convert each of some thirty values again.
type writer struct {
	conn       *sql.Conn
	statements []driver.Stmt
	begin      driver.StmtExecContext
	commit     driver.StmtExecContext
	rollback   driver.StmtExecContext
	click      driver.StmtExecContext
	conversion driver.StmtExecContext
	// run inserts runLength conversions, inserted reads back which of them were new.
	run       driver.StmtExecContext
	inserted  driver.StmtQueryContext
	purge     driver.StmtExecContext
	arguments arguments
	// conversions are those of a batch, in memory that is used again.
	conversions []*job
}

// newWriter takes the connection out of its pool until close.
func newWriter(ctx context.Context, pool *sql.DB) (*writer, error) {
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	w := &writer{conn: conn}
	if err := conn.Raw(w.prepare); err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

// prepare prepares the statements on the driver's connection.
func (w *writer) prepare(connection any) error {
	for _, statement := range []struct {
		to  *driver.StmtExecContext
		sql string
	}{
		{&w.begin, "BEGIN IMMEDIATE"},
		{&w.commit, "COMMIT"},
		{&w.rollback, "ROLLBACK"},
		{&w.click, insertClick},
		{&w.conversion, insertConversions(1)},
		{&w.run, insertConversions(runLength)},
		{&w.purge, deleteClicks},
	} {
		prepared, err := w.prepareOne(connection, statement.sql)
		if err != nil {
			return err
		}
		*statement.to = prepared.(driver.StmtExecContext)
	}
	prepared, err := w.prepareOne(connection, conversionsAfter)
	if err != nil {
		return err
	}
	w.inserted = prepared.(driver.StmtQueryContext)
	return nil
}

func (w *writer) prepareOne(connection any, sql string) (driver.Stmt, error) {
	prepared, err := connection.(driver.Conn).Prepare(sql)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", sql, err)
	}
	w.statements = append(w.statements, prepared)
	return prepared, nil
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
	err := w.execute(ctx, batch)
	if err == nil {
		_, err = w.commit.ExecContext(ctx, nil)
	}
	if err != nil {
		_, _ = w.rollback.ExecContext(ctx, nil) // fails where SQLite has rolled back already
	}
	return err
}

// execute runs the jobs of a batch; conversions come last, so that they come in runs.
func (w *writer) execute(ctx context.Context, batch []*job) (err error) {
	w.conversions = w.conversions[:0]
	for _, j := range batch {
		w.arguments.clear()
		switch {
		case j.conversion != nil:
			w.conversions = append(w.conversions, j)
			continue
		case j.click != nil:
			bindClick(&w.arguments, j.click)
			j.rows, _, err = w.exec(ctx, w.click)
		default:
			bindPurge(&w.arguments, j.purgeBefore)
			j.rows, _, err = w.exec(ctx, w.purge)
		}
		if err != nil {
			return err
		}
	}
	defer clear(w.conversions) // what was written need not stay in memory
	rest := w.conversions
	for ; len(rest) >= runLength; rest = rest[runLength:] {
		if err := w.insertRun(ctx, w.run, rest[:runLength]); err != nil {
			return err
		}
	}
	for i := range rest {
		if err := w.insertRun(ctx, w.conversion, rest[i:i+1]); err != nil {
			return err
		}
	}
	return nil
}

// insertRun inserts as many conversions as a statement takes.
func (w *writer) insertRun(ctx context.Context, statement driver.StmtExecContext, run []*job) error {
	w.arguments.clear()
	for _, j := range run {
		bindConversion(&w.arguments, j.conversion, j.decision)
	}
	rows, newest, err := w.exec(ctx, statement)
	if err != nil {
		return err
	}
	if rows > 0 && rows < int64(len(run)) {
		return w.tellInserted(ctx, run, newest-rows)
	}
	for _, j := range run {
		j.rows = min(rows, 1)
	}
	return nil
}

// tellInserted notes which conversions of a run are among the rows after one, which are in the run's
// order.
func (w *writer) tellInserted(ctx context.Context, run []*job, after int64) (err error) {
	w.arguments.clear()
	w.arguments.add(after)
	rows, err := w.inserted.QueryContext(ctx, w.arguments.values)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var stored [1]driver.Value
	err = rows.Next(stored[:])
	for _, j := range run {
		j.rows = 0
		var id hash
		if err != nil || id.Scan(stored[0]) != nil || string(id) != j.conversion.ID {
			continue
		}
		j.rows = 1
		err = rows.Next(stored[:])
	}
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case err == nil:
		return errors.New("a new conversion is none of those that were inserted")
	default:
		return fmt.Errorf("reading back which conversions are new: %w", err)
	}
}

// exec runs a statement with the arguments and returns how many rows it changed and the number of
// the last row that was ever inserted.
func (w *writer) exec(ctx context.Context, statement driver.StmtExecContext) (rows, newest int64, err error) {
	result, err := statement.ExecContext(ctx, w.arguments.values)
	if err != nil {
		return 0, 0, err
	}
	if rows, err = result.RowsAffected(); err != nil {
		return 0, 0, err
	}
	newest, err = result.LastInsertId()
	return rows, newest, err
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
