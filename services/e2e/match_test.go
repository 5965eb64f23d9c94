package e2e

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
)

// match returns how got, decoded JSON, differs from want; nil if it matches. want is a subset:
//
//	a map       its keys are matched; others may exist
//	a list      has the same length, and each element matches
//	~regexp     matches a text
//	!present    exists and is not a zero value
//	!absent     does not exist, or is a zero value: "", 0, false, null, [], {} or an enum's ..._UNSPECIFIED
//	{"!len": n, "!has": […], "!lacks": […]}  a list of length n, with an element that matches each, and without
//
// A zero value in want matches a missing one, since JSON may leave it out. Texts that are times match if they are the
// same instant.
func match(want, got any) error {
	switch want := want.(type) {
	case nil:
		return nil
	case map[string]any:
		return matchMap(want, got)
	case []any:
		list, ok := got.([]any)
		if !ok && got != nil || len(list) != len(want) {
			return fmt.Errorf("is %s, not a list of %d", show(got), len(want))
		}
		for i := range want {
			if err := match(want[i], list[i]); err != nil {
				return fmt.Errorf("[%d] %w", i, err)
			}
		}
		return nil
	case string:
		return matchText(want, got)
	default:
		if fmt.Sprint(want) == fmt.Sprint(got) || isZero(want) && isZero(got) {
			return nil
		}
		return fmt.Errorf("is %s, not %v", show(got), want)
	}
}

func matchMap(want map[string]any, got any) error {
	list, isList := got.([]any)
	object, isObject := got.(map[string]any)
	for key, value := range want {
		var err error
		switch {
		case !strings.HasPrefix(key, "!"):
			if !isObject {
				return fmt.Errorf("is %s, not an object", show(got))
			}
			if err = match(value, object[key]); err != nil {
				err = fmt.Errorf(".%s %w", key, err)
			}
		case got != nil && !isList:
			return fmt.Errorf("is %s, not a list", show(got))
		case key == "!len":
			if fmt.Sprint(len(list)) != fmt.Sprint(value) {
				err = fmt.Errorf("has %d elements, not %v: %s", len(list), value, show(got))
			}
		case key == "!has":
			err = matchAny(value, list, true)
		case key == "!lacks":
			err = matchAny(value, list, false)
		default:
			err = fmt.Errorf("unknown matcher %s", key)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// matchAny checks that an element of the list matches each wanted one or, unless present is set, that none does.
func matchAny(wanted any, list []any, present bool) error {
	each, ok := wanted.([]any)
	if !ok {
		return fmt.Errorf("!has and !lacks want a list, not %v", wanted)
	}
	for _, want := range each {
		found := false
		for _, got := range list {
			found = found || match(want, got) == nil
		}
		if found != present {
			return fmt.Errorf("found %s: %v, not %v, in %s", show(want), found, present, show(list))
		}
	}
	return nil
}

func matchText(want string, got any) error {
	pattern, isPattern := strings.CutPrefix(want, "~")
	text := ""
	if got != nil {
		text = fmt.Sprint(got)
	}
	switch {
	case want == "!present" && isZero(got):
		return fmt.Errorf("is not there")
	case want == "!absent" && !isZero(got):
		return fmt.Errorf("is %s, and should not be there", show(got))
	case want == "!present" || want == "!absent" || text == want || sameTime(text, want):
		return nil
	case !isPattern:
		return fmt.Errorf("is %s, not %q", show(got), want)
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return err
	}
	if !re.MatchString(text) {
		return fmt.Errorf("is %s, which does not match %s", show(got), pattern)
	}
	return nil
}

func sameTime(a, b string) bool {
	ta, errA := time.Parse(time.RFC3339, a)
	tb, errB := time.Parse(time.RFC3339, b)
	return errA == nil && errB == nil && ta.Equal(tb)
}

func isZero(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	default:
		text := fmt.Sprint(v)
		return text == "" || text == "0" || text == "false" || strings.HasSuffix(text, "_UNSPECIFIED")
	}
}

// show returns a value as JSON, shortened.
func show(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	const longest = 2000
	if len(text) > longest {
		return string(text[:longest]) + "…"
	}
	return string(text)
}

// at returns the value at a path such as `coupons.0.name`.
func at(value any, path string) (any, error) {
	for part := range strings.SplitSeq(path, ".") {
		switch v := value.(type) {
		case map[string]any:
			inner, ok := v[part]
			if !ok {
				return nil, fmt.Errorf("there is no %s (of %s) in %s", part, path, show(v))
			}
			value = inner
		case []any:
			var i int
			if _, err := fmt.Sscan(part, &i); err != nil || i < 0 || i >= len(v) {
				return nil, fmt.Errorf("there is no element %s (of %s) in %s", part, path, show(v))
			}
			value = v[i]
		default:
			return nil, fmt.Errorf("there is no %s in %s", path, show(v))
		}
	}
	return value, nil
}

func TestMatch(t *testing.T) {
	got := `{"code":"SALEXYZ20","valid":true,"n":3,"time":"2026-11-01T00:00:00.000Z","list":[{"a":1},{"a":2}],"money":{"units":"49"},"enum":"STATE_UNSPECIFIED"}`
	tests := []struct {
		want  string
		holds bool
	}{
		{`{"code":"SALEXYZ20"}`, true},
		{`{"code":"OTHER"}`, false},
		{`{"code":"~^SALE"}`, true},
		{`{"code":"~^XYZ"}`, false},
		{`{"code":"!present","none":"!absent"}`, true},
		{`{"none":"!present"}`, false},
		{`{"code":"!absent"}`, false},
		{`{"enum":"!absent"}`, true},
		{`{"enum":"!present"}`, false},
		{`{"valid":true,"n":3,"other":false,"text":"","many":[]}`, true},
		{`{"valid":false}`, false},
		{`{"n":4}`, false},
		{`{"n":0}`, false},
		{`{"time":"2026-11-01T01:00:00+01:00"}`, true},
		{`{"time":"2026-11-01T00:00:01Z"}`, false},
		{`{"list":[{"a":1},{"a":2}]}`, true},
		{`{"list":[{"a":1}]}`, false},
		{`{"list":[{"a":2},{"a":1}]}`, false},
		{`{"list":{"!len":2,"!has":[{"a":2}],"!lacks":[{"a":3}]}}`, true},
		{`{"list":{"!len":3}}`, false},
		{`{"list":{"!has":[{"a":3}]}}`, false},
		{`{"list":{"!lacks":[{"a":1}]}}`, false},
		{`{"none":{"!len":0}}`, true},
		{`{"money":{"units":"49"}}`, true},
		{`{"money":{"units":"50"}}`, false},
		{`{"code":{"units":"50"}}`, false},
	}
	for _, test := range tests {
		if err := match(decodeJSON(t, test.want), decodeJSON(t, got)); (err == nil) != test.holds {
			t.Errorf("match(%s): %v, should hold: %v", test.want, err, test.holds)
		}
	}
}

func decodeJSON(t *testing.T, text string) any {
	t.Helper()
	value, err := parseJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return value
}
