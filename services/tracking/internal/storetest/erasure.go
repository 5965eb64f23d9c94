package storetest

import (
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/tracking/internal/app/erasure"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/delivery"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/privacy"
)

// personal is in each text that must be gone.
const personal = "jane-doe"

// erased erases subjects of histories by chance. A try counts what the erasure then does, a second erasure finds nothing,
// and all figures, totals and uses stay.
func erased(t *testing.T, fresh Fresh) {
	for seed := range uint64(3) {
		s := opened(t, fresh)
		h := newHistory(t, calendar(t), seed)
		for range 60 {
			h.step(s)
		}
		countAll(t, s)
		for n, of := range personalSale(h, s) {
			erase(t, h, s, of, n)
		}
		for range 3 {
			sale := pick(h, h.sales...)
			erase(t, h, s, privacy.Subject{Offer: sale.Offer, TransactionID: sale.TransactionID}, -1)
			h.step(s)
		}
		h.check(s)
		recountAll(t, s)
		checkNothingPersonal(t, s)
	}
}

// erase erases a subject, of which there are at least some records.
func erase(t *testing.T, h *history, s Store, of privacy.Subject, n int) {
	t.Helper()
	service := erasure.New(s, time.Now, slog.New(slog.DiscardHandler))
	totals := totalsOf(t, s)
	tried, err := service.Erase(t.Context(), of, "admin", true)
	if err != nil {
		t.Fatalf("trying to erase %+v: %v", of, err)
	}
	done, err := service.Erase(t.Context(), of, "admin", false)
	if err != nil || !maps.Equal(tried.Counts, done.Counts) || n >= 0 && len(done.Counts) == 0 {
		t.Errorf("erasing %+v: %v (%v), tried %v", of, done.Counts, err, tried.Counts)
	}
	again, err := service.Erase(t.Context(), of, "admin", false)
	if err != nil || len(again.Counts) > 0 {
		t.Errorf("erasing %+v again: %v (%v)", of, again.Counts, err)
	}
	h.check(s)
	if after := totalsOf(t, s); after != totals {
		t.Errorf("after erasing %+v totals are\n%s, want\n%s", of, after, totals)
	}
}

// totalsOf returns the totals of everything as a text.
func totalsOf(t *testing.T, s Store) string {
	t.Helper()
	cells, err := s.Totals(t.Context(), listing.And{})
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(added(cells))
}

// personalSale stores sales with clicks, entries, deliveries, a reservation and a waiting report, and returns how to erase
// them.
func personalSale(h *history, s Store) []privacy.Subject {
	h.t.Helper()
	var subjects []privacy.Subject
	for n, of := range []privacy.Subject{{Click: "click"}, {Offer: "10", TransactionID: personal + " order"}, {Publisher: "22", PubSubID: personal + " sub"}} {
		click := fullClick()
		click.Time = h.moment()
		click.ID = idAt(click.Time)
		click.PubClickID, click.PubSubID, click.Publisher = personal, personal+fmt.Sprint(" sub", n), "22"
		click.IP, click.UserAgent, click.Referer, click.Dropped, click.PubUniques = personal, personal, personal, []string{personal}, domain.Uniques{personal}
		c := h.newSale().Conversion
		for c.Publisher != "22" || c.Offer != "10" {
			c = h.newSale().Conversion
		}
		c.ID = hash("personal", n)
		c.Click, c.TransactionID, c.StatusReason = click.ID, personal+fmt.Sprint(" order", n), ""
		c.PubClickID, c.PubSubID, c.PubUniques, c.Explanation = personal, click.PubSubID, domain.Uniques{personal, personal}, personal
		switch {
		case of.Click != "":
			of.Click = click.ID
		case of.PubSubID != "":
			of.PubSubID = click.PubSubID
		default:
			of.TransactionID = c.TransactionID
		}
		subjects = append(subjects, of)
		insertClick(h.t, s, click)
		h.clicks = append(h.clicks, click)
		entry := domain.Postback{
			ID: idAt(c.CreateTime), Offer: "10", Method: "GET", Time: c.CreateTime, Parameters: personal + "&click_id=" + click.ID, IP: personal, Body: personal,
			CouponCode: personal, TransactionID: c.TransactionID, IdempotencyKey: personal, Warnings: []string{personal},
		}
		c.Postback = entry.ID
		if _, _, err := s.InsertConversion(h.t.Context(), domain.Sale{Conversion: c, Postback: &entry}); err != nil {
			h.t.Fatal(err)
		}
		later := entry
		later.ID, later.Conversion, later.Message = idAt(c.CreateTime.Add(time.Second)), c.ID, personal
		insertPostback(h.t, s, later)
		planned := delivery.Planned(c, func(string) (domain.Publisher, bool) { return domain.Publisher{}, false }, c.CreateTime)
		planned = append(planned, delivery.Delivery{
			ID: c.ID + "-0-22", Conversion: c.ID, Publisher: "22", Offer: "10", State: delivery.Due, DueTime: c.CreateTime, FirstDueTime: c.CreateTime, CreateTime: c.CreateTime,
			Payload: `{"type":"conversion.created","timestamp":"","sequence":1,"data":{"transactionId":"` + personal + `","pubSubId":"` + personal + `"}}`,
		})
		if err := s.Plan(h.t.Context(), []delivery.Plan{{Conversion: c.ID, Revision: c.Revision, Deliveries: planned}}); err != nil {
			h.t.Fatal(err)
		}
		by := domain.By{Actor: domain.Advertiser, Time: c.CreateTime, Reason: personal}
		update(h.t, s, c.ID, func(c domain.Conversion) domain.Conversion {
			changed, err := c.Refund(money.Money{}, personal, by)
			if err != nil {
				h.t.Error(err)
			}
			return changed.WithConflict(domain.Report{Code: personal, ClickID: personal}, domain.Conversion{ContentHash: hash("other", n)}, later.ID, c.CreateTime)
		})
		waiting := domain.Deferred{
			ID: hash("waiting", n), Reason: domain.EarlyChange, Conversion: c.ID, Postback: later, DueTime: c.CreateTime, ExpireTime: c.CreateTime.Add(time.Hour),
		}
		waiting.Postback.ID = idAt(c.CreateTime.Add(time.Minute))
		keep(h.t, s, waiting, true)
	}
	return subjects
}

// checkNothingPersonal looks for the texts in all that lists tell.
func checkNothingPersonal(t *testing.T, s Store) {
	t.Helper()
	entries, err := s.Postbacks(t.Context(), everything())
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		checkGone(t, "the entry", entry)
	}
	for n := range 3 {
		c, err := s.Conversion(t.Context(), hash("personal", n))
		if err != nil || !c.Erased() {
			t.Fatalf("the conversion is not erased: %+v (%v)", c, err)
		}
		checkGone(t, "the conversion", c)
		if c.Basis != nil {
			checkGone(t, "the basis", *c.Basis)
		}
		d, err := s.Delivery(t.Context(), c.ID+"-0-22")
		if err != nil {
			t.Fatal(err)
		}
		checkGone(t, "the delivery", d)
		waiting, err := s.EarlyChanges(t.Context(), c.ID, 10)
		if err != nil || len(waiting) > 0 {
			t.Errorf("%d reports wait (%v)", len(waiting), err)
		}
	}
}

func checkGone(t *testing.T, what string, value any) {
	t.Helper()
	if text := fmt.Sprintf("%+v", value); strings.Contains(text, personal) {
		t.Errorf("%s still has it: %s", what, text)
	}
}
