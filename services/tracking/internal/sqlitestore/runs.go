package sqlitestore

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore/sqlrow"
)

// onTaken ends an insert that skips rows whose ids are taken.
const onTaken = ` ON CONFLICT (id) DO NOTHING`

// inRuns turns insert, which inserts one row with values, into a statement that inserts runLength rows. Such
// statements say OR ROLLBACK: SQLite then need not keep a journal to undo a statement of several rows alone. If
// one breaks a constraint, its batch fails.
func inRuns(insert, values string) string {
	return strings.TrimSuffix(insert, onTaken) + strings.Repeat(", ("+values+")", runLength-1) + onTaken
}

// insertConversions inserts the conversions of a batch, and adds to its journal the entries of those
// that are new.
func (w *writer) insertConversions(ctx context.Context) error {
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
	for _, j := range w.conversions {
		if j.postback.Postback != nil && j.rows > 0 {
			w.journals = append(w.journals, j)
		}
	}
	return nil
}

// insertRun inserts runLength conversions with one statement.
func (w *writer) insertRun(ctx context.Context, statement driver.StmtExecContext, run []*job) error {
	w.arguments.Clear()
	for _, j := range run {
		if err := sqlrow.Bind(&w.arguments, insertedColumns, &j.conversion); err != nil {
			return err
		}
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

// tellInserted notes which conversions of a run were inserted: those among the rows after one, which are in the
// run's order.
func (w *writer) tellInserted(ctx context.Context, run []*job, after int64) (err error) {
	w.arguments.Clear()
	w.arguments.Add(after)
	rows, err := w.inserted.QueryContext(ctx, w.arguments.Values)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var stored [1]driver.Value
	err = rows.Next(stored[:])
	for _, j := range run {
		j.rows = 0
		var id sqlrow.Hash
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

// insertPostbacks inserts the journal of a batch.
func (w *writer) insertPostbacks(ctx context.Context) error {
	for rest := w.journals; len(rest) > 0; {
		statement, n := w.postback, 1
		if len(rest) >= runLength {
			statement, n = w.postbacks, runLength
		}
		w.arguments.Clear()
		for _, j := range rest[:n] {
			j.postback.made = j.conversion.Conversion
			if err := sqlrow.Bind(&w.arguments, insertedPostbacks, &j.postback); err != nil {
				return err
			}
		}
		if _, _, err := w.exec(ctx, statement); err != nil {
			return err
		}
		rest = rest[n:]
	}
	return nil
}
