package settings

import (
	"fmt"
	"time"

	"github.com/couponlink/couponlink/services/internal/lifecycle"
)

const (
	// defaultDrain is how long a separate service keeps serving: as long as load balancers usually take to notice that
	// it is not ready.
	defaultDrain   = 5 * time.Second
	defaultTimeout = 20 * time.Second
	// maxStop bounds both settings.
	maxStop = time.Hour
)

// Stop says how a process stops.
type Stop struct {
	Drain       string        `env:"COUPONLINK_DRAIN" name:"drain" placeholder:"DURATION" help:"How long to keep serving after SIGTERM, while reporting not ready, so that load balancers stop sending requests first, such as 5s (5s for a service alone, 0s for everything in one process)."`
	StopTimeout time.Duration `env:"COUPONLINK_STOP_TIMEOUT" name:"stop-timeout" default:"20s" placeholder:"DURATION" help:"How long requests and deliveries under way then have to finish; a supervisor must wait longer than both together before it kills the process (${default})."`
}

// Of returns how to stop. A process that serves everything has no drain by default.
func (s Stop) Of(isEverything bool) (lifecycle.Stop, error) {
	stop := lifecycle.Stop{Drain: defaultDrain, Timeout: s.StopTimeout}
	if isEverything {
		stop.Drain = 0
	}
	var err error
	if s.Drain != "" {
		if stop.Drain, err = time.ParseDuration(s.Drain); err != nil || stop.Drain < 0 || stop.Drain > maxStop {
			return stop, fmt.Errorf("COUPONLINK_DRAIN is %q; it must be a duration from 0s to 1h, such as 5s", s.Drain)
		}
	}
	if stop.Timeout == 0 {
		stop.Timeout = defaultTimeout
	}
	if stop.Timeout < time.Second || stop.Timeout > maxStop {
		return stop, fmt.Errorf("COUPONLINK_STOP_TIMEOUT is %s; it must be from 1s to 1h", s.StopTimeout)
	}
	return stop, nil
}

// Check returns what is wrong with the settings.
func (s Stop) Check() error { _, err := s.Of(false); return err }
