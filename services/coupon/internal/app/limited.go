package app

import (
	"context"
	"slices"
	"time"

	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/access"
	"github.com/couponlink/couponlink/services/internal/idempotency"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/rows"
)

// limited is a Store as the caller of a call may use it: records that are not in the caller's rows do not exist. It is the
// one place where the use cases respect rows, apart from the queries of lists, which carry the caller's rows. It embeds
// no Store, so that a new method does not compile until it is decided here what it may tell.
type limited struct{ store Store }

var _ Store = limited{}

// one returns a record that was read if it is in the caller's rows.
func one[T any](record T, err error, isTold func(T) bool) (T, error) {
	if err == nil && !isTold(record) {
		var none T
		return none, ErrNotFound
	}
	return record, err
}

// guarded returns a change that fails for a record that is not in the caller's rows.
func guarded[T any](change func(T) (T, error), isTold func(T) bool) func(T) (T, error) {
	return func(current T) (T, error) {
		if !isTold(current) {
			return current, ErrNotFound
		}
		return change(current)
	}
}

func tellsOffer(r rows.Rows) func(domain.Offer) bool {
	return func(o domain.Offer) bool { return r.HasOffer(o.ID) }
}

func tellsPublisher(r rows.Rows) func(domain.Publisher) bool {
	return func(p domain.Publisher) bool { return r.HasPublisher(p.ID) }
}

func tellsCoupon(r rows.Rows) func(domain.Coupon) bool {
	return func(c domain.Coupon) bool { return r.Has(c.Offer, c.Publisher) }
}

// refuseLimited refuses what would be outside of every limit.
func refuseLimited(ctx context.Context) error {
	if rows.Of(ctx).IsLimited() {
		return access.Limited(access.From(ctx))
	}
	return nil
}

func (l limited) InsertOffer(ctx context.Context, offer domain.Offer) error {
	if err := refuseLimited(ctx); err != nil {
		return err
	}
	return l.store.InsertOffer(ctx, offer)
}

func (l limited) Offer(ctx context.Context, id string) (domain.Offer, error) {
	offer, err := l.store.Offer(ctx, id)
	return one(offer, err, tellsOffer(rows.Of(ctx)))
}

func (l limited) OfferByToken(ctx context.Context, token string, now time.Time) (domain.Offer, error) {
	offer, err := l.store.OfferByToken(ctx, token, now)
	return one(offer, err, tellsOffer(rows.Of(ctx)))
}

func (l limited) UpdateOffer(ctx context.Context, id string, change func(domain.Offer) (domain.Offer, error)) (domain.Offer, error) {
	return l.store.UpdateOffer(ctx, id, guarded(change, tellsOffer(rows.Of(ctx))))
}

func (l limited) Offers(ctx context.Context, q listing.Query) ([]domain.Offer, error) {
	return l.store.Offers(ctx, q)
}

func (l limited) InsertPublisher(ctx context.Context, publisher domain.Publisher) error {
	if err := refuseLimited(ctx); err != nil {
		return err
	}
	return l.store.InsertPublisher(ctx, publisher)
}

func (l limited) Publisher(ctx context.Context, id string) (domain.Publisher, error) {
	publisher, err := l.store.Publisher(ctx, id)
	return one(publisher, err, tellsPublisher(rows.Of(ctx)))
}

func (l limited) UpdatePublisher(
	ctx context.Context, id string, change func(domain.Publisher) (domain.Publisher, error),
) (domain.Publisher, error) {
	r := rows.Of(ctx)
	return l.store.UpdatePublisher(ctx, id, guarded(func(current domain.Publisher) (domain.Publisher, error) {
		next, err := change(current)
		if err == nil && r.IsPartner() {
			err = domain.CheckOwnSettings(current, next)
		}
		return next, err
	}, tellsPublisher(r)))
}

func (l limited) Publishers(ctx context.Context, q listing.Query) ([]domain.Publisher, error) {
	return l.store.Publishers(ctx, q)
}

func (l limited) Approval(ctx context.Context, offer, publisher string) (domain.Approval, error) {
	if !rows.Of(ctx).Has(offer, publisher) {
		return domain.Approval{}, ErrNotFound
	}
	return l.store.Approval(ctx, offer, publisher)
}

func (l limited) PutApproval(
	ctx context.Context, offer, publisher string, change func(*domain.Approval) (domain.Approval, error),
) (domain.Approval, error) {
	if rows.Of(ctx).Has(offer, publisher) {
		return l.store.PutApproval(ctx, offer, publisher, change)
	}
	_, err := change(nil)
	if err == nil {
		err = ErrNotFound
	}
	return domain.Approval{}, err
}

func (l limited) Approvals(ctx context.Context, q listing.Query) ([]domain.Approval, error) {
	return l.store.Approvals(ctx, q)
}

func (l limited) CreateCoupon(
	ctx context.Context, offer, publisher, code string, plan func(domain.Standing) (domain.Plan, error),
) (domain.Plan, error) {
	r := rows.Of(ctx)
	return l.store.CreateCoupon(ctx, offer, publisher, code, func(standing domain.Standing) (domain.Plan, error) {
		return plan(told(r, offer, publisher, standing))
	})
}

