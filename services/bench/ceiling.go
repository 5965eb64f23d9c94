package main

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/wrapperspb"
	_ "modernc.org/sqlite" // the ceiling's database
)

const maxBatch = 1024

// serveCeilings serves, until ctx ends, a 302 behind a group commit to the database and a gRPC echo, and
// prints their addresses on one line.
func serveCeilings(ctx context.Context, dir string) error {
	commit, err := newCommit(ctx, dir)
	if err != nil {
		return err
	}
	record := newRecorder(ctx, commit)
	var lc net.ListenConfig
	web, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	rpc, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	redirect := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := record(r); err != nil {
			http.Error(w, "not recorded", http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Location", "https://shop.example.com/landing")
		w.WriteHeader(http.StatusFound)
	})}
	echo := grpc.NewServer()
	echo.RegisterService(&echoService, nil)
	go func() { _ = redirect.Serve(web) }()
	go func() { _ = echo.Serve(rpc) }()
	fmt.Println(web.Addr(), rpc.Addr())
	<-ctx.Done()
	return nil
}

// echoService is the smallest unary service; it bounds what any RPC can do.
var echoService = grpc.ServiceDesc{
	ServiceName: "bench.Echo",
	HandlerType: (*any)(nil),
	Methods: []grpc.MethodDesc{{MethodName: "Echo", Handler: func(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		in := new(wrapperspb.StringValue)
		return in, decode(in)
	}}},
}

// visit is a row waiting for its batch. done receives the outcome.
type visit struct {
	row  []any
	done chan error
}

// commit inserts rows of at, campaign, ip and ua: all of them, or none.
type commit func(ctx context.Context, rows [][]any) error

// newCommit returns a commit to the database that couponlink uses.
func newCommit(ctx context.Context, dir string) (commit, error) {
	if uri := os.Getenv(uriVariable); uri != "" {
		return newMongoDBCommit(uri)
	}
	return newSQLiteCommit(ctx, filepath.Join(dir, "ceiling.db"))
}

// newRecorder returns a function that the redirect calls before it answers. It returns once the visit is durable.
func newRecorder(ctx context.Context, commit commit) func(*http.Request) error {
	queue := make(chan visit, maxBatch)
	go groupCommit(ctx, commit, queue)
	return func(r *http.Request) error {
		v := visit{[]any{time.Now().UnixMilli(), r.FormValue("coupon_code"), r.RemoteAddr, r.UserAgent()}, make(chan error, 1)}
		queue <- v
		return <-v.done
	}
}

// groupCommit writes queued visits in batches and reports the outcome to each.
func groupCommit(ctx context.Context, commit commit, queue <-chan visit) {
	for first := range queue {
		batch := []visit{first}
		for len(queue) > 0 && len(batch) < maxBatch { // this is the only reader, so it never blocks
			batch = append(batch, <-queue)
		}
		rows := make([][]any, len(batch))
		for i, v := range batch {
			rows[i] = v.row
		}
		err := commit(ctx, rows)
		for _, v := range batch {
			v.done <- err
		}
	}
}

// newSQLiteCommit returns a commit to a table of five columns.
func newSQLiteCommit(ctx context.Context, path string) (commit, error) {
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1) // SQLite has one writer
	if _, err := db.ExecContext(ctx, `CREATE TABLE clicks (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, campaign TEXT NOT NULL, ip TEXT NOT NULL, ua TEXT NOT NULL)`); err != nil {
		return nil, err
	}
	return func(ctx context.Context, rows [][]any) error { return insertRows(ctx, db, rows) }, nil
}

func insertRows(ctx context.Context, db *sql.DB, rows [][]any) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // nothing to do once committed
	stmt, err := tx.PrepareContext(ctx, `INSERT INTO clicks (at, campaign, ip, ua) VALUES (?, ?, ?, ?)`)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if _, err := stmt.ExecContext(ctx, row...); err != nil {
			return err
		}
	}
	return tx.Commit()
}
