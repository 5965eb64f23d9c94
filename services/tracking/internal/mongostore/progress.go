package mongostore

import (
	"context"
	"crypto/rand"
	"errors"
	"math"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/mongodoc"
)

const (
	// leaseTime is how long a process without a sign of life keeps the part of the work that it began. The other
	// processes measure that on their own clocks, so the clocks need not agree. The lease only saves work: what two
	// processes do at the same time still counts once.
	leaseTime = 20 * time.Second
	// beats is how many signs of life there are in a leaseTime.
	beats = 4
)

// phase says how far the counting of the figures has got.
type phase string

// The phases. In the first three, existing records are counted, by days and then by months. In the last, new records
// are added.
const (
	clearing       phase = "CLEARING"
	countingDays   phase = "DAYS"
	countingMonths phase = "MONTHS"
	ready          phase = "READY"
)

// progress says how far records are counted. It is the only document of its collection. Only a process that knows its
// revision can replace it.
type progress struct {
	ID       string `bson:"_id"`
	Revision int64  `bson:"revision"`
	// Generation is the generation of the cells, which count by the days of Zone.
	Generation int64  `bson:"generation"`
	Zone       string `bson:"zone"`
	Phase      phase  `bson:"phase"`
	// Next is the first day or month that is not counted yet, in the phases before ready.
	Next int32 `bson:"next"`
	// CountedTo is the first batch that is not in the cells; in phases before ready, the first one that will not be.
	// CountingTo is the first batch after the window that a process is counting; 0 if none is. It is written before
	// the first cell, so that a process that repeats the work counts the same window.
	CountedTo  int64 `bson:"counted_batch"`
	CountingTo int64 `bson:"counting_batch,omitempty"`
	// Discounts says that the cells have discounts. Releases that did not count them leave it out.
	Discounts bool `bson:"discounts"`
	// Holder names the process that has begun work; "" if none has. Beat is its sign of life, which keeps changing.
	Holder string `bson:"holder,omitempty"`
	Beat   int64  `bson:"beat,omitempty"`
}

// watchdog says whether another process is at work, and how long nothing has been counted.
type watchdog struct {
	mu sync.Mutex
	// holder and beat are the last ones seen, and since is when they were new. Likewise countedTo, countedToSince.
	holder         string
	beat           int64
	since          time.Time
	countedTo      int64
	countedToSince time.Time
}

// busy reports whether the work has a holder that has given a sign of life within leaseTime.
func (w *watchdog) busy(p progress, now time.Time, leaseTime time.Duration) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if p.Holder != w.holder || p.Beat != w.beat || w.since.IsZero() {
		w.holder, w.beat, w.since = p.Holder, p.Beat, now
	}
	return p.Holder != "" && now.Sub(w.since) < leaseTime
}

// idle returns how long nothing has been counted, as far as this process has seen.
func (w *watchdog) idle(p progress, now time.Time) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	if p.CountedTo != w.countedTo || w.countedToSince.IsZero() {
		w.countedTo, w.countedToSince = p.CountedTo, now
	}
	return now.Sub(w.countedToSince)
}

const progressID = "figures"

// readProgress returns the progress; false if there are no figures for this store's zone.
func (s *Store) readProgress(ctx context.Context) (progress, bool, error) {
	var p progress
	err := s.db.Collection(counting).FindOne(ctx, mongodoc.ByID(progressID)).Decode(&p)
	if errors.Is(err, mongo.ErrNoDocuments) {
		return p, false, nil
	}
	return p, err == nil && p.Zone == s.zone(), mongodoc.Failure("reading how far the figures are", err)
}

// zone returns the name of the calendar's zone.
func (s *Store) zone() string { return s.calendar.Zone().String() }

// move replaces the progress by next, unless it has changed since: then it returns false.
func (s *Store) move(ctx context.Context, from, next progress) (progress, bool, error) {
	next.Revision = from.Revision + 1
	result, err := s.db.Collection(counting).ReplaceOne(ctx, append(mongodoc.ByID(progressID), bson.E{Key: "revision", Value: from.Revision}), next)
	if err != nil {
		return next, false, mongodoc.Failure("noting how far the figures are", err)
	}
	return next, result.MatchedCount == 1, nil
}

// leased moves on to next, does a part of the work with the lease, and moves on to what that returns. It
// does nothing where another is faster.
func (s *Store) leased(ctx context.Context, from, next progress, do func(context.Context, progress) (progress, error)) error {
	next.Holder = rand.Text()
	held, mine, err := s.move(ctx, from, next)
	if err != nil || !mine {
		return err
	}
	working, end := context.WithCancel(ctx)
	var beating sync.WaitGroup
	beating.Go(func() { s.keepBeating(working, held) })
	done, err := do(ctx, held)
	end()
	beating.Wait()
	if err != nil {
		s.letGo(ctx, held)
		return err
	}
	done.Holder = ""
	_, _, err = s.move(ctx, held, done)
	return err
}

// keepBeating gives signs of life until ctx ends.
func (s *Store) keepBeating(ctx context.Context, held progress) {
	tick := time.NewTicker(s.leaseTime / beats)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		ours := append(mongodoc.ByID(progressID), bson.E{Key: "revision", Value: held.Revision})
		// If it fails, the next one may not, and if none succeeds, another does the work too.
		_, _ = s.db.Collection(counting).UpdateOne(ctx, ours, bson.D{{Key: "$inc", Value: bson.D{{Key: "beat", Value: int64(1)}}}})
	}
}

// letGo gives the lease back after a failure. Where that fails too, it ends by itself.
func (s *Store) letGo(ctx context.Context, p progress) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	next := p
	next.Holder = ""
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
		if p.Zone == s.zone() && (p.Discounts || p.Phase == ready) {
			return s.readyIfEmpty(ctx, p)
		}
		// What is in no batch now is in none of those that are counted at first.
		last, _, err := s.number(ctx, func(context.Context) (batch, error) { return batch{}, nil })
		if err != nil {
			return err
		}
		next := progress{
			ID: progressID, Revision: p.Revision + 1, Generation: p.Generation + 1, Zone: s.zone(),
			Phase: clearing, Next: math.MinInt32, CountedTo: last + 1, Discounts: true,
		}
		if p.ID != "" {
			_, _, err = s.move(ctx, p, next)
		} else if _, err = s.db.Collection(counting).InsertOne(ctx, next); mongodb.IsUnique(err) {
			err = nil
		}
		if err != nil {
			return mongodoc.Failure("beginning the figures", err)
		}
	}
}

// readyIfEmpty marks the figures as ready if nothing is stored that could be counted.
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
			return mongodoc.Failure("looking for what is to be counted", err)
		}
	}
	next := p
	next.Phase = ready
	_, _, err := s.move(ctx, p, next)
	return err
}
