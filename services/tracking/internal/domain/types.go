// Package domain holds the tracking service's types and decisions: who earned a sale, why, and what it pays. It
// is pure: no context, proto, storage or clock; time and state come in, values come out.
//
// Its folders have the other decisions: partner reads links and postbacks, rollup counts, redirect judges what a
// scan found.
package domain

import (
	"time"

	"github.com/couponlink/couponlink/services/internal/couponcode"
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

// PostbackAuth says what proof a postback must bring.
type PostbackAuth string

// The proofs: the offer's postback token, a signature made with the offer's secret, or none.
const (
	AuthToken PostbackAuth = "TOKEN"
	AuthHMAC  PostbackAuth = "HMAC"
	AuthOpen  PostbackAuth = "OPEN"
)

// Credentials are by what an offer's advertiser proves who it is.
type Credentials struct {
	Token  string
	Secret string
	// PreviousToken and PreviousSecret are those before the last rotation, taken until
	// PreviousExpireTime, exclusive.
	PreviousToken      string
	PreviousSecret     string
	PreviousExpireTime time.Time
}

// Offer is what the tracking service knows of an offer, from the coupon service.
type Offer struct {
	ID     string
	Active bool
	// Landing is where a click is sent.
	Landing *trackinglink.Template
	// Fallback is where a click is sent that cannot earn; nil: to Landing.
	Fallback *trackinglink.Template
	// Forward says which parameters of a link reach these pages; nil: none.
	Forward     *trackinglink.Forward
	Auth        PostbackAuth
	Credentials Credentials
	Precedence  Precedence
	ClickWindow time.Duration
	CouponGrace time.Duration
	// Payout is what a publisher earns for a conversion, Revenue what the advertiser owes for it.
	Payout  money.Payout
	Revenue money.Payout
	// OpenPostbackMaxAmount is the greatest amount that a postback without proof may report; none: any.
	OpenPostbackMaxAmount money.Money
	// StartStatus is the status in which attributed, authenticated conversions start.
	StartStatus  Status
	CurrencyCode string
	// ETag is the revision of the settings.
	ETag string
}

// CouponSettings are what a coupon has of its own instead of its offer's. What is zero is the offer's.
type CouponSettings struct {
	Precedence  Precedence
	ClickWindow time.Duration
	// CouponGrace may be a grace of nothing; nil: the offer's.
	CouponGrace *time.Duration
	StartStatus Status
	Fallback    *trackinglink.Template
}

// Standing is what the tracking service knows of a publisher on an offer.
type Standing struct {
	// Approved says that the publisher takes part and is approved on the offer.
	Approved bool
	// Payout is what it earns by its approval, instead of the offer's payout.
	Payout money.Payout
	// Deliver are the statuses on which it is told of its conversions; empty: on none.
	Deliver []Status
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
	// ApprovalPayout is what its publisher earns by its approval on the offer.
	ApprovalPayout money.Payout
	Settings       CouponSettings
	Limits         Limits
	// ETag is the revision of the coupon.
	ETag string
	// Deliver are the statuses on which its publisher is told of its conversions; empty: on none.
	Deliver []Status
}

// Name returns the coupon's resource name.
func (c Coupon) Name() string {
	return "offers/" + c.Offer + "/coupons/" + c.Publisher + "." + couponcode.Fold(c.Code)
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
	// PublisherUnknown says that no publisher has the id in the link; figures count the click under no
	// publisher.
	PublisherUnknown bool
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
	// Crawler says that no shopper made the click, but a robot, a HEAD request, or a browser that loads
	// pages ahead; it is not counted.
	Crawler   bool
	IP        string
	UserAgent string
	Referer   string
	// Dropped says in words what was dropped from the link's parameters; nil if nothing was.
	Dropped []string
	Time    time.Time
}

// Status says whether a conversion is paid for.
type Status string

// The statuses.
const (
	StatusPending  Status = "PENDING"
	StatusApproved Status = "APPROVED"
	StatusRejected Status = "REJECTED"
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
	ByHand     Method = "MANUAL"
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
	LimitReached   Reason = "LIMIT_REACHED"
	// CouponServiceAway is the reason of a sale that waits to be judged, EarlyChange that of a change that
	// waits for its sale.
	CouponServiceAway Reason = "COUPON_SERVICE_AWAY"
	EarlyChange       Reason = "EARLY_CHANGE"
)

// IsForStrangers reports whether a reason may be told to those who report without proof. Others say something
// about publishers or of what is stored.
func IsForStrangers(r Reason) bool {
	switch r {
	case AmbiguousCode, Disabled, NotApproved, LimitReached:
		return false
	}
	return true
}

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
	// Basis are what the decision rests on.
	Basis Basis
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
	Coupon string
	// CouponCode is the code that earned. If none did, it is the first of Codes that a coupon of the offer
	// has, else the first.
	CouponCode string
	// Codes are those that the sale was reported with; empty in conversions from before the field was added.
	Codes Codes
	// CodeUnknown says that a sender without proof reported a code that no coupon of the offer had. Figures
	// count such a sale under no code, unless a coupon is credited with it.
	CodeUnknown   bool
	Click         string
	TransactionID string
	Event         string
	// Amount is what was sold for, adjustments included; none where it is not known.
	Amount money.Money
	// Refunded is what of Amount was given back, in its currency; none: nothing.
	Refunded money.Money
	// Payout and Revenue are what is due for the conversion as it stands: none where nothing is, as
	// for one that is rejected or refunded in full.
	Payout  money.Money
	Revenue money.Money
	Status  Status
	// StatusReason says in words why the conversion was rejected.
	StatusReason   string
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
	// UpdateTime is when the conversion was last changed, its creation included.
	UpdateTime time.Time
	// Revision starts at 1 and grows by one with each change.
	Revision int64
	// Undeduplicated says that nothing in the report could tell a repeat from a second sale.
	Undeduplicated bool
	// Postback is the id of the postback that reported the sale; empty: a platform service did.
	Postback string
	// Conflicted says that a conflict waits to be resolved.
	Conflicted bool

	// Awaited says that changes of the sale came before it. Stores set it only on a conversion that they have
	// just inserted.
	Awaited bool

	// What follows is left out in lists.

	// Unplanned says that there are changes whose deliveries are not planned yet, from the number
	// PlanFrom on; the creation counts as change 0.
	Unplanned bool
	PlanFrom  int
	// Basis are what the decision rests on; nil for conversions from before these were kept.
	Basis *Basis
	// Changes are what was changed since the creation, in order.
	Changes []Change
	// Conflicts are repeats of the sale with another content.
	Conflicts []Conflict
}
