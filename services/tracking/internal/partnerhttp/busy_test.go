package partnerhttp

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/couponlink/couponlink/services/internal/admission"
	"github.com/couponlink/couponlink/services/internal/trackinglink"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// slowOffer is tokenOffer, which answers only when it is let.
type slowOffer struct {
	tokenOffer
	entered, leave chan struct{}
}

// Offer implements attribution.CouponClient.
func (o slowOffer) Offer(ctx context.Context, id string) (domain.Offer, error) {
	o.entered <- struct{}{}
	<-o.leave
	offer, err := o.tokenOffer.Offer(ctx, id)
	if err == nil {
		offer.Landing, err = trackinglink.Compile("https://shop.example.com/")
	}
	return offer, err
}

// TestBusy: what comes while as many calls are in flight as may be is refused at once, in its own way, and
// other classes are not.
func TestBusy(t *testing.T) {
	t.Parallel()
	offer := slowOffer{entered: make(chan struct{}, 10), leave: make(chan struct{})}
	h := NewHandler(newUseCasesOf(t, offer), knownRobots(t), admission.Partner{Clicks: 1, Postbacks: 1}, slog.New(slog.DiscardHandler))
	call := func(target string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, target, nil))
		return w
	}
	const click, postback = "/click?offer_id=10&coupon_code=SALEXYZ20", "/postback?offer_id=10&coupon_code=SALEXYZ20&token=s3cret"
	var taken sync.WaitGroup
	for target, want := range map[string]int{click: http.StatusFound, postback: http.StatusOK} {
		taken.Go(func() {
			if w := call(target); w.Code != want {
				t.Errorf("%s: got %d %s", target, w.Code, w.Body)
			}
		})
		<-offer.entered
	}
	for target, kind := range map[string]string{click: "text/html", postback: "application/json"} {
		w := call(target)
		if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != "1" || !strings.HasPrefix(w.Header().Get("Content-Type"), kind) {
			t.Errorf("%s: one too many: got %d, %v", target, w.Code, w.Header())
		}
	}
	close(offer.leave)
	taken.Wait()
}
