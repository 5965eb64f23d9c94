package admission_test

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"

	"github.com/couponlink/couponlink/services/internal/admission"
)

func TestGate(t *testing.T) {
	g := admission.NewGate("clicks", 2)
	for i := range 3 {
		if got := g.Enter(); got != (i < 2) {
			t.Errorf("a gate of two lets number %d in: %v", i+1, got)
		}
	}
	g.Leave()
	if !g.Enter() || g.Enter() {
		t.Error("one left, and not exactly one more comes in")
	}
	st := g.Refusal()
	retry := false
	for _, detail := range st.Details() {
		_, ok := detail.(*errdetails.RetryInfo)
		retry = retry || ok
	}
	if st.Code() != codes.Unavailable || !retry {
		t.Errorf("refused with %v", st)
	}
	if none := admission.NewGate("clicks", 0); !none.Enter() {
		t.Error("no limit lets nobody in")
	}
}

// TestHandler checks that requests above the bound are refused at once, while others are being served.
func TestHandler(t *testing.T) {
	const most = 3
	serving, done := make(chan struct{}), make(chan struct{})
	h := admission.NewGate("clicks", most).Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		serving <- struct{}{}
		<-done
	}), func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	call := func() int {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/click", nil))
		return w.Code
	}
	var all sync.WaitGroup
	for range most {
		all.Go(func() {
			if code := call(); code != http.StatusOK {
				t.Errorf("got %d", code)
			}
		})
		<-serving
	}
	if code := call(); code != http.StatusServiceUnavailable {
		t.Errorf("one too many: got %d", code)
	}
	close(done)
	all.Wait()
}

func TestMethodsHaveGates(t *testing.T) {
	gates := admission.NewGates(admission.Calls{Reads: 1, Writes: 1, Exports: 1, Watches: 1})
	const coupon, tracking = "/couponlink.coupon.v1.", "/couponlink.tracking.v1."
	seen := map[*admission.Gate]string{}
	for _, method := range []string{
		coupon + "OfferService/GetOffer", coupon + "OfferService/CreateOffer",
		tracking + "ReportService/ExportConversions", tracking + "ConversionService/WatchConversions",
	} {
		g := gates.Of(method)
		if g == nil || seen[g] != "" {
			t.Errorf("%s has the gate of %s", method, seen[g])
		}
		seen[g] = method
	}
	for _, method := range []string{coupon + "LookupService/LookupCode", "/grpc.health.v1.Health/Check"} {
		if gates.Of(method) != nil {
			t.Errorf("%s has a gate", method)
		}
	}
}
