package attribution_test

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/mongotest"
	"github.com/couponlink/couponlink/services/tracking/internal/app/attribution"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/partner"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore"
	"github.com/couponlink/couponlink/services/tracking/internal/presets"
	"github.com/couponlink/couponlink/services/tracking/internal/storetest"
)

// bench is a service on a store, with a clock that a test sets.
type bench struct {
	*service
	t       *testing.T
	store   storetest.Store
	catalog *catalog
	mu      sync.Mutex
	now     time.Time
	// rounds is how many rounds of KeepJudging are left.
	rounds int
	stop   context.CancelFunc
}

func newBench(t *testing.T, store storetest.Store) *bench {
	t.Helper()
	presets, err := presets.Load()
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, store: store, catalog: withRates(newCatalog(t)), now: now}
	b.service = serve(attribution.Config{
		Store: store, Catalog: b.catalog, Now: b.time, Zone: time.UTC, After: b.after, Wake: func() {}, Presets: presets,
	})
	return b
}

func (b *bench) time() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now
}

func (b *bench) pass(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = b.now.Add(d)
}

// after advances the clock without waiting, and ends KeepJudging when its rounds are over.
func (b *bench) after(d time.Duration) <-chan time.Time {
	b.pass(d)
	passed := make(chan time.Time, 1)
	if b.rounds--; b.rounds > 0 {
		passed <- b.time()
	} else {
		b.stop()
	}
	return passed
}

// judge runs KeepJudging for a number of rounds.
func (b *bench) judge(rounds int) {
	b.t.Helper()
	var ctx context.Context
	b.rounds = rounds
	ctx, b.stop = context.WithCancel(b.t.Context())
	defer b.stop()
	b.KeepJudging(ctx, func(err error) { b.t.Errorf("judging failed: %v", err) })
}

// post reports with parameters and the token of offer 10.
func (b *bench) post(query string) attribution.Verdict {
	b.t.Helper()
	params, err := url.ParseQuery(query + "&token=token10")
	if err != nil {
		b.t.Fatal(err)
	}
	report, err := partner.ParsePostback(params, b.time())
	if err != nil {
		b.t.Fatal(err)
	}
	call := &attribution.Call{Method: "GET", Parameters: partner.HideProof(params, nil), Received: b.time(), Status: func(error) int { return 400 }}
	v, err := b.Report(b.t.Context(), report, call)
	if err != nil {
		b.t.Fatalf("%s: %v", query, err)
	}
	return v
}

// journaled returns the journal's entry with a reason.
func (b *bench) journaled(reason string) domain.Postback {
	b.t.Helper()
	page, _, err := b.Postbacks(b.t.Context(), listing.Request{Filter: fmt.Sprintf("reason = %q", reason)})
	if err != nil || len(page) != 1 {
		b.t.Fatalf("%d entries have the reason %s, %v", len(page), reason, err)
	}
	return page[0]
}

// TestEarlyChangesRace runs a sale and its early changes concurrently, on both stores: each change is made
// exactly once.
func TestEarlyChangesRace(t *testing.T) {
	stores := map[string]func(*testing.T) storetest.Store{
		"SQLite": newStore,
		"MongoDB": func(t *testing.T) storetest.Store {
			t.Helper()
			store, err := mongostore.Open(t.Context(), mongotest.URI(t), mongostore.Options{Retention: 90 * 24 * time.Hour, Calendar: rollup.NewCalendar(time.UTC), Now: time.Now}, mongotest.Options()...)
			if err != nil {
				t.Fatal(err)
			}
			closing(t, store)
			return store
		},
	}
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, open(t))
			const sales = 12
			calls := []string{
				"coupon_code=SALEXYZ20&amount=50", "coupon_code=SALEXYZ20&amount=50", "status=refunded&refund_id=1&amount=10",
				"status=refunded&refund_id=1&amount=10", "status=refunded&refund_id=2&amount=10", "status=rejected",
			}
			var all sync.WaitGroup
			start := make(chan struct{})
			for i := range sales * len(calls) {
				all.Go(func() {
					<-start
					b.post(calls[i%len(calls)] + fmt.Sprint("&transaction_id=T", i/len(calls)))
				})
			}
			close(start)
			all.Wait()
			page, _, err := b.Conversions(t.Context(), listing.Request{PageSize: 100})
			if err != nil || len(page) != sales {
				t.Fatalf("%d conversions, %v", len(page), err)
			}
			for _, row := range page {
				c, err := b.Conversion(t.Context(), row.ID)
				if err != nil || c.Refunded != eur(20) || c.Status != domain.StatusRejected || len(c.Changes) != 3 || !c.Payout.IsNone() {
					t.Errorf("%s: %s, %s refunded, %d changes, %v", c.TransactionID, c.Status, c.Refunded, len(c.Changes), err)
				}
				if left, err := b.store.EarlyChanges(t.Context(), c.ID, 10); err != nil || len(left) > 0 {
					t.Errorf("%s: %d changes wait still, %v", c.TransactionID, len(left), err)
				}
			}
		})
	}
}

