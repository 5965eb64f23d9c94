package format_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
	"github.com/couponlink/couponlink/services/internal/propertytest"
)

func TestMoney(t *testing.T) {
	for _, c := range []struct {
		code  string
		units int64
		nanos int32
		want  string
	}{
		{"USD", 1249, 900_000_000, "$1,249.90"},
		{"USD", 0, 0, "$0.00"},
		{"USD", 0, 1_000_000, "$0.001"},
		{"EUR", -12, -500_000_000, "-€12.50"},
		{"EUR", 0, -500_000_000, "-€0.50"},
		{"JPY", 1_000_000, 0, "¥1,000,000"},
		{"JPY", 1, 500_000_000, "¥1.50"},
		{"KWD", 1, 0, "1.000 KWD"},
		{"CHF", 3, 0, "3.00 CHF"},
		{"", 3, 0, ""},
	} {
		if got := format.Money(c.code, c.units, c.nanos); got != c.want {
			t.Errorf("Money(%q, %d, %d) is %q, want %q", c.code, c.units, c.nanos, got, c.want)
		}
	}
}

func TestLatency(t *testing.T) {
	for of, want := range map[time.Duration]string{
		0:                            "0.0 ms",
		340 * time.Microsecond:       "0.3 ms",
		9_949 * time.Microsecond:     "9.9 ms",
		9_950 * time.Microsecond:     "10 ms",
		42_600 * time.Microsecond:    "43 ms",
		1_249_700 * time.Microsecond: "1,250 ms",
	} {
		if got := format.Latency(of); got != want {
			t.Errorf("%s is %q, want %q", of, got, want)
		}
	}
}

func TestNumberKeepsItsDigits(t *testing.T) {
	propertytest.Check(t, func(t *rapid.T) {
		n := rapid.Int64().Draw(t, "n")
		text := format.Number(n)
		groups := strings.Split(strings.TrimPrefix(text, "-"), ",")
		for i, group := range groups {
			if len(group) != 3 && (i > 0 || len(group) > 3 || group == "") {
				t.Fatalf("%d is %q", n, text)
			}
		}
		if strings.ReplaceAll(text, ",", "") != strconv.FormatInt(n, 10) {
			t.Fatalf("%d is %q", n, text)
		}
	})
}

func TestTimesAreInTheZone(t *testing.T) {
	zone := time.FixedZone("far east", 9*60*60)
	late := time.Date(2026, 11, 22, 23, 30, 0, 0, time.UTC)
	for got, want := range map[string]string{
		format.Date(late, zone):           "23 Nov 2026",
		format.DateTime(late, zone):       "23 Nov 2026, 08:30",
		format.InputDate(late, zone):      "2026-11-23",
		format.Date(time.Time{}, zone):    "",
		format.Duration(30 * day):         "30 days",
		format.Duration(day):              "1 day",
		format.Duration(90 * time.Minute): "90 minutes",
		format.Duration(0):                "0 days",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

const day = 24 * time.Hour

func TestInUnitLosesNothing(t *testing.T) {
	propertytest.Check(t, func(t *rapid.T) {
		d := time.Duration(rapid.Int64Range(0, 1<<32).Draw(t, "seconds")) * time.Second
		n, unit := format.InUnit(d)
		for _, u := range format.Units() {
			if u.Name == unit && time.Duration(n)*u.Length != d {
				t.Fatalf("%v is %d %s", d, n, unit)
			}
		}
	})
}
