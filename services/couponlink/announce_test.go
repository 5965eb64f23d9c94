package couponlink_test

import (
	"strings"
	"testing"

	"github.com/couponlink/couponlink/services/couponlink"
	"github.com/couponlink/couponlink/services/internal/settings"
)

// TestAnnounce checks that the key is shown only when it was just generated, and only on a terminal.
func TestAnnounce(t *testing.T) {
	const key = "a-key-that-opens-everything"
	for _, isTerminal := range []bool{false, true} {
		for _, isNew := range []bool{false, true} {
			var out strings.Builder
			couponlink.Announce(&out, isTerminal)(couponlink.Started{AdminKey: settings.KnownKey{Key: key, Place: "data/admin-key", IsNew: isNew}})
			if text := out.String(); strings.Contains(text, key) != (isTerminal && isNew) || !strings.Contains(text, "data/admin-key") {
				t.Errorf("terminal %v, new %v:\n%s", isTerminal, isNew, text)
			}
		}
	}
}
