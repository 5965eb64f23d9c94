package sqlitedb

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"

	"modernc.org/sqlite"
)

// These types stand between database/sql and SQLite's driver, so that every error passes one place, whatever ran the
// statement: see watch.

// Begin and Commit are statements for a store that runs its transactions itself.
const (
	Begin  = "BEGIN IMMEDIATE"
	Commit = "COMMIT"
)

// connector opens connections.
type connector struct {
	driver.Connector
	watch *watch
	// marker is that of the writing connection; nil if the connection only reads.
	marker *marker
}

// Connect implements driver.Connector.
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	connection, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, c.watch.note(err)
	}
	return conn{connection.(engineConn), c.watch, c.marker}, nil
}

// engineConn is the interface of the driver's connections.
type engineConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.SessionResetter
	driver.Validator
	NewBackup(destination string) (*sqlite.Backup, error)
}

// engineStmt is the interface of the driver's statements.
type engineStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

type conn struct {
	engineConn
	watch  *watch
	marker *marker
}

func (c conn) Prepare(query string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), query)
}

func (c conn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	s, err := c.engineConn.PrepareContext(ctx, query)
	if err != nil {
		return nil, c.watch.note(err)
	}
	return stmt{s.(engineStmt), c, query}, nil
}

func (c conn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	t, err := c.engineConn.BeginTx(ctx, o)
	if err != nil {
		return nil, c.watch.note(err)
	}
	if err := c.began(ctx); err != nil {
		return nil, errors.Join(err, t.Rollback())
	}
	return tx{t, c}, nil
}

func (c conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	result, err := c.engineConn.ExecContext(ctx, query, args)
	return result, c.watch.note(err)
}

func (c conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	found, err := c.engineConn.QueryContext(ctx, query, args)
	if err != nil {
		return nil, c.watch.note(err)
	}
	return rows{found, c.watch}, nil
}

// began is called after a transaction has begun. It refuses one that writes to a file that is known to be damaged.
func (c conn) began(ctx context.Context) error {
	if c.marker == nil {
		return nil
	}
	if err := c.watch.damage(); err != nil {
		return err
	}
	return c.watch.note(c.marker.begin(ctx, c.engineConn))
}

// committed is called after a transaction was committed.
func (c conn) committed() {
	if c.marker != nil {
		c.marker.committed()
	}
}

type tx struct {
	driver.Tx
	conn conn
}

func (t tx) Commit() error {
	err := t.Tx.Commit()
	if err == nil {
		t.conn.committed()
	}
	return t.conn.watch.note(err)
}

type stmt struct {
	engineStmt
	conn  conn
	query string
}

func (s stmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	result, err := s.engineStmt.ExecContext(ctx, args)
	if err != nil {
		return nil, s.conn.watch.note(err)
	}
	switch s.query {
	case Begin:
		err = s.conn.began(ctx)
	case Commit:
		s.conn.committed()
	}
	return result, err
}

func (s stmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	found, err := s.engineStmt.QueryContext(ctx, args)
	if err != nil {
		return nil, s.conn.watch.note(err)
	}
	return rows{found, s.conn.watch}, nil
}

type rows struct {
	driver.Rows
	watch *watch
}

func (r rows) Next(into []driver.Value) error {
	err := r.Rows.Next(into)
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	return r.watch.note(err)
}
