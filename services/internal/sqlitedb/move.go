package sqlitedb

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/couponlink/couponlink/services/internal/move"
)

const (
	// The state of a move into the file, as JSON. Files have this table from their first move on.
	createMoveState = `CREATE TABLE IF NOT EXISTS move_state (id INTEGER PRIMARY KEY CHECK (id = 1), state TEXT NOT NULL) STRICT`
	setMoveState    = `INSERT INTO move_state (id, state) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET state = excluded.state`
	selectMoveState = `SELECT state FROM move_state`
	hasMoveState    = `SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'move_state'`
)

// Option changes how Open opens a file.
type Option func(*options)

type options struct {
	toMove, existing, exclusive bool
	log                         *slog.Logger
}

// ToMove opens a file for a move in a role. A source must exist. A destination may have an unfinished move, which Open
// otherwise refuses.
func ToMove(role move.Role) Option {
	return func(o *options) { o.toMove, o.existing = role == move.Destination, role == move.Source }
}

// checkExists refuses a path without a file.
func checkExists(path string) error {
	_, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("there is no database file %s", path)
	}
	return err
}

// checkMoved refuses a file with an unfinished move.
func (db *DB) checkMoved(ctx context.Context, path string) error {
	state, err := db.MoveState(ctx)
	if err != nil {
		return err
	}
	if refusal := state.Refusal(); refusal != nil {
		return fmt.Errorf("%s is not ready: %w", path, refusal)
	}
	return nil
}

// MoveState returns the state of a move into the file; the zero State if there never was one.
func (db *DB) MoveState(ctx context.Context) (state move.State, err error) {
	var text string
	if err = db.reader.QueryRowContext(ctx, hasMoveState).Scan(new(int)); err == nil {
		err = db.reader.QueryRowContext(ctx, selectMoveState).Scan(&text)
	}
	if errors.Is(err, sql.ErrNoRows) {
		return state, nil
	}
	if err != nil {
		return state, Failure(fmt.Errorf("reading the state of a move: %w", err))
	}
	if err := json.Unmarshal([]byte(text), &state); err != nil {
		return state, fmt.Errorf("reading the state of a move: %w", err)
	}
	return state, nil
}

// SetMoveState stores the state of a move into the file. exec runs a statement in a write transaction.
func SetMoveState(state move.State, exec func(statement string, args ...any) error) error {
	text, err := json.Marshal(state)
	if err != nil {
		return fmt.Errorf("writing the state of a move: %w", err)
	}
	if err := exec(createMoveState); err != nil {
		return err
	}
	return exec(setMoveState, string(text))
}
