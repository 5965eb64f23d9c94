package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/couponlink/couponlink/services/internal/couponcode"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// fullPostback has every field set; no two of them alike.
func fullPostback() domain.Postback {
	return domain.Postback{
		ID: idAt(at(40)), Offer: "10", Conversion: hash("full"), Outcome: domain.PostbackDuplicate, Reason: "CONTENT_CONFLICT",
		Message: "Naïve \"quotes\" 🎟.", HTTPStatus: 409, Method: "POST",
		Parameters: "amount=49.90&coupon_code=Sale%C5%BE20&transaction_id=order+%E6%9D%B1", CouponCode: "Saležyz20", TransactionID: "order ž-東京-🎟-1",
		Body: "{\"code\": \"Naïve", ContentType: "application/json", Warnings: []string{"click_id: \"{click_id}\" was not filled in", "🎟"},
		IdempotencyKey: "key 7", IP: "2001:db8::1", Authenticated: true, Time: at(40), Duration: 1234567 * time.Microsecond,
		Replay: fullReplay(),
	}
}

func fullReplay() *domain.Replay {
	return &domain.Replay{
		Outcome: domain.ReplayAttributed, Reason: "A_REASON", Message: "It is \"credited\" now.", Conversion: hash("replayed"), Publisher: "22", Time: at(41),
	}
}

// idAt returns a UUIDv7 of a time.
func idAt(at time.Time) string {
	id := uuid.Must(uuid.NewV7())
	for i := range 6 {
		id[i] = byte(at.UnixMilli() >> (8 * (5 - i))) //nolint:gosec // the byte in question
	}
	return id.String()
}

// entry is the n-th of a series of entries that differ as a journal's do.
func entry(n int) domain.Postback {
	p := domain.Postback{
		ID: idAt(at(n / 3)), Offer: []string{"10", "11", "9"}[n%3], Conversion: hash("sale", n/2), HTTPStatus: 200, Method: "GET",
		Parameters: fmt.Sprint("transaction_id=order-", n), CouponCode: []string{"SALEXYZ20", "SaleXyz20", "", "Über20"}[n%4],
		TransactionID: fmt.Sprintf("order-%04d", n), Time: at(n / 3),
		Outcome: []domain.PostbackOutcome{domain.PostbackAttributed, domain.PostbackUnattributed, domain.PostbackDuplicate, domain.PostbackRejected}[n%4],
	}
	switch p.Outcome {
	case domain.PostbackUnattributed:
		p.Reason = "UNKNOWN_CODE"
	case domain.PostbackRejected:
		p.Reason, p.Conversion = "INVALID_AMOUNT", ""
	}
	return p
}

func insertPostback(t *testing.T, s Store, p domain.Postback) {
	t.Helper()
	if err := s.InsertPostback(t.Context(), p); err != nil {
		t.Errorf("inserting postback %s: %v", p.ID, err)
	}
}

func checkPostback(t *testing.T, s Store, want domain.Postback) {
	t.Helper()
	if got, err := s.Postback(t.Context(), want.ID); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("the postback is\n%+v (%v), want\n%+v", got, err, want)
	}
}

// postbackRows are postbacks as lists have them.
func postbackRows() rows[domain.Postback] {
	return rows[domain.Postback]{
		value: func(p domain.Postback, field string) any {
			return map[string]any{
				"id": p.ID, "offer": p.Offer, "conversion": p.Conversion, "outcome": string(p.Outcome), "reason": p.Reason,
				"coupon_code_key": couponcode.Fold(p.CouponCode), "transaction_id": p.TransactionID, "create_time": p.Time,
			}[field]
		},
		list: listPostbacks,
	}
}

func listPostbacks(t *testing.T, s Store, q listing.Query) []domain.Postback {
	t.Helper()
	postbacks, err := s.Postbacks(t.Context(), q)
	if err != nil {
		t.Fatalf("listing postbacks: %v", err)
	}
	return postbacks
}

func postbackRoundTrip(t *testing.T, fresh Fresh) {
	open := fresh(t)
	before := open(calendar(t))
	full := fullPostback()
	full.Replay = nil
	bare := domain.Postback{ID: idAt(at(50)), Offer: "10", Outcome: domain.PostbackRejected, HTTPStatus: 400, Method: "GET", Time: at(50)}
	for _, want := range []domain.Postback{full, bare} {
		insertPostback(t, before, want)
		checkPostback(t, before, want)
	}
	for _, replay := range []*domain.Replay{{Outcome: domain.ReplayUnchanged, Time: at(60)}, fullReplay()} {
		if err := before.SetReplay(t.Context(), full.ID, *replay); err != nil {
			t.Errorf("noting a replay: %v", err)
		}
		full.Replay = replay
		checkPostback(t, before, full)
	}
	for _, id := range []string{"", "nothing", idAt(at(1))} {
		if err := before.SetReplay(t.Context(), id, *fullReplay()); !errors.Is(err, domain.ErrNotFound) {
			t.Errorf("noting a replay of %q: %v, want ErrNotFound", id, err)
		}
		if _, err := before.Postback(t.Context(), id); !errors.Is(err, domain.ErrNotFound) {
			t.Errorf("postback %q: %v, want ErrNotFound", id, err)
		}
	}
	if err := before.Close(); err != nil {
		t.Fatalf("closing: %v", err)
	}
	after := closing(t, open(calendar(t)))
	checkPostback(t, after, full)
	checkPostback(t, after, bare)
	if got := listPostbacks(t, after, listing.Query{Order: []listing.Order{{Field: "id"}}, Limit: 10}); !reflect.DeepEqual(got, []domain.Postback{full, bare}) {
		t.Errorf("the journal lists\n%+v, want\n%+v", got, []domain.Postback{full, bare})
	}
}