func (l limited) CreateCoupons(
	ctx context.Context, drafts []domain.Coupon, plan func(*domain.Standings) ([]domain.Plan, error),
) ([]domain.Plan, error) {
	r := rows.Of(ctx)
	return l.store.CreateCoupons(ctx, drafts, func(standings *domain.Standings) ([]domain.Plan, error) {
		if r.IsLimited() {
			standings.Told = func(draft domain.Coupon, standing domain.Standing) domain.Standing {
				return told(r, draft.Offer, draft.Publisher, standing)
			}
		}
		return plan(standings)
	})
}

// told returns what a caller may know of what is stored about a coupon to be created.
func told(r rows.Rows, offer, publisher string, standing domain.Standing) domain.Standing {
	if !r.IsLimited() {
		return standing
	}
	if !r.HasOffer(offer) {
		standing.Offer = nil
	}
	if !r.HasPublisher(publisher) {
		standing.Publisher = nil
	}
	standing.SharedWith = publishersIn(r, standing.SharedWith)
	standing.Holds = slices.Clone(standing.Holds)
	for i, hold := range standing.Holds {
		if !r.HasPublisher(hold.Publisher) {
			standing.Holds[i].Publisher = domain.SomebodyElse
		}
	}
	return standing
}

// publishersIn returns the publishers that a caller may know of.
func publishersIn(r rows.Rows, publishers []string) []string {
	if !r.IsLimited() {
		return publishers
	}
	return slices.DeleteFunc(slices.Clone(publishers), func(p string) bool { return !r.HasPublisher(p) })
}

func (l limited) Coupon(ctx context.Context, id string) (domain.Coupon, error) {
	coupon, err := l.store.Coupon(ctx, id)
	return one(coupon, err, tellsCoupon(rows.Of(ctx)))
}

func (l limited) UpdateCoupon(ctx context.Context, id string, change func(domain.Coupon) (domain.Coupon, error)) (domain.Coupon, error) {
	r := rows.Of(ctx)
	updated, err := l.store.UpdateCoupon(ctx, id, guarded(change, tellsCoupon(r)))
	if r.LimitedByPublishers() {
		err = domain.WithoutHolder(err)
	}
	return updated, err
}

func (l limited) Coupons(ctx context.Context, q listing.Query) ([]domain.Coupon, error) {
	return l.store.Coupons(ctx, q)
}

func (l limited) SharedWith(ctx context.Context, offer, publisher, code string, limit int) ([]string, error) {
	with, err := l.store.SharedWith(ctx, offer, publisher, code, limit)
	return publishersIn(rows.Of(ctx), with), err
}

func (l limited) Holds(ctx context.Context, offer, publisher, code string) ([]domain.Hold, error) {
	holds, err := l.store.Holds(ctx, offer, publisher, code)
	return told(rows.Of(ctx), offer, publisher, domain.Standing{Holds: holds}).Holds, err
}

func (l limited) CheckUnshared(ctx context.Context, offer string, now time.Time) error {
	return l.store.CheckUnshared(ctx, offer, now)
}

func (l limited) Candidates(ctx context.Context, offer, code string, limit int) ([]domain.Candidate, error) {
	found, err := l.store.Candidates(ctx, offer, code, limit)
	return candidatesIn(rows.Of(ctx), found), err
}

// candidatesIn returns the candidates that a caller may know of. It does not change found.
func candidatesIn(r rows.Rows, found []domain.Candidate) []domain.Candidate {
	if !r.IsLimited() {
		return found
	}
	return slices.DeleteFunc(slices.Clone(found), func(c domain.Candidate) bool { return !r.Has(c.Coupon.Offer, c.Coupon.Publisher) })
}

func (l limited) Once(
	ctx context.Context, call idempotency.Call, do func(context.Context, Store) (answer string, err error),
) (answer string, err error) {
	return l.store.Once(ctx, call, func(ctx context.Context, within Store) (string, error) {
		return do(ctx, limited{within})
	})
}

func (l limited) Ping(ctx context.Context) error { return l.store.Ping(ctx) }

func (l limited) Close() error { return l.store.Close() }

// Postback tokens are told to callers without rows only: the API refuses others. Lookups by hash are the services'.

func (l limited) InsertPostbackToken(ctx context.Context, token domain.PostbackToken, most int) error {
	return l.store.InsertPostbackToken(ctx, token, most)
}

func (l limited) PostbackToken(ctx context.Context, id string) (domain.PostbackToken, error) {
	return l.store.PostbackToken(ctx, id)
}

func (l limited) PostbackTokenByHash(ctx context.Context, hash string) (domain.PostbackToken, error) {
	return l.store.PostbackTokenByHash(ctx, hash)
}

func (l limited) PostbackTokens(ctx context.Context, q listing.Query) ([]domain.PostbackToken, error) {
	return l.store.PostbackTokens(ctx, q)
}

func (l limited) DeletePostbackToken(ctx context.Context, id string) error {
	return l.store.DeletePostbackToken(ctx, id)
}

func (l limited) NotePostbackTokenUse(ctx context.Context, hash string, at, after time.Time) error {
	return l.store.NotePostbackTokenUse(ctx, hash, at, after)
}
