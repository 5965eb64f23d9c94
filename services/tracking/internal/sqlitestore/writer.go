package sqlitestore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"

	"github.com/couponlink/couponlink/services/internal/sqlitedb"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore/deliveries"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore/sqlrow"
)

// runLength is how many conversions, or entries of the journal, one statement inserts when that many wait.
// Opening the indexes once for eight rows saves an eighth of the cost; sixteen rows save no more.
const runLength = 8

// job is one write: a click, a sale, an entry of the journal, the result of an attempt at a delivery, plans, or
// a task. A task runs its own SQL; the others are batched writes by the driver's statements.
type job struct {
	click *domain.Click
	// conversion is a sale's.
	conversion conversionRow
	// postback comes alone, or with a conversion, and then only if that is inserted.
	postback postbackRow
	delivery deliveries.Write
	task     func(ctx context.Context, tx *tx) error
	// rows is how many rows were written: 0 if an insert's id was taken. It is valid once the batch is
	// committed.
	rows int64
	// err is set if this task failed and the rest of its batch did not.
	err error
}

// writer runs batches of jobs on the one writing connection. It calls the driver directly, with statements that
// stay prepared: database/sql would check and convert each of some thirty values again.
type writer struct {
	conn       *sql.Conn
	tx         *tx
	statements []driver.Stmt

	begin, commit, rollback        driver.StmtExecContext
	savepoint, release, rollbackTo driver.StmtExecContext

	click      driver.StmtExecContext
	conversion driver.StmtExecContext
	// run inserts runLength conversions, inserted reads back which of them were new.
	run      driver.StmtExecContext
	inserted driver.StmtQueryContext
	// postbacks inserts runLength entries of the journal.
	postback, postbacks   driver.StmtExecContext
	deliveries            deliveries.Batch
	arguments             sqlrow.Arguments
	conversions, journals []*job // those of a batch, in memory that is reused
	// late are the clicks of a batch that the cursor has passed; nil if there are no such clicks.
	late *rollup.Sums
}

