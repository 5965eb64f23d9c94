package settings

import (
	"fmt"
	"time"
	_ "time/tzdata" // for systems without time zones, such as containers
)

// TimeZone is the time zone of the program's days.
type TimeZone struct {
	TimeZone string `env:"COUPONLINK_TIME_ZONE" name:"time-zone" default:"UTC" placeholder:"ZONE" help:"The program's time zone, such as Europe/Berlin: by its days coupons start and expire, their daily limits count, and reports add up (${default})."`
}

// Zone returns the time zone.
func (t TimeZone) Zone() (*time.Location, error) {
	zone, err := time.LoadLocation(t.TimeZone)
	if err != nil || t.TimeZone == "Local" {
		return nil, fmt.Errorf("COUPONLINK_TIME_ZONE %q is not a time zone such as Europe/Berlin", t.TimeZone)
	}
	return zone, nil
}

// Check returns what is wrong with the setting.
func (t TimeZone) Check() error { _, err := t.Zone(); return err }
