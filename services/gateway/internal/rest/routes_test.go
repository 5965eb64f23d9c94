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