// newWriter takes the connection out of its pool until close.
func newWriter(ctx context.Context, pool *sql.DB, calendar rollup.Calendar) (*writer, error) {
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	w := &writer{conn: conn, tx: &tx{Tx: sqlrow.NewTx(conn), conn: conn, calendar: calendar}}
	if err := conn.Raw(w.prepare); err != nil {
		return nil, errors.Join(err, w.close())
	}
	if w.tx.cursor, err = sqlrow.One(ctx, w.tx.Tx, scanCursor, selectCursor); err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

// prepare prepares the statements on the driver's connection.
func (w *writer) prepare(connection any) error {
	for _, statement := range append(w.deliveries.Statements(), []sqlrow.Statement{
		{To: &w.begin, SQL: sqlitedb.Begin},
		{To: &w.commit, SQL: sqlitedb.Commit},
		{To: &w.rollback, SQL: "ROLLBACK"},
		{To: &w.savepoint, SQL: "SAVEPOINT task"},
		{To: &w.release, SQL: "RELEASE task"},
		{To: &w.rollbackTo, SQL: "ROLLBACK TO task"},
		{To: &w.click, SQL: insertClick},
		{To: &w.conversion, SQL: insertConversion},
		{To: &w.run, SQL: inRuns(insertConversion, insertedColumns.Marks())},
		{To: &w.postback, SQL: insertPostback},
		{To: &w.postbacks, SQL: inRuns(insertPostback, insertedPostbacks.Marks())},
		{To: &w.tx.cells.one, SQL: addCells(1)},
		{To: &w.tx.cells.run, SQL: addCells(cellRun)},
	}...) {
		prepared, err := w.prepareOne(connection, statement.SQL)
		if err != nil {
			return err
		}
		*statement.To = prepared.(driver.StmtExecContext)
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
	err := w.tx.Close()
	err = errors.Join(err, w.conn.Raw(func(any) error {
		var errs []error
		for _, statement := range w.statements {
			errs = append(errs, statement.Close())
		}
		return errors.Join(errs...)
	}))
	return errors.Join(err, w.conn.Close())
}

// write runs a batch in one transaction. It writes everything except tasks that fail, or nothing, with an error
// for each job.
func (w *writer) write(batch []*job) []error {
	failed := false
	err := w.transaction(batch)
	if err != nil {
		err = sqlitedb.Failure(fmt.Errorf("writing a batch of %d: %w", len(batch), err))
	}
	for _, j := range batch {
		failed = failed || err != nil || j.err != nil
	}
	if !failed {
		return nil
	}
	errs := make([]error, len(batch))
	for i, j := range batch {
		if errs[i] = err; err == nil {
			errs[i] = sqlitedb.Failure(j.err)
		}
	}
	return errs
}

func (w *writer) transaction(batch []*job) error {
	ctx := context.Background() // a caller may give up, but the batch is everyone's
	before := w.tx.cursor
	err := w.conn.Raw(func(any) error {
		if _, err := w.begin.ExecContext(ctx, nil); err != nil {
			return err
		}
		return w.execute(ctx, batch)
	})
	for _, j := range batch {
		if err == nil && j.task != nil {
			err = w.runTask(ctx, j)
		}
	}
	if err == nil {
		err = w.do(ctx, w.commit)
	}
	if err != nil {
		w.tx.cursor = before
		_ = w.do(ctx, w.rollback) // fails if SQLite has rolled back already
	}
	return err
}

// do runs a statement without arguments.
func (w *writer) do(ctx context.Context, statement driver.StmtExecContext) error {
	return w.conn.Raw(func(any) error {
		_, err := statement.ExecContext(ctx, nil)
		return err
	})
}

// runTask runs a task; if it fails, only its own writes are undone. An error fails the whole batch.
func (w *writer) runTask(ctx context.Context, j *job) error {
	if err := w.do(ctx, w.savepoint); err != nil {
		return err
	}
	before := w.tx.cursor
	if j.err = j.task(ctx, w.tx); j.err != nil {
		w.tx.cursor = before
		if err := w.do(ctx, w.rollbackTo); err != nil {
			return errors.Join(j.err, err)
		}
	}
	return w.do(ctx, w.release)
}

// execute runs the jobs of a batch except the tasks. Conversions come last, so that they form runs, and the
// journal after them.
func (w *writer) execute(ctx context.Context, batch []*job) (err error) {
	w.conversions, w.journals, w.late = w.conversions[:0], w.journals[:0], nil
	defer func() { // do not keep what was written in memory
		clear(w.conversions)
		clear(w.journals)
	}()
	for _, j := range batch {
		switch {
		case j.conversion.Conversion != nil:
			w.conversions = append(w.conversions, j)
		case j.postback.Postback != nil:
			w.journals = append(w.journals, j)
		case j.click != nil:
			w.arguments.Clear()
			if err = sqlrow.Bind(&w.arguments, clickColumns, j.click); err != nil {
				return err
			}
			if j.rows, _, err = w.exec(ctx, w.click); j.rows > 0 {
				w.countLate(j.click, w.arguments.Values[0].Value)
			}
		case j.delivery != nil:
			err = j.delivery(ctx, &w.deliveries)
		}
		if err != nil {
			return err
		}
	}
	if err := w.insertConversions(ctx); err != nil {
		return err
	}
	if err := w.insertPostbacks(ctx); err != nil {
		return err
	}
	return w.storeLate(ctx)
}

// exec runs a statement with the arguments and returns how many rows it changed and the number of
// the last row that was ever inserted.
func (w *writer) exec(ctx context.Context, statement driver.StmtExecContext) (rows, newest int64, err error) {
	result, err := statement.ExecContext(ctx, w.arguments.Values)
	if err != nil {
		return 0, 0, err
	}
	if rows, err = result.RowsAffected(); err != nil {
		return 0, 0, err
	}
	newest, err = result.LastInsertId()
	return rows, newest, err
}
