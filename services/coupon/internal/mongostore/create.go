package mongostore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/couponlink/couponlink/services/coupon/internal/app"
	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/audit"
	"github.com/couponlink/couponlink/services/internal/mongodb"
)

// createAttempts bounds how often a create starts over because a key was taken after it was planned. The next
// attempt reads who took it, so one retry is enough unless the plan ignores that.
const createAttempts = 5

// turnTimeout bounds how long a change waits for its turn at an offer. Thirty changes take about 0.3 s.
const turnTimeout = 5 * time.Second

// turn waits until nobody else in this process changes some offers or their coupons. It returns a function
// that ends the turn. A Store that Once passes on does not wait: its transaction has begun, and the holder of the turn
// may wait for it. The lock in the database then decides alone.
func (s *Store) turn(ctx context.Context, offers ...string) (release func(), err error) {
	if s.within {
		return func() {}, nil
	}
	waiting, cancel := context.WithTimeout(ctx, turnTimeout)
	defer cancel()
	release, err = s.locking.Take(waiting, offers...)
	if err != nil && ctx.Err() == nil {
		err = contended()
	}
	return release, err
}

// CreateCoupon writes a planned coupon and its approval in one transaction.
func (s *Store) CreateCoupon(
	ctx context.Context, offer, publisher, code string, plan func(domain.Standing) (domain.Plan, error),
) (domain.Plan, error) {
	var planned domain.Plan
	err := s.startingOver(ctx, []string{offer}, func(ctx context.Context) (refusal, err error) {
		standing, err := s.standing(ctx, offer, publisher, code)
		if err != nil {
			return nil, err
		}
		before := clone(standing.Approval)
		if planned, refusal = plan(standing); refusal != nil {
			return refusal, refusal
		}
		return nil, s.carryOut(ctx, before, &planned)
	})
	if err != nil {
		return domain.Plan{}, err
	}
	return planned, nil
}

// startingOver runs attempt in a transaction that locks offers, and runs it again if a key was taken after it
// was planned. refusal is the plan's own error, which ends the attempts even if it looks like a collision.
func (s *Store) startingOver(ctx context.Context, offers []string, attempt func(context.Context) (refusal, err error)) error {
	release, err := s.turn(ctx, offers...)
	if err != nil {
		return err
	}
	defer release()
	for range createAttempts {
		var refusal error
		err = s.inTransaction(ctx, func(ctx context.Context) error {
			var err error
			refusal, err = attempt(ctx)
			return err
		})
		if err == nil || refusal != nil || !errors.Is(err, app.ErrExists) && !errors.Is(err, errCollision) {
			return err
		}
	}
	return err
}

// carryOut writes a plan, and sets the approval's revision in it.
func (s *Store) carryOut(ctx context.Context, before *domain.Approval, planned *domain.Plan) error {
	if planned.Approval != nil {
		approval, err := s.storeApproval(audit.BySystem(ctx), before, *planned.Approval)
		if err != nil {
			return err
		}
		planned.Approval = &approval
	}
	return s.coupons.insert(ctx, planned.Coupon)
}

// standing reads what is stored about a coupon to create. It locks the offer first, so that creates on one
// offer run one after the other and each sees the previous one.
func (s *Store) standing(ctx context.Context, offer, publisher, code string) (domain.Standing, error) {
	var found domain.Standing
	var err error
	if found.Offer, err = s.lockOffer(ctx, offer); err != nil {
		return found, err
	}
	if found.Publisher, err = s.publishers.find(ctx, publisher); err != nil {
		return found, err
	}
	if found.Approval, err = s.approvals.find(ctx, domain.ApprovalID(offer, publisher)); err != nil {
		return found, err
	}
	existing, err := s.coupons.find(ctx, domain.CouponID(offer, publisher, code))
	if err != nil {
		return found, err
	}
	found.Exists = existing != nil
	if found.Offer != nil && found.Offer.UniqueCodes {
		if found.Holds, err = s.Holds(ctx, offer, publisher, code); err != nil {
			return found, err
		}
	}
	found.SharedWith, err = s.SharedWith(ctx, offer, publisher, code, domain.MaxSharers)
	return found, err
}

// lockOffer returns an offer, or nil if it does not exist, and writes to it. The write makes every other
// transaction that writes to the offer start over, after a short pause, until this one is done. It is the
// first operation of a transaction, so that a transaction that starts over loses no work. Only one change per
// process gets here at a time (see locking), so few collide. The written value has no meaning, and the
// offer's revision does not change.
func (s *Store) lockOffer(ctx context.Context, id string) (*domain.Offer, error) {
	var found offerDocument
	err := s.offers.stored.FindOneAndUpdate(ctx, byID(id),
		bson.D{{Key: "$inc", Value: bson.D{{Key: "coupon_writes", Value: int64(1)}}}},
		options.FindOneAndUpdate().SetReturnDocument(options.After)).Decode(&found)
	if errors.Is(err, mongo.ErrNoDocuments) {
		return nil, nil
	}
	if err != nil {
		return nil, mongodb.Failure(fmt.Errorf("locking offer %s: %w", id, err))
	}
	offer := found.decode()
	return &offer, nil
}
