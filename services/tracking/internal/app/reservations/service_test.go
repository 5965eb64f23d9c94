package reservations_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/tracking/internal/app/reservations"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore"
)

var start = time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC)

// catalog has the coupons of offers 10 and 11.
type catalog []domain.Coupon

func (c catalog) Coupons(_ context.Context, offer, _ string) ([]domain.Coupon, error) {
	var found []domain.Coupon
	for _, coupon := range c {
		if offer == "" || coupon.Offer == offer {
			found = append(found, coupon)
		}
	}
	return found, nil
}

// coupon is a valid one of a publisher with one use.
func coupon(publisher string) domain.Coupon {
	return domain.Coupon{
		Offer: "10", Publisher: publisher, Code: "SaleXYZ20", Enabled: true, Approved: true, OfferActive: true, ETag: "1", Limits: domain.Limits{Total: 1},
	}
}

// service returns the use cases at the time that now points to.
func service(t *testing.T, now *time.Time, coupons ...domain.Coupon) *reservations.Service {
	t.Helper()
	store, err := sqlitestore.Open(t.Context(), t.TempDir(), sqlitestore.Options{Retention: time.Hour, Calendar: rollup.NewCalendar(time.UTC), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return reservations.New(reservations.Config{Store: store, Catalog: catalog(coupons), Now: func() time.Time { return *now }, Zone: time.UTC})
}

// refused checks the kind and the reason of an error.
func refused(t *testing.T, err error, kind apperr.Kind, reason string) {
	t.Helper()
	if e := apperr.As(err); e == nil || e.Kind != kind || e.Reason != reason {
		t.Errorf("got %v, want %s", err, reason)
	}
}

func TestReserve(t *testing.T) {
	now := start
	s := service(t, &now, coupon("22"))
	first, err := s.Reserve(t.Context(), reservations.Order{Code: "salexyz20", Offer: "10", TransactionID: "T-1"})
	want := domain.Reservation{
		ID: first.ID, Offer: "10", Coupon: "offers/10/coupons/22.SALEXYZ20", Code: "SaleXYZ20", TransactionID: "T-1", State: domain.ReservationHeld,
		CreateTime: start, ExpireTime: start.Add(15 * time.Minute),
	}
	if err != nil || first != want || len(first.ID) != 32 {
		t.Fatalf("reserved %+v, %v, want %+v", first, err, want)
	}
	// The retry of a call without a key is recognized by its transaction.
	if again, err := s.Reserve(t.Context(), reservations.Order{Code: "SALEXYZ20", TransactionID: "T-1"}); err != nil || again != first {
		t.Errorf("reserved again: %+v, %v", again, err)
	}
	_, err = s.Reserve(t.Context(), reservations.Order{ID: "b", Code: "SALEXYZ20", Offer: "10"})
	refused(t, err, apperr.FailedPrecondition, "LIMIT_REACHED")
	now = first.ExpireTime
	second, err := s.Reserve(t.Context(), reservations.Order{ID: "b", Code: "SALEXYZ20", Offer: "10", TTL: time.Second})
	if err != nil || second.ID != "b" || !second.ExpireTime.Equal(now.Add(time.Second)) {
		t.Errorf("after the first expired: %+v, %v", second, err)
	}
	if again, err := s.Reserve(t.Context(), reservations.Order{ID: "b", Code: "salexyz20", TTL: time.Hour}); err != nil || again != second {
		t.Errorf("reserved again: %+v, %v", again, err)
	}
	for _, other := range []reservations.Order{{ID: "b", Code: "OTHER"}, {ID: "b", Code: "SALEXYZ20", Offer: "11"}, {ID: "b", Code: "SALEXYZ20", TransactionID: "T-2"}} {
		_, err = s.Reserve(t.Context(), other)
		refused(t, err, apperr.AlreadyExists, "RESERVATION_EXISTS")
	}
	if r, err := s.Release(t.Context(), "b"); err != nil || r.State != domain.ReservationReleased {
		t.Errorf("released: %+v, %v", r, err)
	}
	_, err = s.Reserve(t.Context(), reservations.Order{ID: "b", Code: "SALEXYZ20"})
	refused(t, err, apperr.FailedPrecondition, "RESERVATION_ENDED")
	_, err = s.Release(t.Context(), "c")
	refused(t, err, apperr.NotFound, "RESERVATION_NOT_FOUND")
	_, err = s.Reservation(t.Context(), "c")
	refused(t, err, apperr.NotFound, "RESERVATION_NOT_FOUND")
}

func TestReserveOnlyWhatIsValid(t *testing.T) {
	now := start
	disabled, expired := coupon("22"), coupon("22")
	disabled.Enabled, expired.ExpireTime = false, start
	for name, tt := range map[string]struct {
		coupons []domain.Coupon
		order   reservations.Order
		kind    apperr.Kind
		reason  string
	}{
		"no coupon":            {nil, reservations.Order{}, apperr.NotFound, "COUPON_NOT_FOUND"},
		"of nobody":            {[]domain.Coupon{coupon("22")}, reservations.Order{Publisher: "33"}, apperr.NotFound, "COUPON_NOT_FOUND"},
		"disabled":             {[]domain.Coupon{disabled}, reservations.Order{}, apperr.FailedPrecondition, "DISABLED"},
		"expired":              {[]domain.Coupon{expired}, reservations.Order{}, apperr.FailedPrecondition, "EXPIRED"},
		"of several":           {[]domain.Coupon{coupon("22"), coupon("33")}, reservations.Order{}, apperr.FailedPrecondition, "AMBIGUOUS_CODE"},
		"of one of several":    {[]domain.Coupon{coupon("22"), coupon("33")}, reservations.Order{Publisher: "33"}, 0, ""},
		"of one that is valid": {[]domain.Coupon{disabled, coupon("33")}, reservations.Order{}, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			tt.order.Code = "SALEXYZ20"
			_, err := service(t, &now, tt.coupons...).Reserve(t.Context(), tt.order)
			if tt.reason != "" {
				refused(t, err, tt.kind, tt.reason)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

type away struct{}

var errAway = errors.New("away")

func (away) Coupons(context.Context, string, string) ([]domain.Coupon, error) { return nil, errAway }

func TestReserveWithoutTheCouponService(t *testing.T) {
	now := start
	s := service(t, &now)
	broken := reservations.New(reservations.Config{Store: brokenStore{}, Catalog: away{}, Now: time.Now, Zone: time.UTC})
	if _, err := broken.Reserve(t.Context(), reservations.Order{Code: "SALEXYZ20"}); !errors.Is(err, errAway) {
		t.Errorf("without the coupon service: %v", err)
	}
	if _, err := s.Reservation(t.Context(), "x"); err == nil {
		t.Error("a reservation was made")
	}
}

// brokenStore must not be asked.
type brokenStore struct{ reservations.Store }
