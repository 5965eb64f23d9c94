package mongostore

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/couponlink/couponlink/services/internal/mongotest"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/mongodoc"
)

// insertBatchOnly makes a batch as number does, and dies before it takes the marks away.
func (p *program) insertBatchOnly(s *Store, gather func(context.Context) (batch, error)) batch {
	p.t.Helper()
	last, err := s.settled(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	b, err := gather(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	b.ID, b.Told, b.Size = last+1, len(b.Events) > 0, len(b.Events)+len(b.Clicks)
	if _, err := s.db.Collection(feed).InsertOne(p.t.Context(), b); err != nil || b.Size == 0 {
		p.t.Fatalf("a batch of %d: %v", b.Size, err)
	}
	return b
}

// told returns the events of the feed, and checks that each comes once and in its conversion's order.
func (p *program) told(s *Store) []domain.Event {
	p.t.Helper()
	var all []domain.Event
	for after := (domain.Position{}); ; after = all[len(all)-1].Position {
		events, err := s.Events(p.t.Context(), after, 4)
		if err != nil {
			p.t.Fatal(err)
		}
		if len(events) == 0 {
			break
		}
		all = append(all, events...)
	}
	next := map[string]int{}
	for _, e := range all {
		if e.First != next[e.Conversion.ID] {
			p.t.Errorf("%v is of %s from %d, want it from %d", e.Position, e.Conversion.ID, e.First, next[e.Conversion.ID])
		}
		next[e.Conversion.ID] = e.Last + 1
	}
	for _, id := range p.conversions {
		c, err := s.Conversion(p.t.Context(), id)
		if err != nil || next[id] != len(c.Changes)+1 {
			p.t.Errorf("%s has %d events told, %d changes (%v)", id, next[id], len(c.Changes), err)
		}
	}
	return all
}

// One that makes batches dies, or stalls, before the marks are taken away, while what is in them is changed: another
// goes on, and what the first one still writes, long after, changes nothing.
func TestABatchWhoseMakerStalls(t *testing.T) {
	p := newProgram(t)
	p.write(p.stores[0], 0, 0)
	p.write(p.stores[0], 1, 0)
	stalled := []batch{p.insertBatchOnly(p.stores[0], p.stores[0].waitingEvents)}
	p.write(p.stores[1], 2, 0) // which changes one that is in the batch
	if _, err := p.stores[1].settled(t.Context()); err != nil {
		t.Fatal(err)
	}
	stalled = append(stalled, p.insertBatchOnly(p.stores[1], p.stores[1].waitingClicks))
	p.write(p.stores[1], 3, time.Minute)
	p.check(p.stores[1], "while marks are left")
	p.countAll(p.stores[1])
	before := p.told(p.stores[1])
	for _, b := range stalled {
		if err := p.stores[0].unmark(t.Context(), b); err != nil {
			t.Errorf("taking marks away late: %v", err)
		}
	}
	if after := p.told(p.stores[0]); !reflect.DeepEqual(after, before) {
		t.Errorf("the feed was\n%+v, and now is\n%+v", before, after)
	}
	p.allCounted(p.stores[0])
	p.check(p.stores[0], "after the stall")
}

// What is committed long after it was sent, by an instance that is gone, is told and counted then.
func TestWritesThatArriveLate(t *testing.T) {
	p := newProgram(t)
	held := domain.Conversion{
		ID: fmt.Sprintf("%032d", 77), Offer: "1", Status: domain.StatusPending, Outcome: domain.Unattributed, Reason: domain.NoReference,
		ConversionTime: p.time(), CreateTime: p.time(), UpdateTime: p.time(), Revision: 1,
	}
	sale, click := encodeConversion(held), encodeClick(domain.Click{ID: "018f4e2a-1111-7222-8333-000000000077", Offer: "1", Time: p.time()})
	sale.mark(nil)
	p.write(p.stores[0], 0, 0)
	p.pass(time.Hour)
	p.countAll(p.stores[0])
	last, err := p.stores[0].LastPosition(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for collection, document := range map[string]any{conversions: sale, clicks: click} {
		if _, err := p.stores[0].db.Collection(collection).InsertOne(t.Context(), document); err != nil {
			t.Fatal(err)
		}
	}
	p.clicks, p.conversions = append(p.clicks, click.decode()), append(p.conversions, held.ID)
	if events, err := p.stores[1].Events(t.Context(), last, 10); err != nil || len(events) != 1 || events[0].Conversion.ID != held.ID {
		t.Errorf("after the write arrived the feed tells %+v, %v", events, err)
	}
	p.check(p.stores[1], "arrived")
	p.countAll(p.stores[0])
	p.allCounted(p.stores[1])
	p.check(p.stores[1], "counted")
}

// A summary adds no more than it may, and says up to when it counts.
func TestTheTailIsBounded(t *testing.T) {
	p := newProgram(t)
	s := p.stores[0]
	p.countAll(s)
	var times []time.Time
	for n := range 3 {
		p.write(s, n, 0)
		times = append(times, p.time())
		if _, _, err := s.numberAll(t.Context()); err != nil {
			t.Fatal(err)
		}
		p.pass(time.Second)
	}
	clicked := func(limit int) (clicks int64, counted time.Time) {
		s.tailEvents = limit
		cells, counted, err := s.Cells(t.Context(), []rollup.Span{{Cube: rollup.StatusMonths, To: 1 << 30}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cells {
			clicks += c.Clicks
		}
		return clicks, counted
	}
	for limit, want := range map[int]int64{2: 1, 4: 2, 1000: 3} {
		wantTime := p.time()
		if want < 3 {
			wantTime = times[want-1]
		}
		if clicks, counted := clicked(limit); clicks != want || !counted.Equal(wantTime) {
			t.Errorf("with at most %d events the summary has %d clicks, counted up to %s, want %d and %s", limit, clicks, counted, want, wantTime)
		}
	}
}

// The one that counts goes on giving signs of life, so that the others leave the work alone however long it takes.
func TestTheLeaseIsRenewed(t *testing.T) {
	p := newProgram(t)
	const lease = 200 * time.Millisecond
	for _, s := range p.stores {
		s.leaseTime, s.clock = lease, time.Now
	}
	from, err := p.stores[0].readyProgress(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var beaten int64
	err = p.stores[0].leased(t.Context(), from, from, func(ctx context.Context, held progress) (progress, error) {
		for start := time.Now(); time.Since(start) < 3*lease || beaten < 2; {
			seen, err := p.stores[1].readyProgress(ctx)
			if err != nil || time.Since(start) > time.Minute {
				return held, fmt.Errorf("after %d signs of life: %w", beaten, err)
			}
			beaten = seen.Beat
			if !p.stores[1].others.busy(seen, time.Now(), 10*lease) {
				t.Error("nobody is at work")
			}
		}
		return held, nil
	})
	if err != nil || beaten < 2 {
		t.Errorf("%d signs of life, %v", beaten, err)
	}
	after, err := p.stores[1].readyProgress(t.Context())
	if err != nil || after.Holder != "" || p.stores[1].others.busy(after, time.Now(), lease) {
		t.Errorf("afterwards %+v is at work, %v", after, err)
	}
	// One that gives none for a lease is replaced, whatever the clock says meanwhile.
	dead := progress{Holder: "one who died", Beat: 7}
	var w watchdog
	now := time.Now()
	for i, want := range []bool{true, true, false} {
		if got := w.busy(dead, now.Add(time.Duration(i)*lease/2), lease); got != want {
			t.Errorf("after %d halves of a lease: %v, want %v", i, got, want)
		}
	}
	if dead.Beat++; !w.busy(dead, now.Add(time.Hour), lease) {
		t.Error("a sign of life is not seen")
	}
}

// What is asked of the feed walks an index, however much there is.
func TestTheFeedWalksIndexes(t *testing.T) {
	if mongotest.Engine() {
		t.Log("not on the embedded engine, which has no plans; MONGODB_URI names a server that has")
		return
	}
	uri := mongotest.URI(t)
	s, err := Open(t.Context(), uri, Options{Retention: time.Hour, Calendar: rollup.NewCalendar(time.UTC), Now: time.Now}, mongotest.Options()...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	byNumber := bson.D{{Key: "_id", Value: 1}}
	for _, c := range []struct {
		collection   string
		filter, sort bson.D
		by           string
	}{
		{clicks, clickWaits(), bson.D{}, "batch"},
		{clicks, mongodoc.Among("_id", []string{"a", "b"}), bson.D{}, "_id"},
		{conversions, waits(), bson.D{}, "feed_from"},
		{feed, bson.D{}, bson.D{{Key: "_id", Value: -1}}, "_id"},
		{feed, span{1, 9}.of("_id"), byNumber, "_id"},
		{feed, bson.D{{Key: "told", Value: true}, {Key: "_id", Value: bson.D{{Key: "$gte", Value: 1}}}}, byNumber, "told"},
		{feed, bson.D{{Key: "told", Value: false}, {Key: "_id", Value: bson.D{{Key: "$lt", Value: 1}}}}, bson.D{}, "told"},
	} {
		plan := mongotest.Explain(t, uri, "tracking", c.collection, c.filter, c.sort, 10)
		if plan.Scans || plan.Sorts || !slices.Contains(plan.Indexes, c.by) && !slices.Contains(plan.Indexes, "_id") {
			t.Errorf("%s by %v: the plan is %+v, want one by %s", c.collection, c.filter, plan, c.by)
		}
	}
}
