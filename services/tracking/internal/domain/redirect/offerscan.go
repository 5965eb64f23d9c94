package redirect

import (
	"slices"
	"strings"
	"time"
)

// OfferScanState says whether a scan of an offer's links is still running.
type OfferScanState string

// The states.
const (
	ScanRunning   OfferScanState = "RUNNING"
	ScanDone      OfferScanState = "DONE"
	ScanCancelled OfferScanState = "CANCELLED"
)

// Device is the kind of device that a scan pretends to use.
type Device string

// The devices.
const (
	Desktop Device = "DESKTOP"
	Phone   Device = "PHONE"
)

// OfferScan is a scan of all tracking links of an offer.
type OfferScan struct {
	// ID contains the time of creation, so ids sort by age.
	ID, Offer string
	State     OfferScanState
	Device    Device
	// Language is the Accept-Language header to send.
	Language string
	// LinkCount is how many links the offer had when the scan last looked.
	LinkCount int
	// ScannedCount counts the results, ErrorCount those whose worst problem is Grave, and WarningCount those
	// whose worst problem is Doubtful.
	ScannedCount, ErrorCount, WarningCount int
	CreateTime                             time.Time
	// EndTime is zero while it runs.
	EndTime time.Time
}

// OfferLink is a coupon and its tracking link.
type OfferLink struct {
	// Coupon is the coupon's resource name.
	Coupon       string
	TrackingLink string
}

// OfferScanResult is what a scan found about one link. A scan has at most one for each coupon.
type OfferScanResult struct {
	// Scan is the scan's id.
	Scan string
	OfferLink
	// Problems are the worst first.
	Problems []Problem
	FinalURL string
	HopCount int
	ScanTime time.Time
}

// NewOfferScanResult returns the result to store for the scan of one link. Bytes from outside that are not
// UTF-8 are replaced.
func NewOfferScanResult(scan string, link OfferLink, found Scan, now time.Time) OfferScanResult {
	text := func(others string) string { return strings.ToValidUTF8(others, "\uFFFD") }
	problems := slices.Clone(found.Problems)
	for i := range problems {
		problems[i].Message = text(problems[i].Message)
	}
	return OfferScanResult{
		Scan: scan, OfferLink: link, Problems: problems, FinalURL: text(found.FinalURL), HopCount: len(found.Hops), ScanTime: now,
	}
}

// Worst returns the severity of the worst problem; "" if no problem was found.
func (r OfferScanResult) Worst() Severity {
	worst := Severity("")
	for _, p := range r.Problems {
		if p.Severity == Grave {
			return Grave
		}
		worst = p.Severity
	}
	return worst
}

// OK reports whether nothing Grave was found.
func (r OfferScanResult) OK() bool { return r.Worst() != Grave }
