package command

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v3"
)

// common are the flags of every binary.
type common struct {
	Version    kong.VersionFlag `help:"Print the version and quit."`
	ConfigFile string           `env:"COUPONLINK_CONFIG_FILE" name:"config-file" placeholder:"FILE" help:"YAML file with settings, each under the name of its flag, such as \"http-addr: 127.0.0.1:8080\". Flags and environment variables win over it."`
}

// maxFileBytes bounds a settings file.
const maxFileBytes = 1 << 20

// file resolves flags from the settings file, if there is one. It implements kong.Resolver.
type file struct {
	path   string
	values map[string]string
}

// Resolve returns a flag's value in the file, or nil. An environment variable wins over the file.
func (f *file) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	value, ok := f.values[flag.Name]
	if !ok || flag.Name == "config-file" || variableOf(flag) != "" {
		return nil, nil
	}
	return value, nil
}

// Validate refuses names in the file that are no settings of the binary.
func (f *file) Validate(app *kong.Application) error {
	known := map[string]bool{}
	for _, flag := range app.Flags {
		known[flag.Name] = flag.Name != "help" && flag.Name != "version" && flag.Name != "config-file"
	}
	for _, name := range slices.Sorted(maps.Keys(f.values)) {
		if !known[name] {
			return fmt.Errorf("%s: %s is no setting of %s; --help lists them", f.path, name, app.Name)
		}
	}
	return nil
}

// load reads the file that the flags and the environment name.
func (f *file) load(c *kong.Context) error {
	for _, flag := range c.Flags() {
		if flag.Name == "config-file" {
			f.path, _ = c.FlagValue(flag).(string)
		}
	}
	if f.path == "" {
		return nil
	}
	opened, err := os.Open(f.path)
	if err != nil {
		return fmt.Errorf("the settings file: %w", err)
	}
	defer func() { _ = opened.Close() }()
	if f.values, err = readSettings(io.LimitReader(opened, maxFileBytes)); err != nil {
		return fmt.Errorf("%s: %w", f.path, err)
	}
	return nil
}

// readSettings reads settings from YAML: names with scalars, or with lists of them, which are joined by commas. Scalars
// are taken as they are written, as in an environment variable.
func readSettings(r io.Reader) (map[string]string, error) {
	var nodes map[string]yaml.Node
	if err := yaml.NewDecoder(r).Decode(&nodes); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("it must have one setting a line, such as http-addr: 127.0.0.1:8080: %w", err)
	}
	values := make(map[string]string, len(nodes))
	for name, node := range nodes {
		scalars := []*yaml.Node{&node}
		if node.Kind == yaml.SequenceNode {
			scalars = node.Content
		}
		texts := make([]string, len(scalars))
		for i, scalar := range scalars {
			if scalar.Kind != yaml.ScalarNode {
				return nil, fmt.Errorf("line %d: %s must be a value or a list of values", scalar.Line, name)
			}
			texts[i] = scalar.Value
		}
		values[name] = strings.Join(texts, ",")
	}
	return values, nil
}

// variableOf returns the environment variable that sets a flag; "" if none does.
func variableOf(flag *kong.Flag) string {
	for _, name := range flag.Tag.Envs {
		if os.Getenv(name) != "" {
			return name
		}
	}
	return ""
}
