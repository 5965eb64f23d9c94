// Package domain holds the coupon service's types and decisions. It is pure: no context, proto, storage or clock;
// time and state come in, values come out.
package domain

import (
	"time"

	"github.com/couponlink/couponlink/services/internal/couponcode"
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

// PostbackAuth says how a postback proves where it comes from.
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

// ConversionStatus is the status in which an offer's conversions start.
type ConversionStatus string

// The statuses in which conversions can start.
const (
	StartPending  ConversionStatus = "PENDING"
	StartApproved ConversionStatus = "APPROVED"
)

// Offer is what an advertiser pays for. Times are UTC in whole milliseconds, durations whole
// seconds, in this and all types here.
type Offer struct {
	ID             string
	DisplayName    string
	LandingPageURL string
	FallbackURL    string
	State          OfferState
	PostbackAuth   PostbackAuth
	Credentials
	// Previous are the credentials before the last rotation: taken until PreviousExpireTime, exclusive.
	// All of it is empty where there are none.
	Previous                Credentials
	PreviousExpireTime      time.Time
	Precedence              Precedence
	ClickWindow             time.Duration
	CouponGrace             time.Duration
	UniqueCodes             bool
	Payout                  money.Payout
	Revenue                 money.Payout
	DefaultConversionStatus ConversionStatus
	CurrencyCode            string
	// ForwardParameters are the parameters of links that reach the landing page, separated by commas: see
	// trackinglink.CheckForward. "" is the default list.
	ForwardParameters string
	// OpenPostbackMaxAmount is the greatest amount that a postback without proof may report under AuthOpen;
	// none: any.
	OpenPostbackMaxAmount money.Money
	CreateTime            time.Time
	UpdateTime            time.Time
	// Revision starts at 1 and grows by one with each change.
	Revision int64
}

// Credentials are what a postback proves with that it comes from an offer's advertiser.
type Credentials struct {
	PostbackToken string
	// PostbackSecret is in the form of Standard Webhooks: `whsec_` and base64.
	PostbackSecret string
}

// ApprovalState is a publisher's standing on an offer.
type ApprovalState string

// The standings; NoApproval means that none is recorded.
const (
	NoApproval       ApprovalState = ""
	ApprovalPending  ApprovalState = "PENDING"
	ApprovalApproved ApprovalState = "APPROVED"
	ApprovalBlocked  ApprovalState = "BLOCKED"
)

// ApprovalSource says what gave a standing.
type ApprovalSource string

// The sources of a standing.
const (
	SourceManual ApprovalSource = "MANUAL"
	SourceCoupon ApprovalSource = "COUPON"
)

// Approval is a publisher's standing on an offer.
type Approval struct {
	Offer     string
	Publisher string
	State     ApprovalState
	Source    ApprovalSource
	// Payout is what the publisher earns on the offer instead of the offer's payout.
	Payout     money.Payout
	CreateTime time.Time
	UpdateTime time.Time
	Revision   int64
}

// ID returns the approval's key, `offer/publisher`.
func (a Approval) ID() string { return ApprovalID(a.Offer, a.Publisher) }

// ApprovalID returns the key of a publisher's approval on an offer.
func ApprovalID(offer, publisher string) string { return offer + "/" + publisher }

// Coupon is a code for one publisher on one offer.
type Coupon struct {
	Offer     string
	Publisher string
	// Code is as typed, trimmed.
	Code      string
	StartTime time.Time
	// ExpireTime is zero for a coupon that does not expire.
	ExpireTime   time.Time
	InternalNote string
	Enabled      bool
	Archived     bool
	Payout       money.Payout
	Settings     CouponSettings
	// UsageLimit and DailyUsageLimit are how many sales the coupon can earn, in all and on one day; 0:
	// any number. The tracking service keeps to them; here they are only kept.
	UsageLimit      int64
	DailyUsageLimit int64
	CreateTime      time.Time
	UpdateTime      time.Time
	Revision        int64
}

// CouponSettings are a coupon's own settings, instead of its offer's. Each that is empty or unset is
// the offer's.
type CouponSettings struct {
	Precedence              Precedence
	ClickWindow             OptionalDuration
	CouponGrace             OptionalDuration
	DefaultConversionStatus ConversionStatus
	FallbackURL             string
}

// OptionalDuration is a duration that may be unset, which is not the same as zero.
type OptionalDuration struct {
	IsSet bool
	Value time.Duration
}

// ID returns the coupon's key, `offer/publisher/CODE`.
func (c Coupon) ID() string { return CouponID(c.Offer, c.Publisher, c.Code) }

// CouponID returns the key of a coupon; the code's case does not matter.
func CouponID(offer, publisher, code string) string {
	return offer + "/" + publisher + "/" + couponcode.Fold(code)
}

// Candidate is a coupon with all that its validity hangs on.
type Candidate struct {
	Coupon         Coupon
	OfferState     OfferState
	PublisherState PublisherState
	ApprovalState  ApprovalState
	ApprovalPayout money.Payout
	// DeliverOn are the statuses on which its publisher is told of conversions; empty: on none.
	DeliverOn DeliveryStatuses
}

// Standing is what is stored about a coupon that somebody wants to create, as one consistent view.
type Standing struct {
	// Offer, Publisher and Approval are nil where there is none.
	Offer     *Offer
	Publisher *Publisher
	Approval  *Approval
	// Exists says whether the very coupon exists already.
	Exists bool
	// SharedWith lists the other publishers who have the code on the offer, in order, 100 at most.
	SharedWith []string
	// Holds are when they hold it, of all of them; nil if the offer does not have UniqueCodes.
	Holds []Hold
}

// Plan is what to write for a new coupon: all of it, in one transaction.
type Plan struct {
	Coupon Coupon
	// Approval is the approval to store, nil where the standing needs no change.
	Approval *Approval
	// SharedWith is passed on from the Standing.
	SharedWith []string
}
