// Package domain holds the tracking service's types and decisions: who earned a sale, why, and what it pays.
// It is pure: no context, proto, storage or clock. Time and state come in, values come out.
//
// Its subpackages make other decisions: partner reads links and postbacks, rollup computes figures, and
// redirect judges what a scan found.
package domain

import (
	"errors"
	"time"

	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/internal/resource"
	"github.com/couponlink/couponlink/services/internal/trackinglink"
)

// Precedence says whether code or click counts when a sale has both.
type Precedence string

// The precedences.
const (
	CodeFirst     Precedence = "CODE_FIRST"
	ClickFirst    Precedence = "CLICK_FIRST"
	OnlyIfClicked Precedence = "ONLY_IF_CLICKED"
)

// PostbackAuth says what proof a postback must bring.
type PostbackAuth string

// A postback proves its sender by the offer's postback token, by a signature made with the offer's secret,
// or not at all.
const (
	AuthToken PostbackAuth = "TOKEN"
	AuthHMAC  PostbackAuth = "HMAC"
	AuthOpen  PostbackAuth = "OPEN"
)

// Credentials authenticate an offer's advertiser.
type Credentials struct {
	Token  string
	Secret string
	// PreviousToken and PreviousSecret are those before the last rotation, accepted until
	// PreviousExpireTime, exclusive.
	PreviousToken      string
	PreviousSecret     string
	PreviousExpireTime time.Time
	// Named are the SHA-256 of the offer's named tokens, in hexadecimal. They must not be modified.
	Named []string
}

// Offer holds the settings of an offer that tracking needs, as the coupon service has them.
type Offer struct {
	ID     string
	Active bool
	// Landing is the page that clicks are redirected to.
	Landing *trackinglink.Template
	// Fallback is the page for clicks that cannot earn; nil means Landing.
	Fallback *trackinglink.Template
	// Forward selects the link parameters that are passed on to these pages; nil means none.
	Forward     *trackinglink.Forward
	Auth        PostbackAuth
	Credentials Credentials
	Precedence  Precedence
	ClickWindow time.Duration
	CouponGrace time.Duration
	// Payout is what a publisher earns for a conversion, Revenue what the advertiser owes for it.
	Payout  money.Payout
	Revenue money.Payout
	// PayoutBase is the amount that percentages are computed from.
	PayoutBase PayoutBase
	// OpenPostbackMaxAmount is the greatest amount that a postback without proof may report; none means no
	// limit.
	OpenPostbackMaxAmount money.Money
	// StartStatus is the first status of attributed, authenticated conversions.
	StartStatus  Status
	CurrencyCode string
	// ETag is the revision of the settings.
	ETag string
}

// CouponSettings override those of the coupon's offer. A zero field means the offer's setting.
type CouponSettings struct {
	Precedence  Precedence
	ClickWindow time.Duration
	// CouponGrace is nil for the offer's setting; 0 is a valid grace.
	CouponGrace *time.Duration
	StartStatus Status
	Fallback    *trackinglink.Template
}

// Standing says whether a publisher may earn on an offer, and what.
type Standing struct {
	// Approved says that the publisher takes part and is approved on the offer.
	Approved bool
	// Payout is the payout that its approval sets instead of the offer's.
	Payout money.Payout
	// Deliver are the conversion statuses that trigger a delivery to the publisher.
	Deliver []Status
}

// StandingOrNone takes the answer of a CouponClient: a publisher that it does not know has no approval.
func StandingOrNone(s Standing, err error) (Standing, error) {
	if errors.Is(err, ErrNotFound) {
		return Standing{}, nil
	}
	return s, err
}

// Coupon is a coupon with all that its validity depends on.
type Coupon struct {
	Offer     string
	Publisher string
	// Code is in the coupon's own spelling.
	Code      string
	StartTime time.Time
	// ExpireTime is zero for a coupon that does not expire.
	ExpireTime time.Time
	// Enabled is also false for an archived coupon.
	Enabled bool
	// Approved says that the publisher takes part and is approved on the offer.
	Approved bool
	// OfferActive says that the coupon's offer accepts sales.
	OfferActive bool
	Payout      money.Payout
	// ApprovalPayout is the payout that its publisher's approval on the offer sets.
	ApprovalPayout money.Payout
	Settings       CouponSettings
	Limits         Limits
	// ETag is the coupon's revision.
	ETag string
	// Deliver are the conversion statuses that trigger a delivery to its publisher.
	Deliver []Status
}

