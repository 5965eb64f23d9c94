package doorlog_test

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/doorlog"
)

func TestRefusedIsSampled(t *testing.T) {
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	var out strings.Builder
	doors := doorlog.New(slog.New(slog.NewTextHandler(&out, nil)), func() time.Time { return now })
	for range 100 {
		doors.Refused(t.Context(), doorlog.WrongKey, "203.0.113.7")
	}
	if n := strings.Count(out.String(), "event=WRONG_KEY"); n != 20 {
		t.Errorf("of 100 at once %d are logged, want 20", n)
	}
	out.Reset()
	doors.Refused(t.Context(), doorlog.FailedLogin, "203.0.113.7", slog.String("path", "/x"))
	if got := out.String(); !strings.Contains(got, "level=WARN") || !strings.Contains(got, "event=FAILED_LOGIN client=203.0.113.7 path=/x\n") {
		t.Errorf("another event: %s", got)
	}
	out.Reset()
	now = now.Add(time.Second)
	for range 2 {
		doors.Refused(t.Context(), doorlog.WrongKey, "203.0.113.8")
	}
	if got := out.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "unlogged=80") {
		t.Errorf("a second later: %s", got)
	}
}
