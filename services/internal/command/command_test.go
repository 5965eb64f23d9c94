package command_test

import (
	"strings"
	"testing"

	"github.com/couponlink/couponlink/services/internal/command"
	"github.com/couponlink/couponlink/services/internal/settings"
)

type config struct {
	HTTPAddr string `env:"COUPONLINK_TEST_HTTP_ADDR" name:"http-addr" default:"127.0.0.1:8080" help:"Where."`
	Demo     bool   `env:"COUPONLINK_TEST_DEMO" help:"Samples."`
	settings.AdminKey
	Hook func() `kong:"-"`
}

func TestParse(t *testing.T) {
	t.Setenv("COUPONLINK_TEST_DEMO", "1")
	t.Setenv("COUPONLINK_ADMIN_KEY", "from-the-environment")
	var cfg config
	if err := command.Parse("x", "X.", &cfg, nil); err != nil {
		t.Fatal(err)
	}
	if cfg.HTTPAddr != "127.0.0.1:8080" || !cfg.Demo || cfg.AdminKey.AdminKey != "from-the-environment" {
		t.Errorf("%+v", cfg)
	}
	t.Setenv("COUPONLINK_TEST_HTTP_ADDR", ":1")
	cfg = config{}
	if err := command.Parse("x", "X.", &cfg, []string{"--http-addr", ":2"}); err != nil || cfg.HTTPAddr != ":2" {
		t.Errorf("a flag does not win over the environment: %+v, %v", cfg, err)
	}
	if err := command.Parse("x", "X.", &cfg, []string{"--nonsense"}); err == nil || !strings.Contains(err.Error(), "--nonsense") {
		t.Errorf("an unknown flag: %v", err)
	}
	if err := command.Parse("x", "X.", &cfg, []string{"--admin-key=0123456789abcdef"}); err == nil || !strings.Contains(err.Error(), "--admin-key") {
		t.Errorf("a key on the command line: %v", err)
	}
	t.Setenv("COUPONLINK_TEST_HTTP_ADDR", "")
	t.Setenv("COUPONLINK_TEST_DEMO", "")
	cfg = config{}
	if err := command.Parse("x", "X.", &cfg, nil); err != nil || cfg.HTTPAddr != "127.0.0.1:8080" || cfg.Demo {
		t.Errorf("an empty variable is not the default: %+v, %v", cfg, err)
	}
}
