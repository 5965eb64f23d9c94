package sqlitestore

import (
	"context"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/tracking/internal/domain/delivery"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore/sqlrow"
)

// TestBlockedDeliveriesHideNothing puts deliveries that wait for others before one that does not: the
// first claim finds it.
func TestBlockedDeliveriesHideNothing(t *testing.T) {
	s := openStore(t)
	at := func(ms int64) time.Time { return sqlrow.Time(1_800_000_000_000 + ms) }
	const blocked = 1000
	var deliveries []delivery.Delivery
	for i := range blocked {
		for change, due := range map[int]int64{0: 5000, 1: int64(i)} {
			deliveries = append(deliveries, delivery.Delivery{
				Conversion: "sale " + strconv.Itoa(i), Change: change, Publisher: "22", State: delivery.Due,
				DueTime: at(due), FirstDueTime: at(due), CreateTime: at(due),
			})
		}
	}
	free := delivery.Delivery{Conversion: "free", Publisher: "22", State: delivery.Due, DueTime: at(blocked), FirstDueTime: at(0), CreateTime: at(0)}
	if err := s.Plan(t.Context(), []delivery.Plan{{Deliveries: append(deliveries, free)}}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		got, err := s.ClaimDeliveries(t.Context(), delivery.Claim{Now: at(2000), Until: at(9000), Holder: "h", Limit: 1})
		if err != nil || len(got) != 1 || got[0].Conversion != "free" {
			t.Errorf("claimed are %+v (%v), want the one that waits for nobody", got, err)
		}
		if _, err := s.ReplayDelivery(t.Context(), "free-0-22", at(1000)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestClaimsOfADeadProcessAreVoid opens the file again, as after a crash: what was claimed is due at once.
func TestClaimsOfADeadProcessAreVoid(t *testing.T) {
	dir := t.TempDir()
	at := sqlrow.Time(1_800_000_000_000)
	sale := delivery.Delivery{Conversion: "sale", Publisher: "22", State: delivery.Due, DueTime: at, FirstDueTime: at, CreateTime: at}
	for i := range 2 {
		s, err := Open(t.Context(), dir, testOptions())
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Plan(t.Context(), []delivery.Plan{{Deliveries: []delivery.Delivery{sale}}}); err != nil {
			t.Fatal(err)
		}
		for _, want := range []int{1, 0} { // the second claim finds it taken
			got, err := s.ClaimDeliveries(t.Context(), delivery.Claim{Now: at, Until: at.Add(time.Minute), Holder: strconv.Itoa(i), Limit: 9})
			if err != nil || len(got) != want {
				t.Errorf("opened %d times: claimed %d (%v), want %d", i+1, len(got), err, want)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestAClaimThatHasBegunIsWaitedFor delays the disk until the caller's context ends. The claim is returned all
// the same, since nobody else gets it before the lease ends.
func TestAClaimThatHasBegunIsWaitedFor(t *testing.T) {
	s := openStore(t)
	at := sqlrow.Time(1_800_000_000_000)
	sale := delivery.Delivery{Conversion: "sale", Publisher: "22", State: delivery.Due, DueTime: at, FirstDueTime: at, CreateTime: at}
	if err := s.Plan(t.Context(), []delivery.Plan{{Deliveries: []delivery.Delivery{sale}}}); err != nil {
		t.Fatal(err)
	}
	holding, release := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		err := s.queue.Write(t.Context(), &job{task: func(context.Context, *tx) error {
			close(holding)
			<-release
			return nil
		}})
		if err != nil {
			t.Error(err)
		}
	})
	<-holding
	ended, end := context.WithCancel(t.Context())
	ctx := &watchedContext{Context: ended, looked: make(chan struct{})}
	all.Go(func() {
		got, err := s.ClaimDeliveries(ctx, delivery.Claim{Now: at, Until: at.Add(time.Minute), Holder: "h", Limit: 9})
		if err != nil || len(got) != 1 {
			t.Errorf("claimed %d (%v), want 1", len(got), err)
		}
	})
	<-ctx.looked
	end()
	time.AfterFunc(20*time.Millisecond, func() { close(release) })
	all.Wait()
	if got, err := s.ClaimDeliveries(ended, delivery.Claim{Now: at, Until: at.Add(time.Minute), Holder: "h", Limit: 9}); err == nil {
		t.Errorf("who has gone claimed %d", len(got))
	}
}

// watchedContext signals when it is first asked whether it has ended.
type watchedContext struct {
	context.Context
	once   sync.Once
	looked chan struct{}
}

func (c *watchedContext) Err() error {
	err := c.Context.Err()
	c.once.Do(func() { close(c.looked) })
	return err
}
