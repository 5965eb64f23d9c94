// Package rules holds the tracking service's types and decisions: how a postback is read, who earned
// a sale, what it pays. It is pure: no context, proto, storage or clock inside; time and state come
// in, values come out.
//
// It may be imported by flow, edge and the stores; it imports only money, apperr and trackinglink.
package rules

import (
	"time"

	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/internal/trackinglink"
)

// Precedence says what counts when a sale has both a code and a click.
type Precedence string

// The precedences.
const (
	CodeFirst     Precedence = "CODE_FIRST"
	ClickFirst    Precedence = "CLICK_FIRST"
	OnlyIfClicked Precedence = "ONLY_IF_CLICKED"
)

// Offer is what the tracking service knows of an offer, from the coupon service.
type Offer struct {
	ID     string
	Active bool
	// Landing is where a click is sent.
	Landing *trackinglink.Template
	// Fallback is where a click is sent that cannot earn; nil: to Landing.
	Fallback *trackinglink.Template
	// Open says that postbacks are taken without the token.
	Open          bool
	PostbackToken string
	Precedence    Precedence
	ClickWindow   time.Duration
	CouponGrace   time.Duration
	Payout        money.Payout
	// StartStatus is the status in which attributed, authenticated conversions start.
	StartStatus  Status
	CurrencyCode string
}

// Coupon is what the tracking service knows of a coupon: the coupon and what its validity hangs on.
type Coupon struct {
	Offer     string
	Publisher string
	// Code is spelled as on the coupon.
	Code      string
	StartTime time.Time
	// ExpireTime is zero for a coupon that does not expire.
	ExpireTime time.Time
	// Enabled is false too for an archived coupon.
	Enabled bool
	// Approved says that the publisher takes part and is approved on the offer.
	Approved bool
	// OfferActive says that the coupon's offer takes sales.
	OfferActive bool
	Payout      money.Payout
}

// Name returns the coupon's resource name.
func (c Coupon) Name() string {
	return "offers/" + c.Offer + "/coupons/" + c.Publisher + "." + FoldCode(c.Code)
}

// Uniques are the publisher-supplied values Pub. Unique 1 to 5; index 0 is Pub. Unique 1.
type Uniques [5]string

// Click is one visit through a tracking link. Times are UTC in whole milliseconds, in this and all
// types here.
type Click struct {
	// ID is a UUIDv7 in its 36-character form; it holds the click's time.
	ID        string
	Offer     string
	Publisher string
	// Coupon is the resource name of the coupon whose link it was; empty without one.
	Coupon string
	// CouponCode is the code: the coupon's own spelling if there is one, else as sent.
	CouponCode string
	// Reason says why the click earns no coupon attribution, or cannot earn at all; empty when
	// nothing stands in the way.
	Reason     Reason
	PubClickID string
	PubSubID   string
	PubUniques Uniques
	// Crawler says that a known crawler or a HEAD request made the click; it is not counted.
	Crawler   bool
	IP        string
	UserAgent string
	Referer   string
	Time      time.Time
}

// Status says whether a conversion is paid for.
type Status string

// The statuses.
const (
	StatusPending  Status = "PENDING"
	StatusApproved Status = "APPROVED"
)

// Outcome says whether somebody earned a sale.
type Outcome string

// The outcomes.
const (
	Attributed   Outcome = "ATTRIBUTED"
	Unattributed Outcome = "UNATTRIBUTED"
)

// Method says what a credit rests on.
type Method string

// The methods; NoMethod goes with Unattributed.
const (
	NoMethod   Method = ""
	CouponCode Method = "COUPON_CODE"
	CouponLink Method = "COUPON_LINK"
	ByClick    Method = "CLICK"
)

// Reason says why a sale is unattributed, or why its code did not count.
type Reason string

// The reasons.
const (
	NoReason       Reason = ""
	UnknownCode    Reason = "UNKNOWN_CODE"
	AmbiguousCode  Reason = "AMBIGUOUS_CODE"
	Expired        Reason = "EXPIRED"
	NotStarted     Reason = "NOT_STARTED"
	Disabled       Reason = "DISABLED"
	NotApproved    Reason = "NOT_APPROVED"
	UnknownClick   Reason = "UNKNOWN_CLICK"
	ClickTooOld    Reason = "CLICK_TOO_OLD"
	NoReference    Reason = "NO_REFERENCE"
	OfferInactive  Reason = "OFFER_INACTIVE"
	OtherOffer     Reason = "OTHER_OFFER"
	ClickAfterSale Reason = "CLICK_AFTER_SALE"
	ClickRequired  Reason = "CLICK_REQUIRED"
)

// Decision says who earned a sale, and why.
type Decision struct {
	Outcome Outcome
	Method  Method
	Reason  Reason
	// Publisher is the id of the one credited.
	Publisher string
	// Coupon is the one credited, nil where a click alone or nobody earned the sale.
	Coupon *Coupon
	// Click says that the claim's click is the publisher's own, so that its values are the sale's.
	Click bool
	// Candidates are the names of the coupons that an ambiguous code could mean.
	Candidates []string
	// Explanation is the decision in words.
	Explanation string
}

// Conversion is a sale with the decision on it.
type Conversion struct {
	// ID is the dedupe key's hash, 32 hexadecimal digits.
	ID string
	// ContentHash tells a repeat from another content under the same key.
	ContentHash string
	Offer       string
	Publisher   string
	// Coupon is the resource name of the coupon credited.
	Coupon        string
	CouponCode    string
	Click         string
	TransactionID string
	Event         string
	// Amount and Payout are none where there is none.
	Amount         money.Money
	Payout         money.Money
	Status         Status
	Outcome        Outcome
	Method         Method
	Reason         Reason
	Explanation    string
	Candidates     []string
	PubUniques     Uniques
	PubClickID     string
	PubSubID       string
	ConversionTime time.Time
	CreateTime     time.Time
	// Undeduplicated says that nothing in the report could tell a repeat from a second sale.
	Undeduplicated bool
}
