package couponlink

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/couponlink/couponlink/services/coupon"
	"github.com/couponlink/couponlink/services/internal/command"
	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/internal/move"
	"github.com/couponlink/couponlink/services/internal/settings"
	"github.com/couponlink/couponlink/services/tracking"
)

// MoveConfig configures Move.
type MoveConfig struct {
	From string `env:"COUPONLINK_MOVE_FROM" required:"" placeholder:"URL" help:"Database to move from: sqlite:DIR, mongodb://... or mongodb+srv://... All services on it must be stopped."`
	To   string `env:"COUPONLINK_MOVE_TO" required:"" placeholder:"URL" help:"Database to move to. It must be empty, or hold what an interrupted run of the same move has written."`

	// MongoDB are options for databases on MongoDB. Tests set them.
	MongoDB []mongodb.Option `kong:"-"`
}

// errCutOff is returned instead of the context's error, because a move that a signal stops has failed. For a service
// that a signal stops, the context's error means success.
var errCutOff = errors.New("the move was cut off; run the same command again to resume it")

// Move moves both services' databases, or resumes an interrupted move. At the end it compares source and destination.
// It writes a line for each table to out; the last line has the number of records.
func Move(ctx context.Context, cfg MoveConfig, out io.Writer, log *slog.Logger) (err error) {
	from, fromErr := moveDatabase("--from", cfg.From)
	to, toErr := moveDatabase("--to", cfg.To)
	if err := errors.Join(fromErr, toErr); err != nil {
		return err
	}
	place := move.Place{From: placeOf(from), To: placeOf(to)}
	if place.From == place.To {
		return fmt.Errorf("--from and --to are both %s: there is nothing to move", place.From)
	}
	var pairs []move.Pair
	for _, service := range []struct {
		name string
		open func(context.Context, settings.Database, move.Role, ...mongodb.Option) (move.Database, error)
	}{{"coupon", coupon.OpenToMove}, {"tracking", tracking.OpenToMove}} {
		source, err := service.open(ctx, from, move.Source, cfg.MongoDB...)
		if err != nil {
			return fmt.Errorf("the source %s: %w", place.From, err)
		}
		defer command.Close(&err, "the source's database "+service.name, source)
		destination, err := service.open(ctx, to, move.Destination, cfg.MongoDB...)
		if err != nil {
			return fmt.Errorf("the destination %s: %w", place.To, err)
		}
		defer command.Close(&err, "the destination's database "+service.name, destination)
		pairs = append(pairs, move.Pair{Name: service.name, From: source, To: destination})
	}
	moved, err := move.Job{Place: place, Pairs: pairs, Now: time.Now, Copied: func(m move.Moved) {
		log.InfoContext(ctx, "copied", slog.String("database", m.Database), slog.String("table", m.Table), slog.Int64("records", m.Sum.Count))
	}}.Run(ctx)
	if ctx.Err() != nil {
		return errCutOff
	}
	if err != nil {
		return err
	}
	return printMoved(out, place, moved)
}

// moveDatabase returns the database that a flag names.
func moveDatabase(flag, given string) (settings.Database, error) {
	database, err := settings.ParseDatabase(flag, given)
	if err != nil {
		return database, err
	}
	if database.SQLiteDir == "" {
		return database, nil
	}
	if database.SQLiteDir, err = filepath.Abs(database.SQLiteDir); err != nil {
		return database, fmt.Errorf("%s: %w", flag, err)
	}
	return database, nil
}

// placeOf returns a database's URL without credentials and options.
func placeOf(database settings.Database) string {
	if database.SQLiteDir != "" {
		return "sqlite:" + database.SQLiteDir
	}
	scheme, rest, _ := strings.Cut(database.MongoDBURI, "://")
	rest, _, _ = strings.Cut(rest, "?")
	hosts, prefix, _ := strings.Cut(rest, "/") // a slash in the user or password is percent-encoded
	if prefix == "admin" {                     // not a prefix, but the database that defines the user
		prefix = ""
	}
	return strings.TrimSuffix(scheme+"://"+hosts[strings.LastIndex(hosts, "@")+1:]+"/"+prefix, "/")
}

// printMoved prints the number of records in each table on both sides.
func printMoved(out io.Writer, place move.Place, moved []move.Moved) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "DATABASE\tTABLE\tRECORDS\tSHA-256")
	all := int64(0)
	for _, m := range moved {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%d\t%x\n", m.Database, m.Table, m.Sum.Count, m.Sum.Hash)
		all += m.Sum.Count
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("printing what was moved: %w", err)
	}
	_, err := fmt.Fprintf(out, "moved %d records of %d tables from %s to %s; source and destination are the same\n", all, len(moved), place.From, place.To)
	return err
}
