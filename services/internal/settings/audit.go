package settings

import (
	"fmt"
	"time"
)

// Audit says how long the coupon service keeps audit entries.
type Audit struct {
	AuditRetention time.Duration `env:"COUPONLINK_AUDIT_RETENTION" name:"audit-retention" default:"9600h" placeholder:"DURATION" help:"How long the record of who changed what is kept, at least 24h, such as 9600h, which is 400 days; 0 for good (${default})."`
}

// Entries returns how long entries are kept; 0 for good.
func (a Audit) Entries() (time.Duration, error) {
	if a.AuditRetention != 0 && a.AuditRetention < 24*time.Hour {
		return 0, fmt.Errorf("COUPONLINK_AUDIT_RETENTION is %s; it must be 0 or at least 24h", a.AuditRetention)
	}
	return a.AuditRetention, nil
}
