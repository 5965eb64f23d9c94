// Package settings has the settings that several binaries share, as flags and environment variables with the same names
// everywhere. It parses and validates them.
//
// The services' wiring may import it; of our packages it imports outbound and readiness.
package settings

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/couponlink/couponlink/services/internal/readiness"
)

// Storage says where a service stores its data.
type Storage struct {
	DataDir         string `env:"COUPONLINK_DATA_DIR" default:"./data" placeholder:"DIR" help:"Directory of the embedded database and of a generated admin key (${default})."`
	DatabaseURL     string `env:"COUPONLINK_DATABASE_URL" name:"database-url" placeholder:"URL" help:"sqlite:DIR for the embedded database, or mongodb://... or mongodb+srv://... for a MongoDB replica set or sharded cluster. Default: MONGODB_URI if that is set, else sqlite in the data directory."`
	DatabaseURLFile string `env:"COUPONLINK_DATABASE_URL_FILE" name:"database-url-file" placeholder:"FILE" help:"File that holds the database URL, instead of the URL itself."`
	SQLiteExclusive bool   `env:"COUPONLINK_SQLITE_EXCLUSIVE" name:"sqlite-exclusive" help:"Keep other programs from reading the embedded databases while they are open. The process can then answer while the file system is frozen."`
	MongoDBURI      string `env:"MONGODB_URI" name:"mongodb-uri" placeholder:"URL" help:"MongoDB connection string, used if no database URL is set."`
}

// Database says where data is stored. Either SQLiteDir or MongoDBURI is set.
type Database struct {
	// SQLiteDir is the directory of the SQLite files.
	SQLiteDir string
	// SQLiteExclusive keeps other programs from reading the SQLite files.
	SQLiteExclusive bool
	// MongoDBURI is a MongoDB connection string.
	MongoDBURI string
}

// Dependencies returns the dependencies of a process that stores its data in d. ping returns nil, or why data cannot be
// written.
func (d Database) Dependencies(ping func(context.Context) error) []readiness.Dependency {
	store := readiness.Dependency{Name: "store", Look: ping}
	if d.SQLiteDir == "" {
		return []readiness.Dependency{store}
	}
	return []readiness.Dependency{store, readiness.Disk(d.SQLiteDir)}
}

// String says where the data is, without credentials.
func (d Database) String() string {
	if d.SQLiteDir != "" {
		return "sqlite:" + d.SQLiteDir
	}
	u, err := url.Parse(d.MongoDBURI)
	if err != nil {
		return "mongodb"
	}
	return u.Scheme + "://" + u.Host
}

// Database returns the database that the settings name. The error names the wrong setting.
func (s Storage) Database() (Database, error) {
	given, err := oneOf("COUPONLINK_DATABASE_URL", s.DatabaseURL, s.DatabaseURLFile)
	if err != nil {
		return Database{}, err
	}
	switch {
	case given == "" && s.MongoDBURI != "":
		given = s.MongoDBURI
	case given == "" && s.DataDir == "":
		return Database{}, errors.New("COUPONLINK_DATA_DIR is empty: give a directory, or a COUPONLINK_DATABASE_URL")
	case given == "":
		return Database{SQLiteDir: s.DataDir, SQLiteExclusive: s.SQLiteExclusive}, nil
	}
	database, err := ParseDatabase("COUPONLINK_DATABASE_URL", given)
	database.SQLiteExclusive = s.SQLiteExclusive && database.SQLiteDir != ""
	return database, err
}

// ParseDatabase parses a database URL. name is the setting's name, for errors.
func ParseDatabase(name, given string) (Database, error) {
	if dir, ok := strings.CutPrefix(given, "sqlite:"); ok {
		if dir == "" {
			return Database{}, fmt.Errorf("%s is sqlite: without a directory", name)
		}
		return Database{SQLiteDir: dir}, nil
	}
	if strings.HasPrefix(given, "mongodb://") || strings.HasPrefix(given, "mongodb+srv://") {
		return Database{MongoDBURI: given}, nil
	}
	// The error does not repeat the value, which may have a password.
	return Database{}, fmt.Errorf("%s must begin with sqlite:, mongodb:// or mongodb+srv://", name)
}

// oneOf returns a setting that is given as a value or in a file. It returns an error if both are given.
func oneOf(name, value, file string) (string, error) {
	switch {
	case file == "":
		return strings.TrimSpace(value), nil
	case value != "":
		return "", fmt.Errorf("both %s and %s_FILE are set: give one of them", name, name)
	}
	content, err := os.ReadFile(file) //nolint:gosec // the operator names the file
	if err != nil {
		return "", fmt.Errorf("reading %s_FILE: %w", name, err)
	}
	value = strings.TrimSpace(string(content))
	if value == "" {
		return "", fmt.Errorf("%s_FILE: %s is empty", name, file)
	}
	return value, nil
}

// Check returns what is wrong with the settings.
func (s Storage) Check() error { _, err := s.Database(); return err }
