// Package storetest is the test suite of the coupon service's stores. It covers what the coupon service's use cases rely on,
// including races. Every store runs it.
//
// Only the tests of the stores import it.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/coupon/internal/app"
	"github.com/couponlink/couponlink/services/coupon/internal/app/keys"
	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/audit"
	"github.com/couponlink/couponlink/services/internal/discount"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/money"
)

// Store is what the use cases ask of a store, in one.
type Store interface {
	app.Store
	keys.Store
	// KeepEntries sets how long audit entries are kept; 0 for good.
	KeepEntries(ctx context.Context, retention time.Duration) error
	// Entries returns the audit entries that a query selects.
	Entries(ctx context.Context, q listing.Query) ([]audit.Entry, error)
}

// Place opens a store. Each call opens the same state again.
type Place func(t testing.TB) Store

// promise is one property of every store.
type promise struct {
	name string
	test func(t *testing.T, s *suite)
}

// suite is what the test of a promise gets: its own place, and a store opened there.
type suite struct {
	Store
	place Place
}

// Run tests all promises, each on a new place. exceptions maps the promises that the store's engine cannot
// keep to the reasons, which are logged.
func Run(t *testing.T, newPlace func(t testing.TB) Place, exceptions map[string]string) {
	t.Helper()
	for name := range exceptions {
		if !slices.ContainsFunc(promises(), func(p promise) bool { return p.name == name }) {
			t.Errorf("the exception %q is not a promise of this suite", name)
		}
	}
	for _, p := range promises() {
		t.Run(p.name, func(t *testing.T) {
			if reason, excepted := exceptions[p.name]; excepted {
				t.Logf("EXCEPTION: this engine does not keep %q: %s", p.name, reason)
				return
			}
			place := newPlace(t)
			p.test(t, &suite{Store: open(t, place), place: place})
		})
	}
}

func promises() []promise {
	var all []promise
	all = append(all, keepingPromises()...)
	all = append(all, changePromises()...)
	all = append(all, createPromises()...)
	all = append(all, bulkPromises()...)
	all = append(all, racePromises()...)
	all = append(all, holdPromises()...)
	all = append(all, lookupPromises()...)
	all = append(all, listPromises()...)
	all = append(all, oncePromises()...)
	all = append(all, append(keyPromises(), postbackTokenPromises()...)...)
	all = append(all, rowPromises()...)
	all = append(all, auditPromises()...)
	return all
}

// open opens a store that is closed when the test ends.
func open(t testing.TB, place Place) Store {
	t.Helper()
	store := place(t)
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return store
}

// moment returns a time that is n minutes after a fixed one.
func moment(n int) time.Time {
	return time.Date(2026, time.March, 1, 12, 0, 0, 123_000_000, time.UTC).Add(time.Duration(n) * time.Minute)
}

func offer(id string) domain.Offer {
	return domain.Offer{
		ID:                      id,
		DisplayName:             "Summer Šále 夏 🎉 " + id,
		LandingPageURL:          "https://shop.example/?c={coupon_code}&x=%20",
		FallbackURL:             "https://shop.example/over",
		State:                   domain.OfferActive,
		PostbackAuth:            domain.AuthToken,
		Credentials:             credentials(id),
		Precedence:              domain.ClickFirst,
		ClickWindow:             30 * 24 * time.Hour,
		CouponGrace:             90 * time.Second,
		Payout:                  money.Payout{Kind: money.Percent, Percent: 75_000, Cap: money.Money{Currency: "EUR", Units: 40, Nanos: 10_000_000}},
		Revenue:                 money.Payout{Kind: money.Fixed, Fixed: money.Money{Currency: "JPY", Units: 900}},
		DefaultConversionStatus: domain.StartApproved,
		PayoutBase:              domain.AmountBeforeDiscount,
		CurrencyCode:            "EUR",
		ForwardParameters:       "utm_*,gclid",
		OpenPostbackMaxAmount:   money.Money{Currency: "EUR", Units: 500, Nanos: 250_000_000},
		CreateTime:              moment(0),
		UpdateTime:              moment(1),
		Revision:                1,
	}
}

func credentials(of string) domain.Credentials {
	return domain.Credentials{PostbackToken: "token-of-" + of, PostbackSecret: "secret-of-" + of}
}

