package command_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/couponlink/couponlink/services/internal/command"
	"github.com/couponlink/couponlink/services/internal/settings"
)

type fileConfig struct {
	HTTPAddr string `env:"COUPONLINK_TEST_HTTP_ADDR" name:"http-addr" default:"127.0.0.1:8080" help:"Where."`
	Demo     bool   `env:"COUPONLINK_TEST_DEMO" help:"Samples."`
	Most     int    `env:"COUPONLINK_TEST_MOST" default:"5" help:"How many."`
	settings.Storage
	settings.TrustedProxies
	settings.TimeZone
}

func settingsFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "couponlink.yaml")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestSettingsFile checks that flags win over variables, these over the file, and the file over defaults.
func TestSettingsFile(t *testing.T) {
	path := settingsFile(t, "http-addr: :1\nmost: 7\ndemo: true\ntrusted-proxies: [10.0.0.0/8, loopback]\ntime-zone: Europe/Berlin\n")
	t.Setenv("COUPONLINK_CONFIG_FILE", path)
	t.Setenv("COUPONLINK_TEST_MOST", "8")
	var cfg fileConfig
	if err := command.Parse("x", "X.", &cfg, []string{"--http-addr", ":2"}); err != nil {
		t.Fatal(err)
	}
	if cfg.HTTPAddr != ":2" || cfg.Most != 8 || !cfg.Demo || cfg.TrustedProxies.TrustedProxies != "10.0.0.0/8,loopback" || cfg.TimeZone.TimeZone != "Europe/Berlin" {
		t.Errorf("%+v", cfg)
	}
	t.Setenv("COUPONLINK_TEST_MOST", "")
	cfg = fileConfig{}
	if err := command.Parse("x", "X.", &cfg, []string{"--config-file", settingsFile(t, "")}); err != nil || cfg.Most != 5 {
		t.Errorf("an empty file: %+v, %v", cfg, err)
	}
}

func TestBadSettingsFiles(t *testing.T) {
	for name, c := range map[string]struct{ content, says string }{
		"an unknown name":    {"htp-addr: :1\n", "htp-addr is no setting"},
		"a file in a file":   {"config-file: x\n", "config-file is no setting"},
		"a name twice":       {"most: 1\nmost: 2\n", `"most" already defined`},
		"a value of no kind": {"most: {a: 1}\n", "line 1: most must be a value or a list"},
		"a wrong value":      {"most: many\n", "--most"},
		"no settings":        {"- a\n", "one setting a line"},
	} {
		var cfg fileConfig
		if err := command.Parse("x", "X.", &cfg, []string{"--config-file", settingsFile(t, c.content)}); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
	var cfg fileConfig
	if err := command.Parse("x", "X.", &cfg, []string{"--config-file", "/nowhere/x.yaml"}); err == nil || !strings.Contains(err.Error(), "/nowhere/x.yaml") {
		t.Errorf("no file: %v", err)
	}
}

func TestDescribe(t *testing.T) {
	path := settingsFile(t, "time-zone: Mars\n")
	t.Setenv("COUPONLINK_TEST_MOST", "8")
	var out bytes.Buffer
	var cfg fileConfig
	err := command.Describe(&out, "x config", "X.", &cfg, []string{"--config-file", path, "--database-url", "mongodb://jo:hush@db.example/"})
	if err == nil || !strings.Contains(err.Error(), "Mars") {
		t.Errorf("a wrong time zone: %v", err)
	}
	words := strings.Join(strings.Fields(out.String()), " ")
	for _, want := range []string{
		"most 8 COUPONLINK_TEST_MOST", "time-zone Mars " + path, "http-addr 127.0.0.1:8080 default", "database-url mongodb://jo:xxxxx@db.example/ flag",
	} {
		if !strings.Contains(words, want) {
			t.Errorf("%q is missing in:\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "hush") {
		t.Error("the password is printed")
	}
}
