// Package command has what every binary does around its Run: it reads flags and environment variables into a config,
// turns signals into a context, and sets up the log, the version and the exit status.
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

// gcPercent lets the heap grow to four times the live data before a collection, unless GOGC is set. The live data is a
// few megabytes. With Go's default, collections under load would run tens of times a second and cost a twentieth of the
// processor; this costs about 30 MiB instead.
const gcPercent = 300

// memoryRatio is the share of a cgroup's memory limit that Go may use.
const memoryRatio = 0.75

// Main fills cfg as Parse does, then calls run. The first SIGINT or SIGTERM cancels run's context; a second one ends the
// process at once. Main does not return. The exit status is 0, or 1 with the error on standard error. If a signal stops
// run before it has started, that is not an error.
//
// If the first argument is config, Main prints the settings instead: see Describe.
func Main(name, description string, cfg any, run func(ctx context.Context, log *slog.Logger) error) {
	args := os.Args[1:]
	if len(args) == 0 || args[0] != "config" {
		MainWith(args, name, description, cfg, run)
	}
	if err := Describe(os.Stdout, name+" config", "Print the settings of "+name+" with their sources, and check them.", cfg, args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "%s config: %v\n", name, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// MainWith is Main with explicit arguments, for one of several commands of a binary.
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
	// Restore the default after the first signal, so that the next one kills the process.
	context.AfterFunc(ctx, stop)
	if err := run(ctx, log); err != nil && (ctx.Err() == nil || !errors.Is(err, ctx.Err())) {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// limitMemory keeps the process below the memory limit of its cgroup, if it has one and GOMEMLIMIT is unset. The rest
// is for memory that Go does not manage: database pages and thread stacks.
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

// Parse fills cfg, a pointer to a struct with kong's tags, from flags, environment variables, the settings file and
// defaults, in this order. An empty variable counts as unset. --help and --version print to standard output and end the
// process.
func Parse(name, description string, cfg any, args []string) error {
	parser, _, err := parserOf(name, description, cfg)
	if err != nil {
		return err
	}
	_, err = parser.Parse(args)
	return err
}

func parserOf(name, description string, cfg any) (*kong.Kong, *file, error) {
	settings := &file{}
	parser, err := kong.New(cfg,
		kong.Name(name), kong.Description(description), kong.UsageOnError(),
		kong.Vars{"version": Version()}, kong.PostBuild(ignoreEmptyVariables), kong.Embed(&common{}),
		kong.WithBeforeResolve(settings.load), kong.Resolvers(settings))
	if err != nil {
		return nil, nil, fmt.Errorf("the flags: %w", err)
	}
	return parser, settings, nil
}

// ignoreEmptyVariables treats empty variables as unset. A compose file or shell that passes on a variable it does not
// have passes an empty one, and means the default.
func ignoreEmptyVariables(k *kong.Kong) error {
	for _, flag := range k.Model.Flags {
		flag.Tag.Envs = slices.DeleteFunc(flag.Tag.Envs, func(name string) bool { return os.Getenv(name) == "" })
	}
	return nil
}

// Version returns the binary's version: the module's and, if the build knows it, the revision.
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

// Close closes c and joins its error to *err. It is for defer, if a failed close must not be lost.
func Close(err *error, what string, c io.Closer) {
	if closeErr := c.Close(); closeErr != nil {
		*err = errors.Join(*err, fmt.Errorf("closing %s: %w", what, closeErr))
	}
}