func publisher(id string) domain.Publisher {
	return domain.Publisher{
		ID: id, DisplayName: "Łucja \"'\\ " + id, State: domain.PublisherActive,
		PostbackURL: "https://track.example/'?c={click_id}&x=%20",
		Delivery: domain.DeliverySettings{
			Method:        domain.DeliverByPost,
			Statuses:      domain.DeliveryStatusesOf(domain.DeliverApproved, domain.DeliverRejected),
			OnlyWithClick: true, PayloadVersion: domain.PayloadV2,
		},
		DeliverySecret: "delivery-secret-of-" + id,
		CreateTime:     moment(0), UpdateTime: moment(0), Revision: 1,
	}
}

func approval(offer, publisher string, state domain.ApprovalState) domain.Approval {
	return domain.Approval{
		Offer: offer, Publisher: publisher, State: state, Source: domain.SourceManual,
		Payout:     money.Payout{Kind: money.Percent, Percent: 125_000, Cap: money.Money{Currency: "KWD", Nanos: 500_000_000}},
		CreateTime: moment(0), UpdateTime: moment(0), Revision: 1,
	}
}

func coupon(offer, publisher, code string) domain.Coupon {
	return domain.Coupon{
		Offer: offer, Publisher: publisher, Code: code,
		StartTime: moment(0), ExpireTime: moment(60), InternalNote: "Für Ines; ' OR 1=1 --\n$where 夏", Enabled: true,
		Payout: money.Payout{Kind: money.Fixed, Fixed: money.Money{Currency: "USD", Units: 12, Nanos: 500_000_000}},
		Settings: domain.CouponSettings{
			Precedence:              domain.OnlyIfClicked,
			ClickWindow:             domain.OptionalDuration{IsSet: true, Value: time.Hour},
			CouponGrace:             domain.OptionalDuration{IsSet: true}, // None, which is not the offer's.
			DefaultConversionStatus: domain.StartPending,
			FallbackURL:             "https://shop.example/夏",
		},
		UsageLimit: domain.MaxUsageLimit, DailyUsageLimit: 7,
		Discount: discount.Discount{
			Kind: discount.Percent, Percent: 125_000, Minimum: "50.00 EUR,7000 JPY", Maximum: "30.00 EUR,4000 JPY", FirstOrderOnly: true,
			Included: "schuhe,夏", Excluded: "gift-cards,' OR 1=1 --",
		},
		CreateTime: moment(0), UpdateTime: moment(0), Revision: 1,
	}
}

// setUp stores offers 10 and 11 and publishers 22, 23 and 24.
func (s *suite) setUp(t testing.TB) {
	t.Helper()
	for _, id := range []string{"10", "11"} {
		must(t, s.InsertOffer(t.Context(), offer(id)))
	}
	for _, id := range []string{"22", "23", "24"} {
		must(t, s.InsertPublisher(t.Context(), publisher(id)))
	}
}

// admit plans a coupon as the service does: it refuses duplicates and approves the publisher.
func admit(draft domain.Coupon) func(domain.Standing) (domain.Plan, error) {
	return func(standing domain.Standing) (domain.Plan, error) {
		return domain.AdmitCoupon(draft, standing, draft.CreateTime)
	}
}

// create stores a coupon as the service does.
func (s *suite) create(ctx context.Context, c domain.Coupon) error {
	_, err := s.CreateCoupon(ctx, c.Offer, c.Publisher, c.Code, admit(c))
	return err
}

// approve stores an approval.
func (s *suite) approve(t testing.TB, a domain.Approval) {
	t.Helper()
	_, err := s.PutApproval(t.Context(), a.Offer, a.Publisher, func(*domain.Approval) (domain.Approval, error) { return a, nil })
	must(t, err)
}

// atOnce runs do n times concurrently and returns the errors.
func atOnce(n int, do func(i int) error) []error {
	start := make(chan struct{})
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			<-start
			errs[i] = do(i)
		})
	}
	close(start)
	all.Wait()
	return errs
}

// everything selects all records, ordered by id.
func everything() listing.Query {
	return listing.Query{Order: []listing.Order{{Field: "id"}}, Limit: 1000}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// want fails the test unless err is nil and the values are equal.
func want[T comparable](t testing.TB, what string, got T, err error, expected T) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", what, err)
	} else if got != expected {
		t.Errorf("%s is\n%+v, want\n%+v", what, got, expected)
	}
}

// wantError fails the test unless err is target.
func wantError(t testing.TB, what string, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("%s: error %v, want %v", what, err, target)
	}
}

// wantList fails the test unless the texts are as expected.
func wantList(t testing.TB, what string, got []string, err error, expected ...string) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", what, err)
	} else if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", expected) {
		t.Errorf("%s is %q, want %q", what, got, expected)
	}
}
