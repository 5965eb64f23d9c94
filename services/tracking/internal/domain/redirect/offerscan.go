package redirect

import (
	"slices"
	"strings"
	"time"
)

// OfferScanState says how far a scan of an offer's links is.
type OfferScanState string

// The states.
const (
	ScanRunning   OfferScanState = "RUNNING"
	ScanDone      OfferScanState = "DONE"
	ScanCancelled OfferScanState = "CANCELLED"
)

// Device says what a visitor of a scanned link holds.
type Device string

// The devices.
const (
	Desktop Device = "DESKTOP"
	Phone   Device = "PHONE"
)

// OfferScan is a scan of all tracking links of an offer.
type OfferScan struct {
	// ID holds the time of creation, so that ids are in its order.
	ID, Offer string
	State     OfferScanState
	Device    Device
	// Language is what the visitor reads, as an Accept-Language header.
	Language string
	// LinkCount is how many links there are, as of the last look.
	LinkCount int
	// ScannedCount is how many results there are; ErrorCount and WarningCount how many of these have a
	// problem of severity Grave, and Doubtful but not Grave.
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

// NewOfferScanResult returns what is kept of the scan of one link. What others sent is made text that can
// be kept.
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

// Worst returns the severity of the worst problem; empty: there is none.
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

// OK says whether nothing Grave was found.
func (r OfferScanResult) OK() bool { return r.Worst() != Grave }
