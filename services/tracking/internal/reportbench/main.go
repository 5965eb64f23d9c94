// Command reportbench measures reports over a program of a million conversions and five million clicks
// beside one of a hundredth of it, in turns in one run: what grows with the data, and by how much.
//
//	reportbench [-dir DIR] [-conversions 1000000] [-clicks 5000000] [-rounds 200]
//
// It makes the data of both with the store itself, starts couponlink on each, and asks over REST. With a
// directory the data is kept there, and used again by the next run. Absolute figures depend on the machine
// and the minute; the ratios are what to read. The exit code is 1 where a target is missed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
)

// share is how many times smaller the small program is.
const share = 100

// errMissed says that a target was missed.
var errMissed = errors.New("a target was missed; see above")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "reportbench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) (err error) {
	flags := flag.NewFlagSet("reportbench", flag.ExitOnError)
	dir := flags.String("dir", "", "where the data is kept; empty: it is made anew and removed")
	conversions := flags.Int("conversions", 1_000_000, "how many conversions the large program has")
	clicks := flags.Int("clicks", 5_000_000, "how many clicks the large program has")
	rounds := flags.Int("rounds", 200, "how often each question is asked of each program")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *dir == "" {
		if *dir, err = os.MkdirTemp("", "reportbench"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(*dir)) }()
	}
	small, err := prepare(ctx, filepath.Join(*dir, "small"), size{*conversions / share, *clicks / share})
	if err != nil {
		return err
	}
	large, err := prepare(ctx, filepath.Join(*dir, "large"), size{*conversions, *clicks})
	if err != nil {
		return err
	}
	binary, err := build(ctx, *dir)
	if err != nil {
		return err
	}
	if err := start(ctx, binary, small); err != nil {
		return err
	}
	defer small.stop()
	if err := start(ctx, binary, large); err != nil {
		return err
	}
	defer large.stop()
	met, err := compare(ctx, small, large, *rounds)
	if err != nil {
		return err
	}
	exported, err := exports(ctx, large)
	if err != nil {
		return err
	}
	if !met || !exported {
		return errMissed
	}
	return nil
}
