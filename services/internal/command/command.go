// Package command is what every binary does around its Run: flags and environment into a config,
// signals into a context, the log, the version, the exit code.
//
// The mains may import it; it imports none of ours.
package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"syscall"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"github.com/alecthomas/kong"
)

// gcPercent lets the heap grow to four times what is live before it is collected, unless GOGC says
// otherwise. What is live is a few megabytes, so collections at Go's default would come tens of times
// a second under load and cost a twentieth of it; this costs some 30 MiB instead.
const gcPercent = 300

// memoryRatio is how much of a cgroup's memory limit Go may use.
const memoryRatio = 0.75

// Main fills cfg from the command line and the environment, then runs until run returns or a signal
// ends it: the first SIGINT or SIGTERM cancels run's context, a second one ends the process at once.
// It does not return: the process exits with 0, or with 1 and the error on standard error. That run was stopped by
// the signal before it had started is no error.
func Main(name, description string, cfg any, run func(ctx context.Context, log *slog.Logger) error) {
	MainWith(os.Args[1:], name, description, cfg, run)
}

// MainWith is Main with arguments of its own, for one of several commands of a binary.
func MainWith(args []string, name, description string, cfg any, run func(ctx context.Context, log *slog.Logger) error) {
	if err := Parse(name, description, cfg, args); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	limitMemory(log)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// Once the first signal is taken the default returns: the next one kills.
	context.AfterFunc(ctx, stop)
	if err := run(ctx, log); err != nil && (ctx.Err() == nil || !errors.Is(err, ctx.Err())) {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// limitMemory keeps the process below the memory limit of its cgroup, if it has one and GOMEMLIMIT does not say
// otherwise. The rest is for what is not Go's: the databases' pages and stacks of the system.
func limitMemory(log *slog.Logger) {
	limit, err := memlimit.Set(memlimit.WithProvider(memlimit.FromCgroup), memlimit.WithRatio(memoryRatio))
	switch {
	case errors.Is(err, memlimit.ErrNoCgroup), errors.Is(err, memlimit.ErrCgroupsNotSupported):
	case err != nil:
		log.Warn("the cgroup's memory limit cannot be read; set GOMEMLIMIT if there is one", slog.Any("error", err))
	case limit < math.MaxInt64:
		log.Info("memory is limited", slog.Int64("bytes", limit))
	}
}

// Parse fills cfg, a pointer to a struct with kong's tags, from flags, the environment and defaults,
// in this order. A variable that is set to nothing counts as not set. --help and --version are
// answered on standard output and end the process.
func Parse(name, description string, cfg any, args []string) error {
	parser, err := kong.New(cfg,
		kong.Name(name), kong.Description(description), kong.UsageOnError(),
		kong.Vars{"version": Version()}, kong.PostBuild(ignoreEmptyVariables),
		kong.Embed(&struct {
			Version kong.VersionFlag `help:"Print the version and quit."`
		}{}))
	if err != nil {
		return fmt.Errorf("the flags: %w", err)
	}
	_, err = parser.Parse(args)
	return err
}

// ignoreEmptyVariables: a compose file or a shell that passes a variable on that it does not have
// itself sets it to nothing, and means the default.
func ignoreEmptyVariables(k *kong.Kong) error {
	for _, flag := range k.Model.Flags {
		flag.Tag.Envs = slices.DeleteFunc(flag.Tag.Envs, func(name string) bool { return os.Getenv(name) == "" })
	}
	return nil
}

// Version says which version this binary is: the module's, and the revision it was built from where
// the build knows it.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	version, revision, modified := info.Main.Version, "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			revision = " " + s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			modified = " (modified)"
		}
	}
	return version + revision + modified
}

// Close closes c and joins its error to *err: for defer, where a failed close must not be lost.
func Close(err *error, what string, c io.Closer) {
	if closeErr := c.Close(); closeErr != nil {
		*err = errors.Join(*err, fmt.Errorf("closing %s: %w", what, closeErr))
	}
}
