package rest

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/couponlink/couponlink/services/internal/grpcserve"
)

// Every RPC with an HTTP annotation is served: its service has been registered.
func TestEveryRouteIsServed(t *testing.T) {
	all, err := newRoutes("couponlink.coupon.v1", "couponlink.tracking.v1", "couponlink.backup.v1")
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 40 {
		t.Fatalf("there are only %d routes", len(all))
	}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	server := grpcserve.New(grpcserve.Config{AdminKey: "a-key-of-the-tests", Log: log})
	handler, err := New(server.Local(), server.Local(), nil, log)
	if err != nil {
		t.Fatal(err)
	}
	for _, rt := range all {
		path := pathVariable.ReplaceAllString(rt.template, "$2")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(rt.method, strings.ReplaceAll(path, "*", "x"), strings.NewReader("{}")))
		if w.Code == http.StatusMethodNotAllowed || strings.Contains(w.Body.String(), "NO_SUCH_ROUTE") {
			t.Errorf("%s %s: %d %s", rt.method, rt.template, w.Code, w.Body)
		}
	}
}

// grpc-gateway complains on the standard error about a Content-Type that it cannot read, so it sees none.
func TestContentTypesAreReadOnce(t *testing.T) {
	for _, call := range []struct{ method, path, sent, seen string }{
		{http.MethodPost, "/v1/offers", "", ""},
		{http.MethodPost, "/v1/offers", "application/json", ""},
		{http.MethodGet, "/v1/offers/10", "", ""},
		{http.MethodGet, "/v1/offers/10", "nonsense;;", ""},
		{http.MethodPost, "/v1/offers/10/coupons:import", "text/csv", "text/csv"},
	} {
		seen := []string{"not called"}
		r := httptest.NewRequest(call.method, call.path, strings.NewReader("{}"))
		r.Header["Content-Type"] = []string{call.sent}
		checkType(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = r.Header["Content-Type"] })).ServeHTTP(httptest.NewRecorder(), r)
		if strings.Join(seen, ",") != call.seen || call.seen == "" && len(seen) > 0 {
			t.Errorf("%+v: the mux sees %q", call, seen)
		}
	}
}
