// Package deploy_test reads the files that deploy Couponlink, as far as that can be checked without a
// container engine. Nothing imports it.
package deploy_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

type composeService struct {
	ReadOnly    bool              `yaml:"read_only"`
	CapDrop     []string          `yaml:"cap_drop"`
	SecurityOpt []string          `yaml:"security_opt"`
	Ports       []string          `yaml:"ports"`
	Secrets     []string          `yaml:"secrets"`
	Networks    []string          `yaml:"networks"`
	Environment map[string]string `yaml:"environment"`
	Healthcheck struct {
		Test []string `yaml:"test"`
	} `yaml:"healthcheck"`
	DependsOn map[string]struct {
		Condition string `yaml:"condition"`
	} `yaml:"depends_on"`
}

type composeFile struct {
	Services map[string]composeService `yaml:"services"`
	Networks map[string]struct {
		Internal bool `yaml:"internal"`
	} `yaml:"networks"`
	Secrets map[string]struct {
		File string `yaml:"file"`
	} `yaml:"secrets"`
}

func TestComposeIsConfined(t *testing.T) {
	compose := readCompose(t)
	want := []string{"coupon", "gateway", "mongo", "tracking"}
	var got []string
	for name, service := range compose.Services {
		got = append(got, name)
		if !service.ReadOnly || !slices.Equal(service.CapDrop, []string{"ALL"}) ||
			!slices.Contains(service.SecurityOpt, "no-new-privileges:true") {
			t.Errorf("%s: want read_only, cap_drop ALL and no-new-privileges", name)
		}
		if len(service.Healthcheck.Test) == 0 {
			t.Errorf("%s has no health check", name)
		}
		if published := len(service.Ports) > 0; published != (name == "gateway") {
			t.Errorf("%s publishes %v; only the gateway is reachable from outside", name, service.Ports)
		}
		for _, network := range service.Networks {
			// The gateway is called from outside, and the tracking service calls publishers and shops.
			if !compose.Networks[network].Internal && name != "gateway" && name+network != "trackingout" {
				t.Errorf("%s is on %s, which is not internal", name, network)
			}
		}
	}
	if slices.Sort(got); !slices.Equal(got, want) {
		t.Errorf("services are %v, want %v", got, want)
	}
}

// A secret is never a value in the file, and each one that is mounted is declared and made.
func TestComposeSecretsAreFiles(t *testing.T) {
	compose, script := readCompose(t), read(t, "make-secrets")
	for name, service := range compose.Services {
		for variable, value := range service.Environment {
			if strings.Contains(variable, "PASSWORD") || strings.Contains(variable, "KEY") || strings.Contains(variable, "DATABASE_URL") {
				secret := strings.TrimPrefix(value, "/run/secrets/")
				if !strings.HasSuffix(variable, "_FILE") || !slices.Contains(service.Secrets, secret) {
					t.Errorf("%s: %s=%s is not the file of a secret that is mounted", name, variable, value)
				}
			}
		}
		for _, secret := range service.Secrets {
			if compose.Secrets[secret].File != "secrets/"+secret {
				t.Errorf("%s: secret %s is declared as %q", name, secret, compose.Secrets[secret].File)
			}
			if !strings.Contains(script, "\nkeep "+secret+" ") {
				t.Errorf("make-secrets does not make %s", secret)
			}
		}
	}
}

func TestComposeStartsInOrder(t *testing.T) {
	for name, service := range readCompose(t).Services {
		for other, dependency := range service.DependsOn {
			if dependency.Condition != "service_healthy" {
				t.Errorf("%s waits for %s to be %q, want service_healthy", name, other, dependency.Condition)
			}
		}
	}
}

// Every command of the image is one that exists.
func TestDockerfileBuildsCommands(t *testing.T) {
	commands := regexp.MustCompile(`\./services/\S+/cmd/\S+`).FindAllString(read(t, "Dockerfile"), -1)
	if len(commands) != 5 {
		t.Errorf("the image is built from %v, want five commands", commands)
	}
	for _, command := range commands {
		if _, err := os.Stat(filepath.Join("..", command, "main.go")); err != nil {
			t.Errorf("%s: %v", command, err)
		}
	}
}

// Actions run with the repository's rights: each is pinned to a whole version.
func TestWorkflowsArePinned(t *testing.T) {
	files, err := filepath.Glob("../.github/workflows/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("workflows: %v, %v", files, err)
	}
	pinned := regexp.MustCompile(`@v\d+\.\d+\.\d+$`)
	for _, file := range files {
		var workflow struct {
			Jobs map[string]struct {
				Steps []struct {
					Uses string `yaml:"uses"`
				} `yaml:"steps"`
			} `yaml:"jobs"`
		}
		decode(t, file, &workflow)
		if len(workflow.Jobs) == 0 {
			t.Errorf("%s has no jobs", file)
		}
		for name, job := range workflow.Jobs {
			for _, step := range job.Steps {
				if step.Uses != "" && !pinned.MatchString(step.Uses) {
					t.Errorf("%s, job %s: %s is not pinned to a version", file, name, step.Uses)
				}
			}
		}
	}
}

func readCompose(t *testing.T) composeFile {
	t.Helper()
	var compose composeFile
	decode(t, "compose.yaml", &compose)
	return compose
}

func decode(t *testing.T, file string, into any) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(read(t, file)), into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
