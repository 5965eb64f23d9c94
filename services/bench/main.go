// Command bench measures the hot paths of a running couponlink against ceilings, which are minimal programs that do the
// same work on the same machine. It loads both in turns in one run.
//
//	bench [-rounds 5] [-time 3s]     build and start both, load them in turns, print the ratios
//	bench ceiling -dir DIR           serve the ceilings (started by the above)
//
// With MONGODB_URI set, couponlink runs on that server, and the ceiling writes to it too, by grouped inserts. Each has
// its own databases, which are dropped at the end.
//
// Absolute numbers depend on the machine and the moment; read the ratios. The exit status is 1 if a ratio misses its
// target.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

var errMissed = errors.New("a target was missed; see the table")

func run(ctx context.Context, args []string) error {
	if len(args) > 0 && args[0] == "ceiling" {
		flags := flag.NewFlagSet("ceiling", flag.ExitOnError)
		dir := flags.String("dir", "", "directory of the ceiling's database")
		if err := flags.Parse(args[1:]); err != nil {
			return err
		}
		return serveCeilings(ctx, *dir)
	}
	flags := flag.NewFlagSet("bench", flag.ExitOnError)
	rounds := flags.Int("rounds", 5, "how many times each path is loaded")
	length := flags.Duration("time", 3*time.Second, "how long each path is loaded at a time")
	workers := flags.Int("workers", 32, "closed-loop connections")
	profile := flags.String("profile", "", "only load this path, for 30 s (click, postback, validate, basket, rest), and print the process id to profile")
	if err := flags.Parse(args); err != nil {
		return err
	}
	target, err := start(ctx)
	if err != nil {
		return err
	}
	defer target.stop()
	if *profile != "" {
		return profilePath(target, *profile, *workers)
	}
	return compare(target, *rounds, *length, *workers)
}
