package attribution_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/tracking/internal/app/attribution"
	"github.com/couponlink/couponlink/services/tracking/internal/app/conversions"
	"github.com/couponlink/couponlink/services/tracking/internal/app/review"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/storetest"
)

var errBroken = errors.New("broken off")

// begin returns the token of now.
func begin(t *testing.T, s *service, filter string) (token string) {
	t.Helper()
	if err := s.Watch(t.Context(), filter, "", func(n conversions.News) error { token = n.ResumeToken; return errBroken }); !errors.Is(err, errBroken) {
		t.Fatal(err)
	}
	return token
}

// TestWatchTellsEachEventOnce lets much gather, by a clock that is set back and forth, and a watcher take it in
// streams that break off after two answers each: it is told of each insertion and change once, in order, as it was
// then, and not of what the filter leaves out.
func TestWatchTellsEachEventOnce(t *testing.T) {
	store := newStore(t)
	var clock atomic.Int64
	s := serve(attribution.Config{
		Store: store, Catalog: withRates(newCatalog(t)), Zone: time.UTC, Wake: func() {},
		After: func(time.Duration) <-chan time.Time { return time.After(0) },
		Now: func() time.Time {
			n := clock.Add(1)
			return now.Add(time.Duration(n)*time.Second - time.Duration(n%3)*20*time.Minute)
		},
	})
	const filter = "status != PENDING"
	token := begin(t, s, filter)
	want := map[string][]int{}
	var sales []domain.Conversion
	for i := range 20 {
		c := sold(t, s, "A-"+strconv.Itoa(i))
		sales, want[c.ID] = append(sales, c), []int{0}
		if i%4 != 3 {
			continue
		}
		for _, change := range []func(context.Context, review.Edit) (domain.Conversion, error){s.Reject, s.Approve} {
			changed, err := change(t.Context(), review.Edit{ID: sales[i/2].ID, Reason: "test"})
			if err != nil {
				t.Fatal(err)
			}
			want[changed.ID] = append(want[changed.ID], len(changed.Changes))
		}
	}
	got := map[string][]int{}
	for range 15 {
		answers := 0
		err := s.Watch(t.Context(), filter, token, func(n conversions.News) error {
			if n.Conversion != nil {
				got[n.Conversion.ID] = append(got[n.Conversion.ID], number(t, n))
			}
			token = n.ResumeToken
			if answers++; answers == 2 {
				return errBroken
			}
			return nil
		})
		if !errors.Is(err, errBroken) {
			t.Fatal(err)
		}
	}
	for id, numbers := range want {
		if !slices.Equal(got[id], numbers) {
			t.Errorf("%s: the watcher was told of the events %v, not %v", id, got[id], numbers)
		}
	}
}

// number returns the number of the only event that a watcher is told of, and checks that the conversion is as it
// was then.
func number(t *testing.T, n conversions.News) int {
	t.Helper()
	c := n.Conversion
	if n.Created && len(n.Changes) == 0 {
		if c.Revision != 1 || c.Status != domain.StatusApproved || len(c.Changes) > 0 {
			t.Errorf("a new conversion is told as %+v", c)
		}
		return 0
	}
	if len(n.Changes) != 1 || n.Created {
		t.Errorf("told at once: %d changes, created %v", len(n.Changes), n.Created)
		return -1
	}
	change := n.Changes[0]
	reason := map[domain.Status]string{domain.StatusRejected: "test"}[c.Status]
	if c.Status != change.To.Status || c.Revision != int64(change.Number)+1 || c.StatusReason != reason || c.UpdateTime.Before(change.By.Time) {
		t.Errorf("after the change %+v the conversion is told as %+v", change, c)
	}
	return change.Number
}

// countingStore counts the reads of the feed, and the events in them.
type countingStore struct {
	storetest.Store
	reads, events atomic.Int64
}

func (s *countingStore) Events(ctx context.Context, after domain.Position, limit int) ([]domain.Event, error) {
	events, err := s.Store.Events(ctx, after, limit)
	s.reads.Add(1)
	s.events.Add(int64(len(events)))
	return events, err
}

// TestOneReaderFeedsAll has sixteen watchers catch up on what sold while they were away, from places that are not the
// same: nearly all is read once, and one that stops reading holds nobody up.
func TestOneReaderFeedsAll(t *testing.T) {
	const watchers, sales = 16, 1500
	store := &countingStore{Store: newStore(t)}
	s := newServiceOn(store, withRates(newCatalog(t)))
	tokens := make([]string, watchers)
	var next atomic.Int64
	sell := func(upTo int64) {
		for i := next.Add(1); i <= upTo; i = next.Add(1) {
			c := domain.Conversion{ID: fmt.Sprintf("%032x", i), Offer: "10", Event: "sale", Status: domain.StatusPending, Outcome: domain.Unattributed, Revision: 1}
			if _, _, err := store.InsertConversion(t.Context(), domain.Sale{Conversion: c}); err != nil {
				t.Error(err)
			}
		}
		next.Add(-1)
	}
	for i := range tokens {
		tokens[i] = begin(t, s, "")
		sell(int64(10 * (i + 1)))
	}
	var selling sync.WaitGroup
	for range 50 {
		selling.Go(func() { sell(sales) })
	}
	selling.Wait()
	store.reads.Store(0)
	store.events.Store(0)
	stalled, hang := context.WithCancel(t.Context())
	defer hang()
	watching := make(chan struct{})
	go func() {
		_ = s.Watch(stalled, "", tokens[0], func(conversions.News) error {
			close(watching)
			<-stalled.Done()
			return errBroken
		})
	}()
	<-watching
	var all sync.WaitGroup
	for i, token := range tokens {
		all.Go(func() {
			told := 0
			err := s.Watch(t.Context(), "", token, func(n conversions.News) error {
				if n.Conversion != nil {
					told++
				}
				if told == sales-10*i {
					return errBroken
				}
				return nil
			})
			if !errors.Is(err, errBroken) {
				t.Errorf("watcher %d was told of %d sales: %v", i, told, err)
			}
		})
	}
	all.Wait()
	if read := store.events.Load(); read > 2*sales {
		t.Errorf("for %d sales %d events were read, in %d reads", sales, read, store.reads.Load())
	}
}

