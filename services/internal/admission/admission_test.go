package admission_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
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

// TestSlowBodiesTakeNoPlace has as many callers as the gate lets in send half a body, and one more that sends its whole
// body.
func TestSlowBodiesTakeNoPlace(t *testing.T) {
	const most = 2
	whole := strings.Repeat("x", 100<<10)
	h := admission.NewGate("postbacks", most).Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
		}
		_, _ = w.Write(body)
	}), func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	call := func(body io.Reader) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/postback", body))
		return w
	}
	var slow sync.WaitGroup
	var senders []*io.PipeWriter
	for range most {
		body, sender := io.Pipe()
		senders = append(senders, sender)
		slow.Go(func() {
			if w := call(body); w.Code != http.StatusBadRequest || w.Body.String() != "half" {
				t.Errorf("a body that broke off: got %d %q", w.Code, w.Body)
			}
		})
		if _, err := sender.Write([]byte("half")); err != nil {
			t.Fatal(err)
		}
	}
	if w := call(strings.NewReader(whole)); w.Code != http.StatusOK || w.Body.String() != whole {
		t.Errorf("beside slow callers: got %d and %d bytes", w.Code, w.Body.Len())
	}
	for _, sender := range senders {
		_ = sender.CloseWithError(io.ErrUnexpectedEOF) // it returns nil always
	}
	slow.Wait()
}
