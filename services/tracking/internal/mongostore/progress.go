package mongostore

import (
	"context"
	"errors"
	"math"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/couponlink/couponlink/services/internal/mongodb"
)

// leaseTime is for how long the others leave a part of the work to the one who began it. It is there to
// spare work only: what two do at once is done once all the same.
const leaseTime = 20 * time.Second

// phase says how far the figures are.
type phase string

// The phases. What is stored already is counted in the first three, by days and then by months; the last
// goes on from there.
const (
	clearing       phase = "CLEARING"
	countingDays   phase = "DAYS"
	countingMonths phase = "MONTHS"
	ready          phase = "READY"
)

// progress is up to where everything is counted, the one document of its collection. It is only replaced by
// who knows its revision.
type progress struct {
	ID       string `bson:"_id"`
	Revision int64  `bson:"revision"`
	// Generation is that of the cells, which are by the days of Zone.
	Generation int64  `bson:"generation"`
	Zone       string `bson:"zone"`
	Phase      phase  `bson:"phase"`
	// Next is the first day or month that is not counted yet, in the phases before ready.
	Next int32 `bson:"next"`
	// CountedTo is up to which count time, exclusive, everything is in the cells, and in phases before ready
	// will be. CountingTo is up to where somebody counts just now; zero: nobody does. It is written before
	// the first cell, so that whoever repeats the work repeats the same.
	CountedTo  time.Time `bson:"counted_to"`
	CountingTo time.Time `bson:"counting_to,omitempty"`
	// LeaseTime is until when the work is left to who began it; zero: nobody did.
	LeaseTime time.Time `bson:"lease_time,omitempty"`
}

const progressID = "figures"

// readProgress returns the progress; false: there is none by this store's zone.
func (s *Store) readProgress(ctx context.Context) (progress, bool, error) {
	var p progress
	err := s.db.Collection(counting).FindOne(ctx, byID(progressID)).Decode(&p)
	if errors.Is(err, mongo.ErrNoDocuments) {
		return p, false, nil
	}
	p.CountedTo, p.CountingTo, p.LeaseTime = p.CountedTo.UTC(), p.CountingTo.UTC(), p.LeaseTime.UTC()
	return p, err == nil && p.Zone == s.zone(), failure("reading how far the figures are", err)
}

// zone returns the name of the calendar's zone.
func (s *Store) zone() string { return s.calendar.Zone().String() }

// move replaces the progress by next, unless it has changed since: then it returns false.
func (s *Store) move(ctx context.Context, from, next progress) (progress, bool, error) {
	next.Revision = from.Revision + 1
	result, err := s.db.Collection(counting).ReplaceOne(ctx, append(byID(progressID), bson.E{Key: "revision", Value: from.Revision}), next)
	if err != nil {
		return next, false, failure("noting how far the figures are", err)
	}
	return next, result.MatchedCount == 1, nil
}

// leased moves on to next, does a part of the work with the lease, and moves on to what that returns. It
// does nothing where another is faster.
func (s *Store) leased(ctx context.Context, from, next progress, do func(context.Context, progress) (progress, error)) error {
	next.LeaseTime = s.now().Add(leaseTime)
	held, mine, err := s.move(ctx, from, next)
	if err != nil || !mine {
		return err
	}
	done, err := do(ctx, held)
	if err != nil {
		s.letGo(ctx, held)
		return err
	}
	done.LeaseTime = time.Time{}
	_, _, err = s.move(ctx, held, done)
	return err
}

// letGo gives the lease back after a failure. Where that fails too, it ends by itself.
func (s *Store) letGo(ctx context.Context, p progress) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	next := p
	next.LeaseTime = time.Time{}
	_, _, _ = s.move(ctx, p, next)
}

// beginFigures sees to it that there are figures by this store's zone, or will be. Those of a store without
// a click and a conversion are ready at once.
func (s *Store) beginFigures(ctx context.Context) error {
	for {
		p, _, err := s.readProgress(ctx)
		if err != nil {
			return err
		}
		if p.Zone == s.zone() {
			return s.readyIfEmpty(ctx, p)
		}
		next := progress{
			ID: progressID, Revision: p.Revision + 1, Generation: p.Generation + 1, Zone: s.zone(),
			Phase: clearing, Next: math.MinInt32, CountedTo: s.now().Add(-settle),
		}
		if p.ID != "" {
			_, _, err = s.move(ctx, p, next)
		} else if _, err = s.db.Collection(counting).InsertOne(ctx, next); mongodb.IsUnique(err) {
			err = nil
		}
		if err != nil {
			return failure("beginning the figures", err)
		}
	}
}

// readyIfEmpty ends what is begun where there is nothing to count.
func (s *Store) readyIfEmpty(ctx context.Context, p progress) error {
	if p.Phase != clearing {
		return nil
	}
	for _, collection := range []string{clicks, conversions, figures} {
		err := s.db.Collection(collection).FindOne(ctx, bson.D{}).Err()
		if err == nil {
			return nil
		}
		if !errors.Is(err, mongo.ErrNoDocuments) {
			return failure("looking for what is to be counted", err)
		}
	}
	next := p
	next.Phase = ready
	_, _, err := s.move(ctx, p, next)
	return err
}
