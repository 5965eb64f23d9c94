// Package app holds the coupon service's use cases. A request goes from grpcapi to app, which asks domain to
// decide and then writes to the Store. The Store is declared here; the store packages implement it.
package app

import (
	"context"
	"errors"
	"time"

	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/idempotency"
	"github.com/couponlink/couponlink/services/internal/listing"
)

// ErrNotFound is returned by a Store if a record does not exist.
var ErrNotFound = errors.New("not found")

// ErrExists is returned by a Store if the key of an insert is taken.
var ErrExists = errors.New("exists already")

// Store keeps the coupon service's state. A write that returned nil is durable; one that returned an error
// changed nothing. If the storage itself fails, the error is an apperr of kind Unavailable. The database
// itself decides whether a key is taken, never a read before the write.
type Store interface {
	PostbackTokenStore

	// InsertOffer stores a new offer, or returns ErrExists.
	InsertOffer(ctx context.Context, offer domain.Offer) error
	// Offer returns an offer by its id.
	Offer(ctx context.Context, id string) (domain.Offer, error)
	// OfferByToken returns the offer that accepts a postback token at a moment: as its current token, else as
	// its previous one. If two offers had the token before, it belongs to neither.
	OfferByToken(ctx context.Context, token string, now time.Time) (domain.Offer, error)
	// UpdateOffer replaces an offer with the result of change, atomically: of two concurrent updates, the
	// second sees the first's result. change may be called more than once. If it returns an error, nothing is
	// written and UpdateOffer returns that error. The store increments the revision. If change turns
	// UniqueCodes on and CheckUnshared fails at the new update time, nothing is written and that error is
	// returned. It is also an error if another offer has the postback token.
	UpdateOffer(ctx context.Context, id string, change func(domain.Offer) (domain.Offer, error)) (domain.Offer, error)
	// Offers returns the offers that a query selects.
	Offers(ctx context.Context, q listing.Query) ([]domain.Offer, error)

	// InsertPublisher stores a new publisher, or returns ErrExists.
	InsertPublisher(ctx context.Context, publisher domain.Publisher) error
	// Publisher returns a publisher by its id.
	Publisher(ctx context.Context, id string) (domain.Publisher, error)
	// UpdatePublisher replaces a publisher like UpdateOffer.
	UpdatePublisher(ctx context.Context, id string, change func(domain.Publisher) (domain.Publisher, error)) (domain.Publisher, error)
	// Publishers returns the publishers that a query selects.
	Publishers(ctx context.Context, q listing.Query) ([]domain.Publisher, error)

	// Approval returns the approval of a publisher on an offer.
	Approval(ctx context.Context, offer, publisher string) (domain.Approval, error)
	// PutApproval stores the result of change, which gets the approval of a publisher on an offer or nil,
	// atomically. change may be called more than once. If it returns an error, nothing is written and
	// PutApproval returns that error. If it returns what it was given, nothing is written either. The store
	// increments the revision.
	PutApproval(ctx context.Context, offer, publisher string, change func(*domain.Approval) (domain.Approval, error)) (domain.Approval, error)
	// Approvals returns the approvals that a query selects.
	Approvals(ctx context.Context, q listing.Query) ([]domain.Approval, error)

	// CreateCoupon reads the standing of a coupon, calls plan on it, and writes the plan's coupon and
	// approval, all in one transaction. Each of several concurrent creates sees all results of another or
	// none of them. plan may be called more than once. If it returns an error, nothing is written and
	// CreateCoupon returns that error.
	CreateCoupon(ctx context.Context, offer, publisher, code string, plan func(domain.Standing) (domain.Plan, error)) (domain.Plan, error)
	// CreateCoupons is CreateCoupon for many coupons. It reads the standings of drafts, using only their
	// offers, publishers and codes, calls plan on all of them, writes the coupons and approvals of the plans,
	// and returns the plans. All of it is one transaction.
	CreateCoupons(ctx context.Context, drafts []domain.Coupon, plan func(*domain.Standings) ([]domain.Plan, error)) ([]domain.Plan, error)
	// Coupon returns a coupon by its id, domain.CouponID.
	Coupon(ctx context.Context, id string) (domain.Coupon, error)
	// UpdateCoupon replaces a coupon like UpdateOffer. If change widens the coupon's hold, the offer has
	// UniqueCodes and domain.CheckMove fails, nothing is written and that error is returned. Concurrent
	// creates and updates see each other's results.
	UpdateCoupon(ctx context.Context, id string, change func(domain.Coupon) (domain.Coupon, error)) (domain.Coupon, error)
	// Coupons returns the coupons that a query selects.
	Coupons(ctx context.Context, q listing.Query) ([]domain.Coupon, error)
	// SharedWith returns the publishers, except one, that have a code on an offer, sorted, at most limit.
	SharedWith(ctx context.Context, offer, publisher, code string, limit int) ([]string, error)
	// Holds returns all holds of a code on an offer, except those of one publisher.
	Holds(ctx context.Context, offer, publisher, code string) ([]domain.Hold, error)
	// CheckUnshared returns the first error of domain.CheckUnshared for the codes of an offer, or nil.
	CheckUnshared(ctx context.Context, offer string, now time.Time) error
	// Candidates returns the coupons that have a code, in any state and with the code in any case, ordered by
	// id, at most limit. Each comes with what decides whether it is valid. offer "" means all offers.
	Candidates(ctx context.Context, offer, code string, limit int) ([]domain.Candidate, error)

	// Once calls do with a Store whose reads and writes are one transaction, stores the answer that do returns in the
	// same transaction, and returns it. If the call was stored before, Once returns the stored answer, or the error of
	// idempotency.Record.Replay, and nothing is written. Of concurrent calls with one id, one is stored; the others get
	// its answer. If do fails, nothing is stored, and Once returns its error. do may run more than once, and must not
	// use its Store after it returns.
	Once(ctx context.Context, call idempotency.Call, do func(context.Context, Store) (answer string, err error)) (answer string, err error)

	// Ping returns an error if the store cannot be reached.
	Ping(ctx context.Context) error
	// Close waits for running writes and releases the store's resources.
	Close() error
}
