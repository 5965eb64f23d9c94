package requestid_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/couponlink/couponlink/services/internal/requestid"
)

func TestOf(t *testing.T) {
	t.Parallel()
	longest := strings.Repeat("x", 128)
	for _, sent := range []string{"a", "7f0c-5d1e/8a:3b", longest} {
		if got := requestid.Of([]string{sent}); got != sent {
			t.Errorf("%q becomes %q", sent, got)
		}
	}
	for _, sent := range [][]string{nil, {""}, {longest + "x"}, {"a b"}, {"a\nb"}, {"ü"}, {"\x7f"}, {"a", "b"}} {
		if got := requestid.Of(sent); uuid.Validate(got) != nil {
			t.Errorf("%q becomes %q, want a new id", sent, got)
		}
	}
}

func TestSent(t *testing.T) {
	t.Parallel()
	if got := requestid.Sent(t.Context()); got != "" {
		t.Errorf("a context without an id has %q", got)
	}
	if got := requestid.Sent(requestid.Outgoing(t.Context(), "r-1")); got != "r-1" {
		t.Errorf("got %q", got)
	}
}
