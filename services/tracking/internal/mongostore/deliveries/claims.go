package deliveries

import (
	"context"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/couponlink/couponlink/services/tracking/internal/domain/delivery"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/mongodoc"
)

const (
	// claimRounds bounds how often a claim looks for more if some of what it found has to wait.
	claimRounds = 3
	// waitForEarlier is when a delivery is looked at again whose earlier one is just being tried: soon,
	// since most tries succeed at once, but not again and again in the place of others.
	waitForEarlier = 500 * time.Millisecond
)

// dueDelivery is what a claim needs to know of a delivery.
type dueDelivery struct {
	ID         string    `bson:"_id"`
	Conversion string    `bson:"conversion"`
	Change     int       `bson:"change"`
	Publisher  string    `bson:"publisher"`
	DueTime    time.Time `bson:"due_time"`
	Holder     string    `bson:"holder"`
}

// line is where deliveries wait for each other.
type line struct{ conversion, publisher string }

func (d dueDelivery) line() line { return line{d.Conversion, d.Publisher} }

// ClaimDeliveries claims deliveries that are due and first in their line. Of two concurrent claims of a delivery
// one succeeds, since a claim is a single conditional write.
func (s *Store) ClaimDeliveries(ctx context.Context, claim delivery.Claim) ([]delivery.Delivery, error) {
	var claimed []delivery.Delivery
	for range claimRounds {
		wanted := claim.Limit - len(claimed)
		if wanted <= 0 {
			break
		}
		found, err := s.due(ctx, claim, wanted)
		if err != nil {
			return nil, err
		}
		first, later, err := s.firsts(ctx, found)
		if err != nil {
			return nil, err
		}
		taken, err := s.takeFor(ctx, claim, first)
		if err != nil {
			return nil, err
		}
		claimed = append(claimed, taken...)
		if len(later) == 0 {
			break
		}
		if err := s.putOff(ctx, claim.Now, later); err != nil {
			return nil, err
		}
	}
	return claimed, nil
}

// due returns deliveries that are due, the longest due first.
func (s *Store) due(ctx context.Context, claim delivery.Claim, limit int) ([]dueDelivery, error) {
	filter := append(StillDue(), dueBy(claim.Now)...)
	if len(claim.Skip) > 0 {
		filter = append(filter, bson.E{Key: "publisher", Value: bson.D{{Key: "$nin", Value: claim.Skip}}})
	}
	opts := options.Find().SetSort(bson.D{{Key: "due_time", Value: 1}}).SetLimit(int64(limit))
	return s.dueOf(ctx, filter, opts)
}

func (s *Store) dueOf(ctx context.Context, filter bson.D, opts *options.FindOptionsBuilder) ([]dueDelivery, error) {
	opts.SetProjection(bson.D{
		{Key: "conversion", Value: 1},
		{Key: "change", Value: 1},
		{Key: "publisher", Value: 1},
		{Key: "due_time", Value: 1},
		{Key: "holder", Value: 1},
	})
	return mongodoc.Find[dueDelivery](ctx, s.db, Collection, "finding due deliveries", filter, opts)
}

func dueBy(now time.Time) bson.D {
	return bson.D{{Key: "due_time", Value: bson.D{{Key: "$lte", Value: now}}}}
}

// firsts returns the ids of those of some due deliveries that are first in their line, and those that
// are not, each with the first. Only of changes can there be an earlier one.
func (s *Store) firsts(ctx context.Context, found []dueDelivery) (first []string, later map[string]dueDelivery, err error) {
	var changed []string
	for _, d := range found {
		if d.Change > 0 {
			changed = append(changed, d.Conversion)
		}
	}
	heads := map[line]dueDelivery{}
	if len(changed) > 0 {
		lines, err := s.dueOf(ctx, append(mongodoc.Among("conversion", changed), StillDue()...), options.Find())
		if err != nil {
			return nil, nil, err
		}
		for _, d := range lines {
			if head, ok := heads[d.line()]; !ok || d.Change < head.Change {
				heads[d.line()] = d
			}
		}
	}
	later = map[string]dueDelivery{}
	for _, d := range found {
		if head, ok := heads[d.line()]; ok && head.Change < d.Change {
			later[d.ID] = head
		} else {
			first = append(first, d.ID)
		}
	}
	return first, later, nil
}

// takeFor claims those of some deliveries that nobody else has claimed since they were found due, and
// returns them in the order of ids.
func (s *Store) takeFor(ctx context.Context, claim delivery.Claim, ids []string) ([]delivery.Delivery, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	filter := append(append(mongodoc.Among("_id", ids), StillDue()...), dueBy(claim.Now)...)
	_, err := s.db.Collection(Collection).UpdateMany(ctx, filter,
		mongodoc.Set(bson.D{{Key: "due_time", Value: claim.Until}, {Key: "holder", Value: claim.Holder}}))
	if err != nil {
		return nil, mongodoc.Failure("claiming deliveries", err)
	}
	held := append(mongodoc.Among("_id", ids), bson.E{Key: "holder", Value: claim.Holder})
	found, err := mongodoc.All(ctx, s.db, Collection, held, options.Find(), (*deliveryDocument).decode)
	if err != nil {
		return nil, err
	}
	byID := make(map[string]delivery.Delivery, len(found))
	for _, d := range found {
		byID[d.ID] = d
	}
	taken := make([]delivery.Delivery, 0, len(found))
	for _, id := range ids {
		if d, ok := byID[id]; ok {
			taken = append(taken, d)
		}
	}
	return taken, nil
}

// putOff makes deliveries due no sooner than the first in their line, so that they are not found again
// and again. Where that one is being tried, or could be, it is soon, and noted on it, so that its end
// makes them due at once.
func (s *Store) putOff(ctx context.Context, now time.Time, later map[string]dueDelivery) error {
	updates := make([]mongo.WriteModel, 0, 2*len(later))
	for id, head := range later {
		again := head.DueTime
		if head.Holder != "" || !again.After(now) {
			again = now.Add(waitForEarlier)
			updates = append(updates, mongo.NewUpdateOneModel().
				SetFilter(append(mongodoc.ByID(head.ID), StillDue()...)).
				SetUpdate(mongodoc.Set(bson.D{{Key: "followed", Value: true}})))
		}
		updates = append(updates, mongo.NewUpdateOneModel().
			SetFilter(append(append(mongodoc.ByID(id), StillDue()...), dueBy(now)...)).
			SetUpdate(mongodoc.Set(bson.D{{Key: "due_time", Value: again}})))
	}
	return s.db.UpdateAll(ctx, Collection, updates)
}

// callUp makes due what waited for a delivery that is done. A crash before it costs waitForEarlier.
func (s *Store) callUp(ctx context.Context, done *deliveryDocument) error {
	waiting := append(bson.D{
		{Key: "conversion", Value: done.Conversion},
		{Key: "publisher", Value: done.Publisher},
		{Key: "attempt_count", Value: 0}, // one that was tried waits for its own next try
		{Key: "holder", Value: bson.D{{Key: "$exists", Value: false}}},
		{Key: "due_time", Value: bson.D{{Key: "$gt", Value: done.FinishTime}}},
	}, StillDue()...)
	_, err := s.db.Collection(Collection).UpdateMany(ctx, waiting, mongodoc.Set(bson.D{{Key: "due_time", Value: done.FinishTime}}))
	return mongodoc.Failure("making due what waited for a delivery", err)
}
