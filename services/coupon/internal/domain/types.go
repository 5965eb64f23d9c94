// Package domain holds the coupon service's types and decisions. It is pure: no context, proto, storage or
// clock; it gets the time and state as arguments and returns values.
package domain

import (
	"time"

	"github.com/couponlink/couponlink/services/internal/couponcode"
	"github.com/couponlink/couponlink/services/internal/discount"
	"github.com/couponlink/couponlink/services/internal/money"
)

// OfferState says whether an offer takes clicks and sales.
type OfferState string

// The states of an offer.
const (
	OfferActive   OfferState = "ACTIVE"
	OfferPaused   OfferState = "PAUSED"
	OfferArchived OfferState = "ARCHIVED"
)

// PostbackAuth says how a postback proves that it comes from the advertiser.
type PostbackAuth string

// The ways to authenticate postbacks.
const (
	AuthToken PostbackAuth = "TOKEN"
	AuthOpen  PostbackAuth = "OPEN"
	AuthHMAC  PostbackAuth = "HMAC"
)

// Precedence says what counts when a sale has both a code and a click.
type Precedence string

// The precedences.
const (
	CodeFirst     Precedence = "CODE_FIRST"
	ClickFirst    Precedence = "CLICK_FIRST"
	OnlyIfClicked Precedence = "ONLY_IF_CLICKED"
)

// ConversionStatus is the initial status of an offer's conversions.
type ConversionStatus string

// The initial statuses of conversions.
const (
	StartPending  ConversionStatus = "PENDING"
	StartApproved ConversionStatus = "APPROVED"
)

// Offer is what an advertiser pays for. In all types of this package, times are in UTC and whole
// milliseconds, and durations in whole seconds.
type Offer struct {
	ID             string
	DisplayName    string
	LandingPageURL string
	FallbackURL    string
	State          OfferState
	PostbackAuth   PostbackAuth
	Credentials
	// Previous are the credentials from before the last rotation. They are accepted until PreviousExpireTime
	// (exclusive). Both are zero if there was no rotation.
	Previous                Credentials
	PreviousExpireTime      time.Time
	Precedence              Precedence
	ClickWindow             time.Duration
	CouponGrace             time.Duration
	UniqueCodes             bool
	Payout                  money.Payout
	Revenue                 money.Payout
	DefaultConversionStatus ConversionStatus
	PayoutBase              PayoutBase
	CurrencyCode            string
	// ForwardParameters are the parameters of links that are added to the landing page's URL, separated by
	// commas: see trackinglink.CheckForward. "" means the default list.
	ForwardParameters string
	// OpenPostbackMaxAmount is the largest amount that a postback without proof may report under AuthOpen.
	// Zero means no limit.
	OpenPostbackMaxAmount money.Money
	CreateTime            time.Time `audit:"-"`
	UpdateTime            time.Time `audit:"-"`
	// Revision starts at 1 and increases by one with each change.
	Revision int64 `audit:"-"`
}

// Credentials let a postback prove that it comes from an offer's advertiser.
type Credentials struct {
	PostbackToken string `audit:"masked"`
	// PostbackSecret has the format of Standard Webhooks: `whsec_` and base64.
	PostbackSecret string `audit:"masked"`
}

// PayoutBase is the amount that percentage payouts and revenue are computed from.
type PayoutBase string

// The bases of payouts.
const (
	AmountAsSent         PayoutBase = "AS_SENT"
	AmountBeforeDiscount PayoutBase = "BEFORE_DISCOUNT"
	AmountAfterDiscount  PayoutBase = "AFTER_DISCOUNT"
)

// ApprovalState says whether a publisher may promote an offer.
type ApprovalState string

// The approval states. NoApproval means that no approval is stored.
const (
	NoApproval       ApprovalState = ""
	ApprovalPending  ApprovalState = "PENDING"
	ApprovalApproved ApprovalState = "APPROVED"
	ApprovalBlocked  ApprovalState = "BLOCKED"
)

