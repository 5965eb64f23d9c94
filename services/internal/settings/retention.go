package settings

import (
	"fmt"
	"time"
)

// defaultRetention is the default of Retention.
const defaultRetention = 90 * 24 * time.Hour

// Retention says how long the journal keeps postbacks.
type Retention struct {
	PostbackRetention time.Duration `env:"COUPONLINK_POSTBACK_RETENTION" name:"postback-retention" default:"2160h" placeholder:"DURATION" help:"How long the journal keeps a postback, such as 2160h, which is 90 days (${default})."`
}

// Postbacks returns how long the journal keeps postbacks.
func (r Retention) Postbacks() (time.Duration, error) {
	switch {
	case r.PostbackRetention == 0:
		return defaultRetention, nil
	case r.PostbackRetention < 24*time.Hour || r.PostbackRetention > 10*365*24*time.Hour:
		return 0, fmt.Errorf("COUPONLINK_POSTBACK_RETENTION is %s; it must be from 24h to 87600h", r.PostbackRetention)
	default:
		return r.PostbackRetention, nil
	}
}