// TestWatchFiltersAsListsDo compares what a watcher is told by a filter with what a list has by the same.
func TestWatchFiltersAsListsDo(t *testing.T) {
	store := newStore(t)
	s := serve(attribution.Config{
		Store: store, Now: func() time.Time { return now }, After: func(time.Duration) <-chan time.Time { return time.After(0) },
	})
	filters := []string{
		`name = "conversions/00000000000000000000000000000003"`, `offer = "offers/10"`, `publisher != "publishers/22"`, `coupon = "offers/10/coupons/22.X"`,
		`coupon_code = "salexyz20"`, `codes : "sale"`, `click = "a click"`, `transaction_id > "order-3"`, `event = "sale"`, `status = PENDING`,
		`status_reason = ""`, `outcome = ATTRIBUTED`, `method = CLICK`, `reason = NO_REFERENCE`, `pub_unique1 = "a"`, `pub_unique2 = "x"`,
		`pub_unique3 = "SALE*"`, `pub_unique4 = "d"`, `pub_unique5 > 5`, `pub_click_id = "their*"`, `pub_sub_id = "x"`, `amount >= 4.5`, `amount < 3`,
		`currency = EUR`, `refunded_amount = 0`, `payout = 1`, `payout_currency = EUR`, `revenue > 0`, `revenue_currency = USD`, `conflicted = false`,
		`undeduplicated = true`, `postback = "postbacks/018f4e2a-9999-7888-8777-666655554444"`, `conversion_time > "` + now.Add(4*time.Hour).Format(time.RFC3339) + `"`,
		`create_time <= "` + now.Format(time.RFC3339) + `"`, `update_time < "` + now.Format(time.RFC3339) + `"`, `NOT (amount > 2) OR offer = "offers/11"`,
	}
	starts := map[string]string{}
	for _, filter := range filters {
		starts[filter] = begin(t, s, filter)
	}
	for i := range 12 {
		c := domain.Conversion{
			ID: fmt.Sprintf("%032x", i), Offer: []string{"10", "11"}[i%2], Publisher: []string{"", "22", "33"}[i%3], Coupon: "offers/10/coupons/22.X",
			CouponCode: []string{"SaleXYZ20", "SALEXYZ20", "Über20"}[i%3], Codes: []domain.Codes{"A\nSaleXYZ20", ""}[i%2], Click: []string{"", "a click"}[i/2%2],
			TransactionID: fmt.Sprint("order-", i), Event: "sale", Amount: money.Money{Currency: []string{"EUR", "USD"}[i%2], Units: int64(i), Nanos: 500_000_000},
			Payout: money.Money{Currency: "EUR", Units: 1}, Status: domain.StatusPending, Outcome: domain.Unattributed, Reason: domain.NoReference,
			PubUniques: domain.Uniques{"a", "b", []string{"SaleXYZ20", ""}[i%2], "d", fmt.Sprint(i)}, PubClickID: "their click", PubSubID: "their sub",
			ConversionTime: now.Add(time.Duration(i) * time.Hour), CreateTime: now, UpdateTime: now, Undeduplicated: i%5 == 0, Revision: 1,
			Postback: "018f4e2a-9999-7888-8777-666655554444",
		}
		if i%4 == 3 {
			c.Amount, c.Payout, c.Postback = money.Money{}, money.Money{}, ""
		}
		if _, _, err := store.InsertConversion(t.Context(), domain.Sale{Conversion: c}); err != nil {
			t.Fatal(err)
		}
	}
	for _, filter := range filters {
		list, _, err := s.Conversions(t.Context(), listing.Request{Filter: filter})
		if err != nil {
			t.Errorf("%s: %v", filter, err)
			continue
		}
		var listed, told []string
		for _, c := range list {
			listed = append(listed, c.ID)
		}
		slices.Sort(listed)
		// It ends with the first token that comes alone, after some looks without news.
		err = s.Watch(t.Context(), filter, starts[filter], func(n conversions.News) error {
			if n.Conversion == nil {
				return errBroken
			}
			told = append(told, n.Conversion.ID)
			return nil
		})
		if !errors.Is(err, errBroken) || !slices.Equal(told, listed) {
			t.Errorf("%s: the watcher was told of %v (%v), a list has %v", filter, told, err, listed)
		}
	}
}