// ApprovalSource says what set an approval's state.
type ApprovalSource string

// The sources of an approval's state.
const (
	SourceManual ApprovalSource = "MANUAL"
	SourceCoupon ApprovalSource = "COUPON"
)

// Approval says whether a publisher may promote an offer, and what it earns there.
type Approval struct {
	Offer     string
	Publisher string
	State     ApprovalState
	Source    ApprovalSource
	// Payout replaces the offer's payout for this publisher, if set.
	Payout     money.Payout
	CreateTime time.Time `audit:"-"`
	UpdateTime time.Time `audit:"-"`
	Revision   int64     `audit:"-"`
}

// ID returns the approval's key, `offer/publisher`.
func (a Approval) ID() string { return ApprovalID(a.Offer, a.Publisher) }

// ApprovalID returns the key of a publisher's approval on an offer.
func ApprovalID(offer, publisher string) string { return offer + "/" + publisher }

// Coupon is a code for one publisher on one offer.
type Coupon struct {
	Offer     string
	Publisher string
	// Code is the code as typed, trimmed.
	Code      string
	StartTime time.Time
	// ExpireTime is zero if the coupon does not expire.
	ExpireTime   time.Time
	InternalNote string `audit:"masked"`
	Enabled      bool
	Archived     bool
	Payout       money.Payout `audit:"masked"`
	Settings     CouponSettings
	// UsageLimit and DailyUsageLimit are the largest numbers of sales that the coupon can earn, in total and
	// per day; 0 means no limit. The tracking service enforces them; this service only stores them.
	UsageLimit      int64
	DailyUsageLimit int64
	// Discount is what the code gives the shopper.
	Discount   discount.Discount
	CreateTime time.Time `audit:"-"`
	UpdateTime time.Time `audit:"-"`
	Revision   int64     `audit:"-"`
}

// CouponSettings are a coupon's own settings, which override its offer's. If one is empty or unset, the
// offer's applies.
type CouponSettings struct {
	Precedence              Precedence
	ClickWindow             OptionalDuration
	CouponGrace             OptionalDuration
	DefaultConversionStatus ConversionStatus
	FallbackURL             string
}

// OptionalDuration is a duration that may be unset, which differs from zero.
type OptionalDuration struct {
	IsSet bool
	Value time.Duration
}

// String returns the duration; "" if it is unset.
func (d OptionalDuration) String() string {
	if !d.IsSet {
		return ""
	}
	return d.Value.String()
}

// ID returns the coupon's key, `offer/publisher/CODE`.
func (c Coupon) ID() string { return CouponID(c.Offer, c.Publisher, c.Code) }

// CouponID returns the key of a coupon; the code's case does not matter.
func CouponID(offer, publisher, code string) string {
	return offer + "/" + publisher + "/" + couponcode.Fold(code)
}

// Candidate is a coupon with everything that decides whether it is valid.
type Candidate struct {
	Coupon         Coupon
	OfferState     OfferState
	PublisherState PublisherState
	ApprovalState  ApprovalState
	ApprovalPayout money.Payout
	// DeliverOn are the conversion statuses that its publisher gets deliveries for. Empty means none.
	DeliverOn DeliveryStatuses
}

// Standing is a consistent view of what is stored about a coupon to create.
type Standing struct {
	// Offer, Publisher and Approval are nil if they do not exist.
	Offer     *Offer
	Publisher *Publisher
	Approval  *Approval
	// Exists reports whether the coupon itself exists already.
	Exists bool
	// SharedWith has the other publishers that have the code on the offer, sorted, at most 100.
	SharedWith []string
	// Holds are the holds of all of them; nil if the offer does not have UniqueCodes.
	Holds []Hold
}

// Plan is what to write for a new coupon, in one transaction.
type Plan struct {
	Coupon Coupon
	// Approval is the approval to store; nil if the stored one stays.
	Approval *Approval
	// SharedWith is that of the Standing.
	SharedWith []string
}
