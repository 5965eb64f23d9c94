package partnerhttp

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/admission"
	"github.com/couponlink/couponlink/services/internal/trackinglink"
	"github.com/couponlink/couponlink/services/tracking/internal/app/clicks"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// seenClicks is a store of clicks that remembers the last one.
type seenClicks struct{ last domain.Click }

func (s *seenClicks) InsertClick(_ context.Context, c domain.Click) error {
	s.last = c
	return nil
}

// shopOffer is an offer with a landing page.
type shopOffer struct{ oneOffer }

func (o shopOffer) Offer(ctx context.Context, id string) (domain.Offer, error) {
	offer, err := o.oneOffer.Offer(ctx, id)
	if err == nil {
		offer.Landing, err = trackinglink.Compile("https://shop.example.com/")
	}
	return offer, err
}

// TestWhatIsKeptOfVisitors clicks from an address and a page: of the address, as much as is set is stored, and of the
// page its origin.
func TestWhatIsKeptOfVisitors(t *testing.T) {
	for how, want := range map[clicks.Addresses]string{"": "203.0.113.0", clicks.AddressesTruncated: "203.0.113.0", clicks.AddressesFull: "203.0.113.77", clicks.AddressesNone: ""} {
		store, use := &seenClicks{}, newUseCases(t)
		use.Clicks = clicks.New(clicks.Config{Store: store, Catalog: shopOffer{}, Now: func() time.Time { return now }, PublicURL: "https://go.example.com", Addresses: how})
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/click?offer_id=10", http.NoBody)
		r.RemoteAddr = "203.0.113.77:4711"
		r.Header.Set("Referer", "https://blog.example.com/me?q=secret")
		w := httptest.NewRecorder()
		NewHandler(use, knownRobots(t), admission.Partner{}, slog.New(slog.DiscardHandler)).ServeHTTP(w, r)
		if w.Code != http.StatusFound || store.last.IP != want || store.last.Referer != "https://blog.example.com" {
			t.Errorf("%q: status %d, address %q, page %q", how, w.Code, store.last.IP, store.last.Referer)
		}
	}
}