func salesWithPostbacks(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	const callers = 60
	var entries [callers]domain.Postback
	var stored [callers]domain.Conversion
	var inserted [callers]bool
	together(callers, func(i int) {
		c := sale(i / 3) // three calls report one sale
		entries[i] = entry(i)
		entries[i].Replay = nil
		entries[i].TransactionID = c.TransactionID
		c.Postback = entries[i].ID
		var err error
		stored[i], inserted[i], err = s.InsertConversion(t.Context(), domain.Sale{Conversion: c, Postback: &entries[i]})
		if err != nil {
			t.Errorf("sale %d: %v", i, err)
		}
	})
	want := 0
	for i, isNew := range inserted {
		if !isNew {
			if _, err := s.Postback(t.Context(), entries[i].ID); !errors.Is(err, domain.ErrNotFound) {
				t.Errorf("the entry of the repeat %d: %v, want ErrNotFound", i, err)
			}
			continue
		}
		want++
		checkPostback(t, s, entries[i].Of(stored[i]))
		about := []listing.Query{
			{Where: is("conversion", listing.Equal, stored[i].ID), Order: []listing.Order{{Field: "id"}}, Limit: 10},
			{Where: is("transaction_id", listing.Equal, stored[i].TransactionID), Order: []listing.Order{{Field: "id"}}, Limit: 10},
		}
		for _, q := range about {
			if got := listPostbacks(t, s, q); len(got) != 1 || got[0].ID != entries[i].ID {
				t.Errorf("the entries of sale %d by %v are %+v, want that which made it", i, q.Where, got)
			}
		}
		later := fullPostback()
		later.Conversion, later.TransactionID = stored[i].ID, stored[i].TransactionID
		insertPostback(t, s, later)
		for _, q := range about {
			if got := listPostbacks(t, s, q); len(got) != 2 {
				t.Errorf("the entries of sale %d by %v are %+v, want also the later one", i, q.Where, got)
			}
		}
	}
	if want != callers/3 {
		t.Errorf("%d sales were inserted, want %d", want, callers/3)
	}
	q := listing.Query{Order: []listing.Order{{Field: "id"}}, Limit: 1000}
	if got := listPostbacks(t, s, q); len(got) != 2*want {
		t.Errorf("%d entries are journaled, want %d", len(got), 2*want)
	}
}

func limitedSaleWithPostback(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	limits := domain.Limits{Total: 1}
	for i, outcome := range []domain.PostbackOutcome{domain.PostbackAttributed, domain.PostbackUnattributed} {
		p := entry(i)
		stored, inserted, err := s.InsertConversion(t.Context(), domain.Sale{Conversion: credited(fmt.Sprint(i), 1), Use: use(limits, 1), Postback: &p})
		if err != nil || !inserted {
			t.Fatalf("sale %d: %v, %v", i, inserted, err)
		}
		if want := p.Of(stored); want.Outcome != outcome {
			t.Errorf("sale %d is journaled as %s, want %s", i, want.Outcome, outcome)
		}
		checkPostback(t, s, p.Of(stored))
		repeat := entry(10 + i)
		if _, inserted, err := s.InsertConversion(t.Context(), domain.Sale{Conversion: credited(fmt.Sprint(i), 1), Use: use(limits, 1), Postback: &repeat}); inserted || err != nil {
			t.Errorf("a repeat of sale %d: %v, %v", i, inserted, err)
		}
		if _, err := s.Postback(t.Context(), repeat.ID); !errors.Is(err, domain.ErrNotFound) {
			t.Errorf("the entry of a repeat of sale %d: %v, want ErrNotFound", i, err)
		}
	}
}

func postbackLists(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	stored := make([]domain.Postback, 60)
	together(len(stored), func(i int) {
		stored[i] = entry(i)
		insertPostback(t, s, stored[i])
	})
	latestFirst := []listing.Order{{Field: "create_time", Desc: true}, {Field: "id", Desc: true}}
	for _, condition := range []listing.Expr{
		nil,
		is("id", listing.Equal, stored[7].ID),
		is("id", listing.NotEqual, stored[7].ID),
		is("id", listing.Equal, "no such id"),
		is("offer", listing.Equal, "10"),
		is("conversion", listing.Equal, hash("sale", 3)),
		is("conversion", listing.NotEqual, hash("sale", 3)),
		is("conversion", listing.Equal, ""),
		is("outcome", listing.Equal, "UNATTRIBUTED"),
		is("reason", listing.Equal, "UNKNOWN_CODE"),
		is("reason", listing.HasPrefix, "INVALID"),
		is("coupon_code_key", listing.Equal, "SALEXYZ20"),
		is("transaction_id", listing.Equal, "order-0005"),
		is("create_time", listing.Less, at(7)),
		listing.And{is("create_time", listing.GreaterEqual, at(3)), is("create_time", listing.LessEqual, at(9)), is("offer", listing.Equal, "11")},
		listing.Or{is("create_time", listing.Equal, at(3)), is("outcome", listing.Equal, "REJECTED")},
		listing.Not{Expr: listing.Or{is("create_time", listing.Greater, at(3)), is("conversion", listing.Equal, "")}},
	} {
		for _, order := range [][]listing.Order{latestFirst, {{Field: "create_time"}, {Field: "id"}}, {{Field: "id"}}} {
			postbackRows().check(t, s, stored, listing.Query{Where: condition, Order: order, Limit: 7})
		}
	}
}
