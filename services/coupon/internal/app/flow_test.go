package app_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/coupon/internal/app"
	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/coupon/internal/sqlitestore"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/internal/outbound"
)

var noon = time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC)

// clock is a clock that stands until it is moved.
type clock struct{ millis atomic.Int64 }

func (c *clock) Now() time.Time          { return time.UnixMilli(c.millis.Load()).Add(123 * time.Microsecond) }
func (c *clock) Advance(d time.Duration) { c.millis.Add(d.Milliseconds()) }

// newClock returns a clock that stands at noon.
func newClock() *clock {
	c := &clock{}
	c.millis.Store(noon.UnixMilli())
	return c
}

// openStore returns an empty store.
func openStore(t *testing.T) app.Store {
	t.Helper()
	store, err := sqlitestore.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

// newService returns the use cases on an empty store, with a clock that stands at noon.
func newService(t *testing.T) (*app.Service, *clock) {
	t.Helper()
	c := newClock()
	return newOn(openStore(t), c), c
}

// newOn returns the use cases on a store, with no host on a private network allowed.
func newOn(store app.Store, c *clock) *app.Service {
	return app.New(store, c.Now, time.UTC, outbound.Allowed{}.CheckURL)
}

// withParties stores offers and publishers of some ids.
func withParties(t *testing.T, s *app.Service, offers, publishers []string) {
	t.Helper()
	for _, id := range offers {
		must(s.CreateOffer(t.Context(), offer(id)))(t)
	}
	for _, id := range publishers {
		must(s.CreatePublisher(t.Context(), publisher(id)))(t)
	}
}

func offer(id string) domain.Offer {
	o := domain.DefaultOffer()
	o.ID, o.DisplayName, o.LandingPageURL = id, "Offer "+id, "https://shop.example.com/?click={click_id}"
	return o
}

func publisher(id string) domain.Publisher {
	p := domain.DefaultPublisher()
	p.ID, p.DisplayName = id, "Publisher "+id
	return p
}

func coupon(offer, publisher, code string) domain.Coupon {
	return domain.Coupon{Offer: offer, Publisher: publisher, Code: code, Enabled: true}
}

// must returns a check that there was no error, which gives the value.
func must[T any](value T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// refused checks that an error is an *apperr.Error with a reason.
func refused(t *testing.T, err error, kind apperr.Kind, reason string) {
	t.Helper()
	e := apperr.As(err)
	if e == nil || e.Kind != kind || e.Reason != reason {
		t.Fatalf("got %v; want kind %d, %s", err, kind, reason)
	}
}

func TestOffers(t *testing.T) {
	s, now := newService(t)
	created := must(s.CreateOffer(t.Context(), offer("10")))(t)
	if !domain.IsToken(created.PostbackToken) || !isSecret(created.PostbackSecret) || !created.CreateTime.Equal(noon) || created.Revision != 1 {
		t.Errorf("got %+v", created)
	}
	if got := must(s.Offer(t.Context(), "10"))(t); got != created {
		t.Errorf("created %+v, read %+v", created, got)
	}
	_, err := s.CreateOffer(t.Context(), offer("10"))
	refused(t, err, apperr.AlreadyExists, "OFFER_EXISTS")
	_, err = s.CreateOffer(t.Context(), offer("No"))
	refused(t, err, apperr.InvalidArgument, "INVALID_OFFER_ID")
	_, err = s.CreateOffer(t.Context(), domain.DefaultOffer())
	refused(t, err, apperr.InvalidArgument, "INVALID_DISPLAY_NAME")
	_, err = s.Offer(t.Context(), "11")
	refused(t, err, apperr.NotFound, "OFFER_NOT_FOUND")

	now.Advance(time.Minute)
	change := domain.Offer{ID: "10", DisplayName: " Renamed ", State: domain.OfferPaused}
	etag := domain.Etag("offers/10", 1)
	updated := must(s.UpdateOffer(t.Context(), change.ID, as(change), app.Update{Fields: []string{"display_name"}, Etag: etag}))(t)
	want := created
	want.DisplayName, want.UpdateTime, want.Revision = "Renamed", noon.Add(time.Minute), 2
	if updated != want {
		t.Errorf("got %+v, want %+v", updated, want)
	}
	_, err = s.UpdateOffer(t.Context(), change.ID, as(change), app.Update{Fields: []string{"display_name"}, Etag: etag})
	refused(t, err, apperr.Aborted, "ETAG_MISMATCH")
	_, err = s.UpdateOffer(t.Context(), change.ID, as(change), app.Update{Fields: []string{"postback_token"}})
	refused(t, err, apperr.InvalidArgument, "INVALID_UPDATE_MASK")
	_, err = s.UpdateOffer(t.Context(), change.ID, as(change), app.Update{Fields: []string{"landing_page_url"}})
	refused(t, err, apperr.InvalidArgument, "INVALID_LANDING_PAGE_URL")
	change.ID = "11"
	_, err = s.UpdateOffer(t.Context(), change.ID, as(change), app.Update{Fields: []string{"state"}})
	refused(t, err, apperr.NotFound, "OFFER_NOT_FOUND")
	if got := must(s.Offer(t.Context(), "10"))(t); got != want {
		t.Errorf("refused updates left %+v, want %+v", got, want)
	}
}

func TestEveryOfferSettingCanBeChanged(t *testing.T) {
	s, _ := newService(t)
	created := must(s.CreateOffer(t.Context(), offer("10")))(t)
	change := domain.Offer{
		ID: "10", DisplayName: "Other", LandingPageURL: "https://other.example.com/", FallbackURL: "https://other.example.com/sorry",
		State: domain.OfferPaused, PostbackAuth: domain.AuthOpen, Precedence: domain.ClickFirst, ClickWindow: time.Hour, CouponGrace: time.Minute,
		UniqueCodes: true, DefaultConversionStatus: domain.StartApproved, PayoutBase: domain.AmountAfterDiscount, CurrencyCode: "EUR", ForwardParameters: "utm_*,ref",
		OpenPostbackMaxAmount: money.Money{Currency: "EUR", Units: 500},
		Revenue:               money.Payout{Kind: money.Percent, Percent: 100_000, Cap: money.Money{Currency: "EUR", Units: 100}},
	}
	updated := must(s.UpdateOffer(t.Context(), change.ID, as(change), app.Update{Fields: []string{
		"display_name", "landing_page_url", "fallback_url", "state", "postback_auth", "precedence", "click_window", "coupon_grace",
		"unique_codes", "payout", "revenue", "default_conversion_status", "currency_code", "forward_parameters",
		"open_postback_max_amount", "payout_base",
	}}))(t)
	change.Credentials, change.CreateTime, change.UpdateTime, change.Revision = created.Credentials, noon, noon, 2
	if updated != change {
		t.Errorf("got %+v, want %+v", updated, change)
	}
}

func TestPublishers(t *testing.T) {
	s, _ := newService(t)
	created := must(s.CreatePublisher(t.Context(), publisher("22")))(t)
	if got := must(s.Publisher(t.Context(), "22"))(t); got != created {
		t.Errorf("created %+v, read %+v", created, got)
	}
	_, err := s.CreatePublisher(t.Context(), publisher("22"))
	refused(t, err, apperr.AlreadyExists, "PUBLISHER_EXISTS")
	_, err = s.CreatePublisher(t.Context(), publisher("-"))
	refused(t, err, apperr.InvalidArgument, "INVALID_PUBLISHER_ID")
	_, err = s.Publisher(t.Context(), "23")
	refused(t, err, apperr.NotFound, "PUBLISHER_NOT_FOUND")

	change := domain.Publisher{ID: "22", State: domain.PublisherArchived}
	updated := must(s.UpdatePublisher(t.Context(), change.ID, as(change), app.Update{Fields: []string{"state"}}))(t)
	if updated.State != domain.PublisherArchived || updated.DisplayName != created.DisplayName || updated.Revision != 2 {
		t.Errorf("got %+v", updated)
	}
	_, err = s.UpdatePublisher(t.Context(), change.ID, as(change), app.Update{Fields: []string{"state"}, Etag: domain.Etag("publishers/22", 1)})
	refused(t, err, apperr.Aborted, "ETAG_MISMATCH")
	_, err = s.UpdatePublisher(t.Context(), change.ID, as(change), app.Update{Fields: []string{"display_name"}})
	refused(t, err, apperr.InvalidArgument, "INVALID_DISPLAY_NAME")
	_, err = s.UpdatePublisher(t.Context(), change.ID, as(change), app.Update{Fields: []string{"id"}})
	refused(t, err, apperr.InvalidArgument, "INVALID_UPDATE_MASK")
}

// takenStore is a store where the first generated ids are taken.
type takenStore struct {
	app.Store
	taken int
	tried []string
}

func (s *takenStore) InsertOffer(ctx context.Context, offer domain.Offer) error {
	s.tried = append(s.tried, offer.ID)
	if len(s.tried) <= s.taken {
		return app.ErrExists
	}
	return s.Store.InsertOffer(ctx, offer)
}

func TestGeneratedIDs(t *testing.T) {
	store := &takenStore{Store: openStore(t), taken: 2}
	s := newOn(store, newClock())
	created := must(s.CreateOffer(t.Context(), offer("")))(t)
	if err := domain.CheckID("offer_id", created.ID); err != nil || len(created.ID) != 10 || len(store.tried) != 3 {
		t.Errorf("got id %q after trying %q: %v", created.ID, store.tried, err)
	}
	if store.tried[0] == store.tried[1] {
		t.Errorf("the same id was tried twice: %q", store.tried)
	}
	store.taken = 1000
	if _, err := s.CreateOffer(t.Context(), offer("")); err == nil || apperr.As(err) != nil || errors.Is(err, app.ErrExists) {
		t.Errorf("got %v, want a fault of ours", err)
	}
}

func TestApprovals(t *testing.T) {
	s, now := newService(t)
	withParties(t, s, []string{"10"}, []string{"22", "23"})
	_, err := s.Approval(t.Context(), "10", "22")
	refused(t, err, apperr.NotFound, "APPROVAL_NOT_FOUND")

	asked := must(s.CreateApproval(t.Context(), "10", "22"))(t)
	if asked.State != domain.ApprovalPending || asked.Source != domain.SourceManual || asked.Revision != 1 {
		t.Errorf("got %+v", asked)
	}
	_, err = s.CreateApproval(t.Context(), "10", "22")
	refused(t, err, apperr.AlreadyExists, "APPROVAL_EXISTS")

	now.Advance(time.Minute)
	approved := must(s.ApprovePublisher(t.Context(), "10", "22"))(t)
	if approved.State != domain.ApprovalApproved || !approved.CreateTime.Equal(noon) || !approved.UpdateTime.Equal(noon.Add(time.Minute)) {
		t.Errorf("got %+v", approved)
	}
	now.Advance(time.Minute)
	if again := must(s.ApprovePublisher(t.Context(), "10", "22"))(t); again != approved {
		t.Errorf("approving again changed %+v to %+v", approved, again)
	}
	blocked := must(s.BlockPublisher(t.Context(), "10", "22"))(t)
	if again := must(s.BlockPublisher(t.Context(), "10", "22"))(t); again != blocked || blocked.State != domain.ApprovalBlocked {
		t.Errorf("blocking again changed %+v to %+v", blocked, again)
	}
	_, err = s.UpdateApproval(t.Context(), "10", "23", as(domain.Approval{Offer: "10", Publisher: "23"}), app.Update{Fields: []string{"payout"}})
	refused(t, err, apperr.NotFound, "APPROVAL_NOT_FOUND")
	if got := must(s.BlockPublisher(t.Context(), "10", "23"))(t); got.State != domain.ApprovalBlocked {
		t.Errorf("blocking who never asked: got %+v", got)
	}
}

func TestAnApprovalKeepsItsPayout(t *testing.T) {
	s, now := newService(t)
	withParties(t, s, []string{"10"}, []string{"22"})
	asked := must(s.CreateApproval(t.Context(), "10", "22"))(t)
	etag := domain.Etag("offers/10/approvals/22", asked.Revision)
	change := domain.Approval{Offer: "10", Publisher: "22", State: domain.ApprovalBlocked}
	change.Payout = money.Payout{Kind: money.Percent, Percent: 150_000, Cap: money.Money{Currency: "eur", Units: 20}}
	now.Advance(time.Minute)
	updated := must(s.UpdateApproval(t.Context(), change.Offer, change.Publisher, as(change), app.Update{Fields: []string{"payout"}, Etag: etag}))(t)
	want := asked
	want.Payout, want.UpdateTime, want.Revision = change.Payout, noon.Add(time.Minute), 2
	want.Payout.Cap.Currency = "EUR"
	if updated != want {
		t.Errorf("got %+v, want %+v", updated, want)
	}
	_, err := s.UpdateApproval(t.Context(), change.Offer, change.Publisher, as(change), app.Update{Fields: []string{"payout"}, Etag: etag})
	refused(t, err, apperr.Aborted, "ETAG_MISMATCH")
	_, err = s.UpdateApproval(t.Context(), change.Offer, change.Publisher, as(change), app.Update{Fields: []string{"state"}})
	refused(t, err, apperr.InvalidArgument, "INVALID_UPDATE_MASK")
	change.Payout.Percent = -1
	_, err = s.UpdateApproval(t.Context(), change.Offer, change.Publisher, as(change), app.Update{Fields: []string{"payout"}})
	refused(t, err, apperr.InvalidArgument, "INVALID_PAYOUT")

	must(s.CreateCoupon(t.Context(), coupon("10", "22", "SALEXYZ20")))(t)
	for _, do := range []func(context.Context, string, string) (domain.Approval, error){s.Approval, s.BlockPublisher, s.ApprovePublisher} {
		if got := must(do(t.Context(), "10", "22"))(t); got.Payout != want.Payout {
			t.Errorf("the payout became %+v, want %+v: %+v", got.Payout, want.Payout, got)
		}
	}
}

func TestApprovalsNeedOpenParties(t *testing.T) {
	s, _ := newService(t)
	withParties(t, s, []string{"10", "11"}, []string{"22", "23"})
	must(s.UpdateOffer(t.Context(), "11", as(domain.Offer{ID: "11", State: domain.OfferArchived}), app.Update{Fields: []string{"state"}}))(t)
	must(s.UpdatePublisher(t.Context(), "23", as(domain.Publisher{ID: "23", State: domain.PublisherArchived}), app.Update{Fields: []string{"state"}}))(t)
	type put func(ctx context.Context, offer, publisher string) (domain.Approval, error)
	for _, do := range []put{s.CreateApproval, s.ApprovePublisher, s.BlockPublisher} {
		_, err := do(t.Context(), "99", "22")
		refused(t, err, apperr.NotFound, "OFFER_NOT_FOUND")
		_, err = do(t.Context(), "10", "99")
		refused(t, err, apperr.NotFound, "PUBLISHER_NOT_FOUND")
	}
	for _, do := range []put{s.CreateApproval, s.ApprovePublisher} {
		_, err := do(t.Context(), "11", "22")
		refused(t, err, apperr.FailedPrecondition, "OFFER_ARCHIVED")
		_, err = do(t.Context(), "10", "23")
		refused(t, err, apperr.FailedPrecondition, "PUBLISHER_ARCHIVED")
	}
	must(s.BlockPublisher(t.Context(), "11", "23"))(t)
}

// as returns a draft with the values of a resource.
func as[T any](wanted T) app.Draft[T] {
	return func(T) (T, error) { return wanted, nil }
}
