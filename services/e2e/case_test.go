package e2e

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// caseFile is one file of cases, all about one subject.
type caseFile struct {
	// About says what the file's cases are about.
	About string     `yaml:"about"`
	Cases []testCase `yaml:"cases"`
}

// testCase is a named list of steps, independent of every other case.
type testCase struct {
	Name string `yaml:"name"`
	// Says is the sentence of the product's description or design that the case tests.
	Says  string `yaml:"says"`
	Steps []step `yaml:"steps"`
}

// step is an action and its expected result. Exactly one of Use, Call, HTTP, Set and Pause says what to do. Every
// string may contain ${variables}: see vars.
type step struct {
	// Why is for the reader.
	Why string `yaml:"why"`

	// Use runs the named fixture. With sets variables for it. But overrides fields in those of its requests that have
	// them.
	Use  string            `yaml:"use"`
	With map[string]string `yaml:"with"`
	But  map[string]any    `yaml:"but"`

	// Call is a method, `coupon.v1.CouponService/CreateCoupon`, called with Request (the JSON of the
	// request message) over gRPC or REST. Mask is the request's update_mask, in snake_case.
	Call    string         `yaml:"call"`
	Request map[string]any `yaml:"request"`
	Mask    []string       `yaml:"mask"`

	// HTTP is a method and a path or absolute URL: `GET /click?offer_id=10`. Form is sent as a form.
	HTTP    string            `yaml:"http"`
	Headers map[string]string `yaml:"headers"`
	Form    map[string]string `yaml:"form"`
	Body    string            `yaml:"body"`

	// Set sets variables for the steps that follow.
	Set map[string]string `yaml:"set"`
	// Pause waits, for instance `2s`.
	Pause string `yaml:"pause"`

	// Auth is the authorization to send; `none` sends none. The default is the admin key, for calls and for paths under
	// /v1.
	Auth string `yaml:"auth"`
	// Over restricts a call to one transport, `grpc` or `rest`. The other leaves the step out.
	Over string `yaml:"over"`
	// Eventually repeats the step until it succeeds, for at most this time: some answers come from a cache for a while.
	Eventually string `yaml:"eventually"`

	expectation `yaml:",inline"`

	// Save sets variables from the answer's JSON, by path: `coupons.0.name`.
	Save map[string]string `yaml:"save"`
	// Capture sets variables from the answer's headers: `Location: cid=([0-9a-f-]+)`.
	Capture map[string]string `yaml:"capture"`

	// enter and leave mark the ends of a fixture. They have the variables set for it.
	enter, leave map[string]string
	// collect receives the answer's JSON, in steps written in Go.
	collect func(value any) error
}

// expectation is the expected result of a step. Fields that are left out may be anything, except that Code defaults to
// OK and Status to 200.
type expectation struct {
	// Code is a call's gRPC code. Over REST the HTTP status is checked as well.
	Code string `yaml:"code"`
	// Reason is the ErrorInfo's reason.
	Reason string `yaml:"reason"`
	// Field is the field of a BadRequest violation.
	Field string `yaml:"field"`
	// Fields are other fields that the same answer must name.
	Fields []string `yaml:"fields"`
	// Description is matched with that violation's description.
	Description string `yaml:"description"`
	// Message is matched with the error's message.
	Message string `yaml:"message"`
	// Metadata is matched with the ErrorInfo's metadata.
	Metadata map[string]any `yaml:"metadata"`

	// Status is the HTTP status of an http step.
	Status int `yaml:"status"`
	// Header is matched with the answer's headers.
	Header map[string]any `yaml:"header"`
	// Text is matched with the whole body of an http step.
	Text string `yaml:"text"`

	// Response is matched with the answer's JSON: see match.
	Response any `yaml:"response"`
}

// suite has all cases, and their fixtures.
type suite struct {
	files    map[string]caseFile
	fixtures map[string][]step
}

// loadSuite reads all case files.
func loadSuite(t *testing.T) suite {
	t.Helper()
	s := suite{files: map[string]caseFile{}}
	decodeYAML(t, filepath.Join("testdata", "fixtures.yaml"), &s.fixtures)
	paths, err := filepath.Glob(filepath.Join("testdata", "cases", "*.yaml"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("finding case files: %d found, %v", len(paths), err)
	}
	for _, path := range paths {
		var file caseFile
		decodeYAML(t, path, &file)
		if len(file.Cases) == 0 {
			t.Fatalf("%s has no cases", path)
		}
		s.files[strings.TrimSuffix(filepath.Base(path), ".yaml")] = file
	}
	return s
}

func decodeYAML(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(into); err != nil {
		t.Fatalf("reading %s: %v", path, err)
	}
}

// flatten returns the steps with each use of a fixture replaced by the fixture's steps.
func (s suite) flatten(steps []step) ([]step, error) {
	var flat []step
	for _, st := range steps {
		if st.Use == "" {
			flat = append(flat, st)
			continue
		}
		fixture, ok := s.fixtures[st.Use]
		if !ok {
			return nil, fmt.Errorf("there is no fixture %q", st.Use)
		}
		flat = append(flat, step{enter: st.With})
		inner, err := s.flatten(fixture)
		if err != nil {
			return nil, err
		}
		for _, f := range inner {
			if hasKeys(f.Request, st.But) {
				f.Request = merge(f.Request, st.But)
			}
			flat = append(flat, f)
		}
		flat = append(flat, step{leave: st.With})
	}
	return flat, nil
}

func hasKeys(m, keys map[string]any) bool {
	for key := range keys {
		if _, ok := m[key]; !ok {
			return false
		}
	}
	return len(keys) > 0
}

// merge returns base with over's values, recursively in maps.
func merge(base, over map[string]any) map[string]any {
	merged := maps.Clone(base)
	for key, value := range over {
		inner, isMap := value.(map[string]any)
		if old, ok := merged[key].(map[string]any); ok && isMap {
			merged[key] = merge(old, inner)
			continue
		}
		merged[key] = value
	}
	return merged
}
