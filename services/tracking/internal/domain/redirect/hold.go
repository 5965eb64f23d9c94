package redirect

import (
	"time"
)

// Hold is an instance's exclusive right to work on a scan. It ends at Until, or when the scan ends.
type Hold struct {
	// Scan is the scan's id.
	Scan string
	// Holder is the hold's own name; no two holds have the same.
	Holder string
	Until  time.Time
}
