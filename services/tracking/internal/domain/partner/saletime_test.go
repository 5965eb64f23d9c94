package partner_test

import (
	"strings"
	"testing"
	"time"
)

func TestSaleTimes(t *testing.T) {
	at := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	for _, value := range []string{
		"2026-11-01T12:00:00Z", "2026-11-01t12:00:00z", "2026-11-01 12:00:00Z", "2026-11-01 12:00:00 Z", "2026-11-01T14:00:00%2B02:00", "2026-11-01T14:00:00%252B02:00",
		"2026-11-01T14:00:00 02:00", "2026-11-01T14:00:00+02:00", "2026-11-01 14:00:00 02:00", "2026-11-01T14:00:00 0200", "2026-11-01T14:00:00%2B0200", "2026-11-01T14:00:00 02",
		"2026-11-01t07:00:00-05:00", "2026-11-01 07:00:00 -05:00", "2026-11-01T14:00:00.000 02:00", "1793534400", "1793534400.0",
	} {
		if r, err := parse(t, "timestamp="+value); err != nil || !r.Time.Equal(at) || r.Warnings != nil {
			t.Errorf("%s: got %s, %v, warnings %q", value, r.Time, err, r.Warnings)
		}
	}
	if r, err := parse(t, "timestamp=1793534400.1239"); err != nil || !r.Time.Equal(at.Add(123*time.Millisecond)) {
		t.Errorf("a fraction: got %s, %v", r.Time, err)
	}
	for value, want := range map[string]string{
		"1793534400000":             "1793534400000 is in milliseconds; send seconds: 1793534400",
		"1793534400000.5":           "is in milliseconds",
		"1793534400000000":          "is in microseconds; send seconds: 1793534400",
		"1793534400000000000":       "is in nanoseconds; send seconds: 1793534400",
		"99999999999999999999":      "neither RFC 3339",
		"1.2.3":                     "neither RFC 3339",
		"2026-11-01T12:00:00":       "does not say in which time zone",
		"2026-11-01 12:00:00":       "does not say in which time zone",
		"2026-11-01":                "neither RFC 3339",
		"01.11.2026":                "neither RFC 3339",
		"2026-11-01T12:00:00 CET":   "neither RFC 3339",
		"2026-11-01T14:00:00  02:0": "neither RFC 3339",
	} {
		if _, err := parse(t, "timestamp="+value); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", value, err, want)
		}
	}
}
