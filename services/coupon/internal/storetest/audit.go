package storetest

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/audit"
	"github.com/couponlink/couponlink/services/internal/listing"
)

func auditPromises() []promise {
	return []promise{
		{"a change by a call is stored with an entry, whole", testEntry},
		{"what changes nothing leaves no entry", testNoEntry},
	}
}

func auditCall() audit.Call {
	return audit.Call{
		Principal: "keys/k", DisplayName: "Key", Address: "192.0.2.7", RequestID: "r-1", Method: "UpdateOffer", Time: moment(3),
	}
}

func (s *suite) entries(t *testing.T) []audit.Entry {
	t.Helper()
	found, err := s.Entries(t.Context(), listing.Query{Order: []listing.Order{{Field: "id"}}, Limit: 100})
	must(t, err)
	return found
}

func testEntry(t *testing.T, s *suite) {
	s.setUp(t)
	must(t, s.KeepEntries(t.Context(), time.Hour))
	_, err := s.UpdateOffer(audit.With(t.Context(), auditCall()), "10", func(o domain.Offer) (domain.Offer, error) {
		o.FallbackURL, o.PostbackToken = "https://other.example/", "rotated"
		return o, nil
	})
	must(t, err)
	entries := s.entries(t)
	if len(entries) != 1 {
		t.Fatalf("got %d entries, want 1", len(entries))
	}
	got := entries[0]
	if got.ID == "" || got.Call != auditCall() || got.Resource != "offers/10" {
		t.Errorf("got %+v", got)
	}
	if len(got.Changes) != 2 || got.Changes[0].Field != "fallback_url" || got.Changes[0].To != "https://other.example/" {
		t.Fatalf("got the changes %+v", got.Changes)
	}
	if want := (audit.Change{Field: "postback_token", Masked: true}); !reflect.DeepEqual(got.Changes[1], want) {
		t.Errorf("got %+v, want %+v", got.Changes[1], want)
	}
}

func testNoEntry(t *testing.T, s *suite) {
	s.setUp(t)
	must(t, s.KeepEntries(t.Context(), 0))
	ctx := audit.With(t.Context(), auditCall())
	refusal := errors.New("refused")
	_, err := s.UpdateOffer(ctx, "10", func(o domain.Offer) (domain.Offer, error) { return o, refusal })
	if !errors.Is(err, refusal) {
		t.Errorf("got %v", err)
	}
	offer, err := s.Offer(ctx, "10")
	must(t, err)
	if err := s.InsertOffer(ctx, offer); err == nil {
		t.Error("an offer was stored twice")
	}
	_, err = s.UpdatePublisher(t.Context(), "22", func(p domain.Publisher) (domain.Publisher, error) {
		p.DisplayName = "By no call"
		return p, nil
	})
	must(t, err)
	if entries := s.entries(t); len(entries) > 0 {
		t.Errorf("got %+v", entries)
	}
}
