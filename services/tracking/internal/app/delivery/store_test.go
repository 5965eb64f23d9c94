package delivery_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"testing"
	"time"

	app "github.com/couponlink/couponlink/services/tracking/internal/app/delivery"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/delivery"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore"
)

// TestOnSQLite goes from sales to calls on a real store: every sale is told of, at a healthy endpoint
// soon, though another is dead.
func TestOnSQLite(t *testing.T) {
	t.Parallel()
	store, err := sqlitestore.Open(t.Context(), t.TempDir(), sqlitestore.Options{Retention: 24 * time.Hour, Calendar: rollup.NewCalendar(time.UTC), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}()
	w := newWorld(t, map[string]endpoint{"healthy": slow(time.Millisecond), "flaky": then(status(500), status(200)), "dead": hang})
	c := app.NewSender(app.SenderConfig{
		Store: store, Publishers: w.publishers, Client: &http.Client{Transport: w}, Now: time.Now,
		Random: func() float64 { return 0 }, Log: slog.New(slog.DiscardHandler), CallTimeout: time.Second,
	})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	done := make(chan error)
	go func() { done <- c.Run(ctx) }()
	const sales = 200
	last := ""
	start := time.Now()
	for i := range sales {
		for j, to := range []string{"dead", "healthy", "flaky"} {
			sale := sold(fmt.Sprintf("%016x%016x", j, i), to)
			if to == "flaky" && i > 0 {
				continue
			}
			if _, _, err := store.InsertConversion(ctx, domain.Sale{Conversion: sale}); err != nil {
				t.Fatal(err)
			}
			c.Wake()
			last = sale.ID
		}
	}
	for len(w.called("healthy")) < sales && ctx.Err() == nil {
		time.Sleep(5 * time.Millisecond)
	}
	took := time.Since(start)
	for len(w.called("flaky")) < 2 && ctx.Err() == nil {
		time.Sleep(5 * time.Millisecond)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if n := len(w.called("healthy")); n != sales || took > 15*time.Second {
		t.Errorf("%d of %d sales were told of, in %v", n, sales, took)
	}
	d, err := store.Delivery(t.Context(), last+"-0-healthy")
	if err != nil || d.State != delivery.Delivered || len(d.Attempts) != 1 {
		t.Errorf("the last delivery is %+v (%v)", d, err)
	}
	if calls := w.called("dead"); len(calls) < 5 || len(calls) > 2*8 {
		t.Errorf("the dead endpoint got %d calls, want 5 failures and those that were under way", len(calls))
	}
}
