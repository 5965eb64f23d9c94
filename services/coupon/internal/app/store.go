// Package app holds the coupon service's use cases. A request goes from grpcapi to app, which asks domain to
// decide and then writes to the Store. The Store is declared here; the store packages implement it.
package app

import (
	"context"
	"errors"
	"time"

	"github.com/couponlink/couponlink/services/coupon/internal/domain"
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
	InsertOffer(ctx context.Context, offer domain.Offer) error
	// Offer returns an offer by its id.
	Offer(ctx context.Context, id string) (domain.Offer, error)
	// OfferByToken returns the offer whose postback token it is, present, or else the one before while
	// that is taken at a moment. Where two offers had the same token before, it is nobody's.
	OfferByToken(ctx context.Context, token string, now time.Time) (domain.Offer, error)
	// UpdateOffer replaces an offer by what change makes of it, as one step: of two updates at once,
	// the second sees the first's result. change may be called more than once; its error is
	// returned as it is, and nothing is written then. The store counts up the revision. Where
	// change turns UniqueCodes on, the store returns the error of CheckUnshared at the new update
	// time, and writes nothing then. A postback token that is another offer's is an error too.
	UpdateOffer(ctx context.Context, id string, change func(domain.Offer) (domain.Offer, error)) (domain.Offer, error)
	// Offers returns the offers that a query selects.
	Offers(ctx context.Context, q listing.Query) ([]domain.Offer, error)

	// InsertPublisher stores a new publisher, or returns ErrExists.
	InsertPublisher(ctx context.Context, publisher domain.Publisher) error
	// Publisher returns a publisher by its id.
	Publisher(ctx context.Context, id string) (domain.Publisher, error)
	// UpdatePublisher replaces a publisher, as UpdateOffer does an offer.
	UpdatePublisher(ctx context.Context, id string, change func(domain.Publisher) (domain.Publisher, error)) (domain.Publisher, error)
	// Publishers returns the publishers that a query selects.
	Publishers(ctx context.Context, q listing.Query) ([]domain.Publisher, error)

	// Approval returns the approval of a publisher on an offer.
	Approval(ctx context.Context, offer, publisher string) (domain.Approval, error)
	// PutApproval stores what change makes of the approval of a publisher on an offer (nil: none
	// yet), as one step. change may be called more than once; its error is returned as it is, and
	// nothing is written then, nor when it returns what it was given. The store counts the revision.
	PutApproval(ctx context.Context, offer, publisher string, change func(*domain.Approval) (domain.Approval, error)) (domain.Approval, error)
	// Approvals returns the approvals that a query selects.
	Approvals(ctx context.Context, q listing.Query) ([]domain.Approval, error)

	// CreateCoupon reads the standing of a coupon, calls plan on it, and writes the plan's coupon and
	// approval: all in one transaction, so that of any number of creates at once each sees the
	// others' results or none of them. plan may be called more than once; its error is returned as
	// it is, and nothing is written then.
	CreateCoupon(ctx context.Context, offer, publisher, code string, plan func(domain.Standing) (domain.Plan, error)) (domain.Plan, error)
	// CreateCoupons is CreateCoupon for many: it reads the standings of drafts, of which only offer,
	// publisher and code count, calls plan on all of them, and writes the coupons and approvals of
	// the plans it returns, which it gives back: all in one transaction.
	CreateCoupons(ctx context.Context, drafts []domain.Coupon, plan func(*domain.Standings) ([]domain.Plan, error)) ([]domain.Plan, error)
	// Coupon returns a coupon by its id, domain.CouponID.
	Coupon(ctx context.Context, id string) (domain.Coupon, error)
	// UpdateCoupon replaces a coupon, as UpdateOffer does an offer. Where change widens its hold and
	// the offer has UniqueCodes, the store returns the error of domain.CheckMove, and writes nothing
	// then; of any number of creates and updates at once each sees the others' results.
	UpdateCoupon(ctx context.Context, id string, change func(domain.Coupon) (domain.Coupon, error)) (domain.Coupon, error)
	// Coupons returns the coupons that a query selects.
	Coupons(ctx context.Context, q listing.Query) ([]domain.Coupon, error)
	// SharedWith lists the publishers other than one who have a code on an offer, in order, at most limit.
	SharedWith(ctx context.Context, offer, publisher, code string, limit int) ([]string, error)
	// Holds returns when the publishers other than one hold a code on an offer, all of them.
	Holds(ctx context.Context, offer, publisher, code string) ([]domain.Hold, error)
	// CheckUnshared returns the first error of domain.CheckUnshared for the codes of an offer.
	CheckUnshared(ctx context.Context, offer string, now time.Time) error
	// Candidates returns the coupons that have a code, whatever their state and in whatever case,
	// with what their validity hangs on, by id, at most limit. offer "" means all offers.
	Candidates(ctx context.Context, offer, code string, limit int) ([]domain.Candidate, error)

	// Ping says whether the store can be reached.
	Ping(ctx context.Context) error
	// Close waits for writes under way and releases what the store holds.
	Close() error
}
