package redirect

import (
	"time"
)

// Hold is the right to go on with a scan until a time. Whoever has it loses it when that has passed, or
// when the scan ends.
type Hold struct {
	// Scan is the scan's id.
	Scan string
	// Holder is the hold's own name: no two have the same.
	Holder string
	Until  time.Time
}