// Name returns the coupon's resource name.
func (c Coupon) Name() string {
	return resource.Coupon(c.Offer, c.Publisher, c.Code)
}

// Uniques are the publisher-supplied values Pub. Unique 1 to 5; index 0 is Pub. Unique 1.
type Uniques [5]string

// Click is one visit through a tracking link. Times are UTC in whole milliseconds, in this and all types
// here.
type Click struct {
	// ID is a UUIDv7 in its 36-character form; it holds the click's time.
	ID        string
	Offer     string
	Publisher string
	// PublisherUnknown says that no publisher has the id in the link; figures count the click under no
	// publisher.
	PublisherUnknown bool
	// Coupon is the resource name of the coupon whose link it was; "" if it was no coupon's.
	Coupon string
	// CouponCode is the code in the coupon's own spelling; as sent if no coupon has it.
	CouponCode string
	// Reason says why the click earns no coupon attribution, or cannot earn at all; "" if it can earn.
	Reason     Reason
	PubClickID string
	PubSubID   string
	PubUniques Uniques
	// Crawler says that the click came from a robot, a HEAD request, or a browser that prefetches pages, and
	// not from a shopper; it is not counted.
	Crawler   bool
	IP        string
	UserAgent string
	Referer   string
	// Dropped describes what was dropped from the link's parameters; nil if nothing was.
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

// Outcome says whether a publisher earned a sale.
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

// IsForStrangers reports whether a reason may be shown to senders without proof. The other reasons reveal
// something about publishers or stored data.
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
	// Publisher is the id of the publisher credited.
	Publisher string
	// Coupon is the coupon credited; nil if a click alone, or nobody, earned the sale.
	Coupon *Coupon
	// Click says that the claim's click is the publisher's own, so that its values are the sale's.
	Click bool
	// Candidates are the names of the coupons that an ambiguous code could mean.
	Candidates []string
	// Explanation is the decision in words.
	Explanation string
	// Basis is the evidence for the decision.
	Basis Basis
}

// Conversion is a sale with the decision on it.
type Conversion struct {
	// ID is the dedupe key's hash, 32 hexadecimal digits.
	ID string
	// ContentHash tells a repeat from a report of different content under the same key.
	ContentHash string
	Offer       string
	Publisher   string
	// Coupon is the resource name of the coupon credited.
	Coupon string
	// CouponCode is the code that earned. If none did, it is the first of Codes that a coupon of the offer
	// has, else the first.
	CouponCode string
	// Codes are all codes reported with the sale; "" in conversions from before the field was added.
	Codes Codes
	// CodeUnknown says that a sender without proof reported a code that no coupon of the offer had. Figures
	// count such a sale under no code, unless a coupon is credited with it.
	CodeUnknown   bool
	Click         string
	TransactionID string
	Event         string
	// Amount is the sale amount, adjustments included; none if it is not known.
	Amount money.Money
	// Discount is what the shopper saved, as reported; none if it was not.
	Discount money.Money
	// Refunded is the part of Amount that was refunded, in the same currency; none if nothing was.
	Refunded money.Money
	// Payout and Revenue are the amounts due in the conversion's present state: none if nothing is due, for
	// instance after a rejection or a full refund.
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
	// UpdateTime is when the conversion was created or last changed.
	UpdateTime time.Time
	// Revision starts at 1 and grows by one with each change.
	Revision int64
	// Undeduplicated says that the report had no id to tell a repeat from a second sale.
	Undeduplicated bool
	// Postback is the id of the postback that reported the sale; "" if a platform service did.
	Postback string
	// Conflicted says that it has an unresolved conflict.
	Conflicted bool

	// Awaited says that changes of the sale arrived before the sale itself. Stores set it only on a conversion
	// that they have just inserted.
	Awaited bool

	// The fields below are left out in lists.

	// Unplanned says that the deliveries for changes from number PlanFrom on are not planned yet; the
	// creation counts as change 0.
	Unplanned bool
	PlanFrom  int
	// Basis is the evidence for the decision; nil in conversions from before it was stored.
	Basis *Basis
	// Changes is the history since the creation, oldest first.
	Changes []Change
	// Conflicts are reports of the same sale with different content.
	Conflicts []Conflict
}
