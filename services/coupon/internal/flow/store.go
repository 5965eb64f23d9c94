// Package flow holds the coupon service's use cases. Data flows one way: edge → flow → rules, then
// the Store, which is declared here and implemented by the store packages.
package flow

import (
	"context"
	"errors"
	"time"

	"github.com/couponlink/couponlink/services/coupon/internal/rules"
	"github.com/couponlink/couponlink/services/internal/listing"
)

// ErrNotFound is returned by a Store where the thing asked for does not exist.
var ErrNotFound = errors.New("not found")

// ErrExists is returned by a Store where the key of an insert is taken.
var ErrExists = errors.New("exists already")

// Store keeps the coupon service's state. A write that returned nil is durable; one that returned
// an error changed nothing. A failure of the storage itself is an apperr of kind Unavailable.
// Whether a key is taken is decided by the database itself, never by a read before the write.
type Store interface {
	// InsertOffer stores a new offer, or returns ErrExists.
	InsertOffer(ctx context.Context, offer rules.Offer) error
	// Offer returns an offer by its id.
	Offer(ctx context.Context, id string) (rules.Offer, error)
	// OfferByToken returns the offer whose postback token it is, present, or else the one before while
	// that is taken at a moment. Where two offers had the same token before, it is nobody's.
	OfferByToken(ctx context.Context, token string, now time.Time) (rules.Offer, error)
	// UpdateOffer replaces an offer by what change makes of it, as one step: of two updates at once,
	// the second sees the first's result. change may be called more than once; its error is
	// returned as it is, and nothing is written then. The store counts up the revision. Where
	// change turns UniqueCodes on, the store returns the error of CheckUnshared at the new update
	// time, and writes nothing then. A postback token that is another offer's is an error too.
	UpdateOffer(ctx context.Context, id string, change func(rules.Offer) (rules.Offer, error)) (rules.Offer, error)
	// Offers returns the offers that a query selects.
	Offers(ctx context.Context, q listing.Query) ([]rules.Offer, error)

	// InsertPublisher stores a new publisher, or returns ErrExists.
	InsertPublisher(ctx context.Context, publisher rules.Publisher) error
	// Publisher returns a publisher by its id.
	Publisher(ctx context.Context, id string) (rules.Publisher, error)
	// UpdatePublisher replaces a publisher, as UpdateOffer does an offer.
	UpdatePublisher(ctx context.Context, id string, change func(rules.Publisher) (rules.Publisher, error)) (rules.Publisher, error)
	// Publishers returns the publishers that a query selects.
	Publishers(ctx context.Context, q listing.Query) ([]rules.Publisher, error)

	// Approval returns the approval of a publisher on an offer.
	Approval(ctx context.Context, offer, publisher string) (rules.Approval, error)
	// PutApproval stores what change makes of the approval of a publisher on an offer (nil: none
	// yet), as one step. change may be called more than once; its error is returned as it is, and
	// nothing is written then, nor when it returns what it was given. The store counts the revision.
	PutApproval(ctx context.Context, offer, publisher string, change func(*rules.Approval) (rules.Approval, error)) (rules.Approval, error)
	// Approvals returns the approvals that a query selects.
	Approvals(ctx context.Context, q listing.Query) ([]rules.Approval, error)

	// CreateCoupon reads the standing of a coupon, calls plan on it, and writes the plan's coupon and
	// approval: all in one transaction, so that of any number of creates at once each sees the
	// others' results or none of them. plan may be called more than once; its error is returned as
	// it is, and nothing is written then.
	CreateCoupon(ctx context.Context, offer, publisher, code string, plan func(rules.Standing) (rules.Plan, error)) (rules.Plan, error)
	// CreateCoupons is CreateCoupon for many: it reads the standings of drafts, of which only offer,
	// publisher and code count, calls plan on all of them, and writes the coupons and approvals of
	// the plans it returns, which it gives back: all in one transaction.
	CreateCoupons(ctx context.Context, drafts []rules.Coupon, plan func(*rules.Standings) ([]rules.Plan, error)) ([]rules.Plan, error)
	// Coupon returns a coupon by its id, rules.CouponID.
	Coupon(ctx context.Context, id string) (rules.Coupon, error)
	// UpdateCoupon replaces a coupon, as UpdateOffer does an offer. Where change widens its hold and
	// the offer has UniqueCodes, the store returns the error of rules.CheckMove, and writes nothing
	// then; of any number of creates and updates at once each sees the others' results.
	UpdateCoupon(ctx context.Context, id string, change func(rules.Coupon) (rules.Coupon, error)) (rules.Coupon, error)
	// Coupons returns the coupons that a query selects.
	Coupons(ctx context.Context, q listing.Query) ([]rules.Coupon, error)
	// SharedWith lists the publishers other than one who have a code on an offer, in order, at most limit.
	SharedWith(ctx context.Context, offer, publisher, code string, limit int) ([]string, error)
	// Holds returns when the publishers other than one hold a code on an offer, all of them.
	Holds(ctx context.Context, offer, publisher, code string) ([]rules.Hold, error)
	// CheckUnshared returns the first error of rules.CheckUnshared for the codes of an offer.
	CheckUnshared(ctx context.Context, offer string, now time.Time) error
	// Candidates returns the coupons that have a code, whatever their state and in whatever case,
	// with what their validity hangs on, by id, at most limit. offer "" means all offers.
	Candidates(ctx context.Context, offer, code string, limit int) ([]rules.Candidate, error)

	// Ping says whether the store can be reached.
	Ping(ctx context.Context) error
	// Close waits for writes under way and releases what the store holds.
	Close() error
}
