package partner

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// millisFrom is the first unix time that cannot be in seconds: it would be in the year 5138.
const millisFrom = 100_000_000_000

func setTime(r *domain.Report, value string, now time.Time) error {
	t, err := parseTime(value)
	if err != nil {
		return err
	}
	r.Time = t.UTC().Truncate(time.Millisecond)
	return CheckSaleTime(t, now)
}

// CheckSaleTime returns an error if a sale reported now cannot have happened at t.
func CheckSaleTime(t, now time.Time) error {
	if t.Sub(now) > domain.ClockSkew {
		return fmt.Errorf("the time is in the future; it may be at most 5 minutes ahead")
	}
	if t.Year() < 2000 {
		return fmt.Errorf("the time is before the year 2000")
	}
	return nil
}

// CheckUnixSeconds returns an error if a Unix time is not in seconds but in a smaller unit.
func CheckUnixSeconds(sent int64) error {
	if sent < millisFrom {
		return nil
	}
	unit, seconds := "milliseconds", sent/1000
	switch {
	case sent >= millisFrom*1_000_000:
		unit, seconds = "nanoseconds", sent/1_000_000_000
	case sent >= millisFrom*1000:
		unit, seconds = "microseconds", sent/1_000_000
	}
	return fmt.Errorf("%d is in %s; send seconds: %d", sent, unit, seconds)
}

// parseTime parses Unix seconds, with an optional fraction, or RFC 3339. It accepts common variants of the
// latter: lower case, a space for the T, an offset without its colon, and a + that arrived as a space.
func parseTime(value string) (time.Time, error) {
	if strings.Trim(value, "0123456789.") == "" {
		return parseUnix(value)
	}
	text := strings.ToUpper(unescape(value))
	if len(text) > 10 && text[10] == ' ' {
		text = text[:10] + "T" + text[11:]
	}
	if day, offset, ok := strings.Cut(text, " "); ok {
		if offset != "" && offset[0] >= '0' && offset[0] <= '9' {
			offset = "+" + offset
		}
		text = day + offset
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05Z07"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	if _, err := time.Parse("2006-01-02T15:04:05", text); err == nil {
		return time.Time{}, fmt.Errorf("%q does not say in which time zone; add Z or an offset, such as +02:00", value)
	}
	return time.Time{}, fmt.Errorf("%q is neither RFC 3339, such as 2026-11-01T12:00:00Z, nor unix seconds", value)
}

func parseUnix(value string) (time.Time, error) {
	whole, fraction, _ := strings.Cut(value, ".")
	seconds, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || strings.Contains(fraction, ".") {
		return time.Time{}, fmt.Errorf("%q is neither RFC 3339, such as 2026-11-01T12:00:00Z, nor unix seconds", value)
	}
	if err := CheckUnixSeconds(seconds); err != nil {
		return time.Time{}, err
	}
	millis, _ := strconv.ParseInt((fraction + "000")[:3], 10, 64) // milliseconds have three digits
	return time.Unix(seconds, millis*int64(time.Millisecond)), nil
}