func TestEarlyChangesKeepTheirOrder(t *testing.T) {
	b := newBench(t, newStore(t))
	for _, early := range []string{"status=refunded&amount=60", "status=rejected&status_reason=fraud", "status=refunded", "status=approved"} {
		if v := b.post("transaction_id=A-1&" + early); v.Outcome != attribution.Unattributed || v.Conversion.Reason != domain.EarlyChange || v.Conversion.ID != "" {
			t.Fatalf("%s: %s %+v", early, v.Outcome, v.Conversion)
		}
		b.pass(time.Millisecond)
	}
	if stored(t, b.service) != 0 {
		t.Error("a change made a sale")
	}
	v := b.post("transaction_id=A-1&coupon_code=SALEXYZ20&amount=50")
	kinds := make([]domain.ChangeKind, 0, 3)
	for _, change := range v.Conversion.Changes {
		kinds = append(kinds, change.Kind)
	}
	if v.Outcome != attribution.Attributed || fmt.Sprint(kinds) != "[REJECT REFUND APPROVE]" || v.Conversion.Status != domain.StatusApproved || v.Conversion.Refunded != eur(50) {
		t.Errorf("got %s, %v, %s, %s refunded", v.Outcome, kinds, v.Conversion.Status, v.Conversion.Refunded)
	}
	if text := strings.Join(v.Warnings, " "); !strings.Contains(text, "60 EUR") || !strings.Contains(v.Message, "refunded in full") {
		t.Errorf("told %q, %q", text, v.Message)
	}
	if got := b.post("transaction_id=A-1&coupon_code=SALEXYZ20&amount=50"); got.Outcome != attribution.Duplicate || got.Conversion.Revision != v.Conversion.Revision {
		t.Errorf("the sale again: %s", got.Outcome)
	}
	entries, _, err := b.Postbacks(t.Context(), listing.Request{Filter: `reason = "EARLY_CHANGE"`, OrderBy: "create_time"})
	if err != nil {
		t.Fatal(err)
	}
	var outcomes []string
	for _, entry := range entries {
		outcomes = append(outcomes, string(entry.Replay.Outcome)+entry.Replay.Reason)
	}
	if fmt.Sprint(outcomes) != "[REFUSEDREFUND_TOO_LARGE ATTRIBUTED ATTRIBUTED ATTRIBUTED]" {
		t.Errorf("the journal says %v", outcomes)
	}
}

// TestEarlyChangeIsMadeAfterACrash plays a crash between the sale's insertion and the change.
func TestEarlyChangeIsMadeAfterACrash(t *testing.T) {
	b := newBench(t, newStore(t))
	b.post("transaction_id=A-1&status=rejected")
	waiting := b.journaled("EARLY_CHANGE")
	c := b.post("transaction_id=A-1&coupon_code=SALEXYZ20&amount=50").Conversion
	for n := range 3 { // a change that was cut off before its end is made once
		if _, err := b.store.Defer(t.Context(), domain.DeferChange(domain.Report{Status: domain.ReportRejected}, c.ID, waiting)); err != nil {
			t.Fatal(err)
		}
		b.pass(time.Hour)
		b.judge(1)
		if got, err := b.Conversion(t.Context(), c.ID); err != nil || len(got.Changes) != 1 || got.Status != domain.StatusRejected {
			t.Errorf("time %d: %d changes, %s, %v", n, len(got.Changes), got.Status, err)
		}
	}
}

func TestEarlyChangeIsGivenUp(t *testing.T) {
	b := newBench(t, newStore(t))
	b.post("transaction_id=A-1&status=rejected")
	b.pass(29 * 24 * time.Hour)
	b.judge(1)
	if entry := b.journaled("EARLY_CHANGE"); entry.Replay != nil {
		t.Fatalf("given up after 29 days: %+v", entry.Replay)
	}
	b.pass(48 * time.Hour)
	b.judge(1)
	if entry := b.journaled("EARLY_CHANGE"); entry.Replay == nil || entry.Replay.Reason != "SALE_DID_NOT_COME" {
		t.Fatalf("after 31 days: %+v", entry.Replay)
	}
	if c := b.post("transaction_id=A-1&coupon_code=SALEXYZ20").Conversion; len(c.Changes) != 0 {
		t.Errorf("changed by what was given up: %+v", c.Changes)
	}
}
