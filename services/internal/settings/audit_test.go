package settings_test

import (
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/settings"
)

func TestAuditRetention(t *testing.T) {
	for given, ok := range map[time.Duration]bool{0: true, 24 * time.Hour: true, 9600 * time.Hour: true, time.Hour: false, -time.Hour: false} {
		if got, err := (settings.Audit{AuditRetention: given}).Entries(); (err == nil) != ok || ok && got != given {
			t.Errorf("%s: got %s, %v", given, got, err)
		}
	}
}
