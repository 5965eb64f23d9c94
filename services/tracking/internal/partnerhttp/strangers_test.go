package partnerhttp

import (
	"context"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/admission"
	"github.com/couponlink/couponlink/services/internal/clientaddr"
	"github.com/couponlink/couponlink/services/tracking/internal/app/attribution"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// openOffer is tokenOffer that takes postbacks from anybody.
type openOffer struct{ tokenOffer }

// Offer implements attribution.CouponClient.
func (o openOffer) Offer(ctx context.Context, id string) (domain.Offer, error) {
	offer, err := o.tokenOffer.Offer(ctx, id)
	offer.Auth = domain.AuthOpen
	return offer, err
}

// TestStrangersLearnNothing: a first report, its repeat, one that contradicts it and a test have the same
// answer, without a publisher. The journal tells them apart.
func TestStrangersLearnNothing(t *testing.T) {
	use := newUseCasesOf(t, openOffer{})
	h := NewHandler(use, knownRobots(t), admission.Partner{}, slog.New(slog.DiscardHandler))
	const sale = "offer_id=10&coupon_code=SALEXYZ20&transaction_id=A-1"
	status, first := answered(t, h, get(t, sale+"&amount=10"))
	if status != http.StatusOK || first.Outcome != attribution.Attributed || first.Conversion == "" || first.Publisher != "" || first.Status != "PENDING" {
		t.Fatalf("got %d %+v", status, first)
	}
	if strings.Contains(first.Message, "22") {
		t.Errorf("the message names the publisher: %s", first.Message)
	}
	for _, query := range []string{sale + "&amount=10", sale + "&amount=99"} {
		if status, again := answered(t, h, get(t, query)); status != http.StatusOK || !reflect.DeepEqual(again, first) {
			t.Errorf("%s: got %d %+v, want %+v", query, status, again, first)
		}
	}
	if got := lastOf(t, use.Attribution); got.Reason != "CONVERSION_CONFLICT" {
		t.Errorf("the journal has %+v of the one that contradicts it", got)
	}
	if status, tried := answered(t, h, get(t, sale+"&test=1")); status != http.StatusOK || tried.Outcome != attribution.Test || tried.Publisher != "" || strings.Contains(tried.Message, "DUPLICATE") {
		t.Errorf("a test: got %d %+v", status, tried)
	}
	if status, known := answered(t, h, get(t, sale+"&amount=10&token=s3cret")); status != http.StatusOK || known.Outcome != attribution.Duplicate || known.Publisher != "publishers/22" {
		t.Errorf("with a token: got %d %+v", status, known)
	}
	answered(t, h, get(t, sale+"&amount=10&note="+strings.Repeat("z", 10<<10)))
	if got := lastOf(t, use.Attribution); len(got.Parameters) > 8<<10 || !strings.Contains(got.Parameters, "transaction_id=A-1") {
		t.Errorf("the journal has %d bytes of parameters", len(got.Parameters))
	}
}

// TestStrangersAreLimited: too many postbacks without proof are refused, others are not.
func TestStrangersAreLimited(t *testing.T) {
	h := NewHandler(newUseCasesOf(t, openOffer{}), knownRobots(t), admission.Partner{OpenPerAddress: 1, OpenPerOffer: 2}, slog.New(slog.DiscardHandler))
	const sale = "offer_id=10&coupon_code=SALEXYZ20"
	for i := range 3 * burst {
		client := []string{"203.0.113.7", "203.0.113.8", "203.0.113.9"}[i/burst]
		r := get(t, sale)
		r.RemoteAddr = client + ":4"
		status, a := answered(t, h, r)
		if want := i < 2*burst; (status == http.StatusOK) != want || !want && a.Reason != tooManyUnproven {
			t.Errorf("number %d, from %s: got %d %+v", i+1, client, status, a)
		}
	}
	r := get(t, sale+"&token=s3cret")
	r.RemoteAddr = "203.0.113.7:4"
	if status, a := answered(t, h, r); status != http.StatusOK {
		t.Errorf("with a token: got %d %+v", status, a)
	}
}

// TestStrangersAllowances: each client and each offer has its own, and it grows back.
func TestStrangersAllowances(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	s := newStrangers(admission.Partner{OpenPerAddress: 1})
	one, other := clientaddr.Owner("203.0.113.7"), clientaddr.Owner("203.0.113.8")
	for range burst {
		if err := s.admit(one, "10", now); err != nil {
			t.Fatal(err)
		}
	}
	if s.admit(one, "10", now) == nil || s.admit(other, "10", now) != nil {
		t.Error("the allowance is not each client's own")
	}
	if err := s.admit(one, "10", now.Add(time.Second)); err != nil {
		t.Errorf("the allowance does not grow back: %v", err)
	}
}
