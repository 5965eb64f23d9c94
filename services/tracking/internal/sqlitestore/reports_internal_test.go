package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
)

// openWith opens a store with some sales, three of each time, and returns their ids by time and id.
func openWith(t *testing.T, sales int) (*Store, []string) {
	t.Helper()
	s, err := Open(t.Context(), t.TempDir(), Options{Retention: 24 * time.Hour, Calendar: rollup.NewCalendar(time.UTC), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	var ids []string
	insert := make([]domain.Sale, sales)
	begin := time.Now().UTC().Add(-time.Hour).Truncate(time.Millisecond)
	for n := range insert {
		at := begin.Add(time.Duration(n/3) * time.Millisecond) // some at the same time
		c := domain.Conversion{ID: fmt.Sprintf("%064x", n), Offer: "10", Publisher: "22", ConversionTime: at, CreateTime: at, UpdateTime: at, Revision: 1}
		insert[n] = domain.Sale{Conversion: c}
	}
	failures := make(chan error, sales)
	for _, sale := range insert {
		ids = append(ids, sale.Conversion.ID)
		go func() {
			_, _, err := s.InsertConversion(context.WithoutCancel(t.Context()), sale)
			failures <- err
		}()
	}
	for range insert {
		if err := <-failures; err != nil {
			t.Fatal(err)
		}
	}
	return s, ids
}

// TestSlowExportGoesOn: an export with a slow caller uses several views, and returns each conversion once.
func TestSlowExportGoesOn(t *testing.T) {
	t.Parallel()
	s, want := openWith(t, 2*exportRows+100)
	s.exportTimes.resume = 0
	order := []listing.Order{{Field: "conversion_time", Desc: true}, {Field: "id", Desc: true}}
	var got []string
	err := s.ExportConversions(t.Context(), listing.Query{Order: order}, func(part []domain.Conversion) error {
		for _, c := range part {
			got = append(got, c.ID)
		}
		return nil
	})
	slices.Sort(got)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%d conversions of %d: %v", len(got), len(want), err)
	}
	s.exportTimes.end = 0
	byChanging := []listing.Order{{Field: "publisher"}, {Field: "id"}}
	err = s.ExportConversions(t.Context(), listing.Query{Order: byChanging}, func([]domain.Conversion) error { return nil })
	if e := apperr.As(err); e == nil || e.Reason != "EXPORT_TOO_SLOW" {
		t.Errorf("a slow export in an order that changes: %v", err)
	}
}

// TestReportsLeaveReadersForPartners: while all report connections are in use, lists wait and partners do not.
func TestReportsLeaveReadersForPartners(t *testing.T) {
	t.Parallel()
	s, ids := openWith(t, 1)
	for range s.db.Reports().Stats().MaxOpenConnections {
		conn, err := s.db.Reports().Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer func(conn *sql.Conn) { _ = conn.Close() }(conn)
	}
	soon, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if _, err := s.Click(soon, "00000000-0000-7000-8000-000000000000"); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("a click: %v", err)
	}
	if _, err := s.Conversion(soon, ids[0]); err != nil {
		t.Errorf("a conversion: %v", err)
	}
	if err := s.Ping(soon); err != nil {
		t.Errorf("readiness: %v", err)
	}
	q := listing.Query{Order: []listing.Order{{Field: "id"}}, Limit: 1}
	for name, read := range map[string]func(context.Context) error{
		"conversions": func(ctx context.Context) error { _, err := s.Conversions(ctx, q); return err },
		"postbacks":   func(ctx context.Context) error { _, err := s.Postbacks(ctx, q); return err },
		"deliveries":  func(ctx context.Context) error { _, err := s.Deliveries(ctx, q); return err },
		"totals":      func(ctx context.Context) error { _, err := s.Totals(ctx, nil); return err },
		"export": func(ctx context.Context) error {
			return s.ExportConversions(ctx, q, func([]domain.Conversion) error { return nil })
		},
	} {
		waiting, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		if err := read(waiting); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s do not wait for a connection for reports: %v", name, err)
		}
		cancel()
	}
}
