package attribution_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/tracking/internal/app/attribution"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore"
)

// exporting returns a service with n conversions, a minute apart, of offers 10 and 11 in turn.
func exporting(t *testing.T, n int) *service {
	t.Helper()
	store, err := sqlitestore.Open(t.Context(), t.TempDir(), sqlitestore.Options{Retention: 24 * time.Hour, Calendar: rollup.NewCalendar(time.UTC), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	for i := range n {
		at := now.Add(time.Duration(i) * time.Minute)
		c := domain.Conversion{
			ID: fmt.Sprintf("%032x", i), Offer: []string{"10", "11"}[i%2], TransactionID: fmt.Sprint(i), Event: "sale",
			Status: domain.StatusPending, Outcome: domain.Unattributed, Reason: domain.NoReference,
			ConversionTime: at, CreateTime: at, UpdateTime: at, Revision: 1,
		}
		if _, _, err := store.InsertConversion(t.Context(), domain.Sale{Conversion: c}); err != nil {
			t.Fatal(err)
		}
	}
	return serve(attribution.Config{Store: store, Now: func() time.Time { return now }})
}

func TestExport(t *testing.T) {
	t.Parallel()
	s := exporting(t, 6)
	for _, c := range []struct {
		filter, orderBy string
		want            []string
	}{
		{"", "", []string{"5", "4", "3", "2", "1", "0"}},
		{`offer = "offers/10"`, "", []string{"4", "2", "0"}},
		{`transaction_id != 3`, "offer, conversion_time", []string{"0", "2", "4", "1", "5"}},
		{`offer = 12`, "", nil},
	} {
		var got []string
		err := s.Export(t.Context(), c.filter, c.orderBy, func(part []domain.Conversion) error {
			for _, conversion := range part {
				got = append(got, conversion.TransactionID)
			}
			return nil
		})
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s by %s: %v, %q, want %q", c.filter, c.orderBy, err, got, c.want)
		}
	}
}

func TestExportEnds(t *testing.T) {
	t.Parallel()
	s := exporting(t, 1)
	none := func([]domain.Conversion) error { t.Error("something was sent"); return nil }
	for reason, err := range map[string]error{
		"INVALID_FILTER":   s.Export(t.Context(), "nonsense = 1", "", none),
		"INVALID_ORDER_BY": s.Export(t.Context(), "", "nonsense", none),
	} {
		if e := apperr.As(err); e == nil || e.Reason != reason {
			t.Errorf("%v, want %s", err, reason)
		}
	}
	gone := errors.New("gone")
	if err := s.Export(t.Context(), "", "", func([]domain.Conversion) error { return gone }); err != gone { //nolint:errorlint // as it is
		t.Errorf("%v, want send's error", err)
	}
	left, leave := context.WithCancel(t.Context())
	leave()
	if err := s.Export(left, "", "", none); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want the context's error", err)
	}
	s.StopWatches()
	if err := s.Export(t.Context(), "", "", none); apperr.As(err) == nil || apperr.As(err).Reason != "SERVICE_STOPPING" {
		t.Errorf("stopping: %v", err)
	}
}
