package delivery

import "time"

const (
	// openAfter is how many failures in a row open a circuit.
	openAfter = 5
	// firstProbe is the time until an open circuit is tried. The time doubles with each failure, up to
	// lastProbe.
	firstProbe = 5 * time.Second
	lastProbe  = time.Minute
)

// circuit says whether an endpoint is called: as usual while it is closed, not at all while it is open,
// and one call at a time once it may be tried. The zero circuit is closed.
type circuit struct {
	// failures counts those in a row while the circuit is closed.
	failures int
	// pause is zero while the circuit is closed, else how long it stays open after a failure.
	pause time.Duration
	until time.Time
}

// isOpen says whether nothing but a probe may be called.
func (c *circuit) isOpen() bool { return c.pause > 0 }

// allowed returns how many calls may be under way at a time.
func (c *circuit) allowed(now time.Time) int {
	switch {
	case !c.isOpen():
		return laneCalls
	case now.Before(c.until):
		return 0
	default:
		return 1
	}
}

// succeeded notes a success, and says whether it closed the circuit.
func (c *circuit) succeeded() (closed bool) {
	closed = c.isOpen()
	*c = circuit{}
	return closed
}

// failed notes the failure of a call, and says whether it opened the circuit or keeps it open. probe says
// that the call was made while the circuit was open: what began before says nothing new.
func (c *circuit) failed(now time.Time, probe bool) (opened bool) {
	switch {
	case c.isOpen() && !probe:
		return false
	case c.isOpen():
		c.pause = min(2*c.pause, lastProbe)
	default:
		if c.failures++; c.failures < openAfter {
			return false
		}
		c.pause = firstProbe
	}
	c.until = now.Add(c.pause)
	return true
}
