// Mongoengine serves the MongoDB protocol from a temporary directory, in memory if there is room, for tests
// on machines without a MongoDB server. It prints its URI on standard output as one line and serves until standard
// input ends, so that it never outlives the tests that started it.
//
// It is FerretDB 1 on SQLite: see services/internal/mongotest for what it cannot do.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	if err := run(context.Background(), os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "mongoengine:", err)
		os.Exit(1)
	}
}

// run serves until in ends.
func run(ctx context.Context, in io.Reader, out io.Writer) (err error) {
	dir, err := makeDir()
	if err != nil {
		return err
	}
	defer func() {
		if removal := os.RemoveAll(dir); removal != nil && err == nil {
			err = fmt.Errorf("removing the data: %w", removal)
		}
	}()
	engine, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{TCP: "127.0.0.1:0"},
		Handler:   "sqlite",
		SQLiteURL: "file:" + dir + "/",
		Logger:    slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
	})
	if err != nil {
		return fmt.Errorf("starting the engine: %w", err)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan error, 1)
	go func() { done <- engine.Run(ctx) }()
	indexed := make(chan error, 1)
	go func() { indexed <- indexIDs(ctx, dir) }()
	if _, err := fmt.Fprintln(out, engine.MongoDBURI()); err != nil {
		return fmt.Errorf("printing the URI: %w", err)
	}
	if _, err := io.Copy(io.Discard, in); err != nil {
		return fmt.Errorf("waiting for the end of the input: %w", err)
	}
	stop()
	return errors.Join(<-indexed, <-done)
}
