package settings

import (
	"errors"
	"fmt"
	"time"
)

const (
	// defaultRetention is the default for postbacks.
	defaultRetention = 90 * 24 * time.Hour
	// maxClickRetention is the default for clicks and the most: the longest click window is a year.
	maxClickRetention = 400 * 24 * time.Hour
)

// Retention says how long the journal keeps postbacks, and how long clicks are kept.
type Retention struct {
	ClickRetention    time.Duration `env:"COUPONLINK_CLICK_RETENTION" name:"click-retention" default:"9600h" placeholder:"DURATION" help:"How long clicks are kept, from 168h to 9600h, which is 400 days. A sale that comes later is UNKNOWN_CLICK, whatever its offer's click window (${default})."`
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

// Clicks returns how long clicks are kept.
func (r Retention) Clicks() (time.Duration, error) {
	switch {
	case r.ClickRetention == 0:
		return maxClickRetention, nil
	case r.ClickRetention < 7*24*time.Hour || r.ClickRetention > maxClickRetention:
		return 0, fmt.Errorf("COUPONLINK_CLICK_RETENTION is %s; it must be from 168h to 9600h", r.ClickRetention)
	default:
		return r.ClickRetention, nil
	}
}

// Check returns what is wrong with the settings.
func (r Retention) Check() error {
	_, postbacks := r.Postbacks()
	_, clicks := r.Clicks()
	return errors.Join(postbacks, clicks)
}
