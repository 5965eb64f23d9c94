package console_test

import (
	"net/http"
	"testing"

	"github.com/couponlink/couponlink/services/gateway/internal/console/consoletest"
)

// TestOtherMethods checks that a page says which methods it has, with a session and without.
func TestOtherMethods(t *testing.T) {
	b := consoletest.Open(t, &consoletest.Fake{}, nil)
	for range 2 {
		for request, allow := range map[[2]string]string{
			{http.MethodPut, "/console/"}: "GET, HEAD", {http.MethodDelete, "/console/offers/new"}: "GET, HEAD, POST", {http.MethodPatch, "/console/offers"}: "GET, HEAD",
			{http.MethodOptions, "/console/login"}: "GET, HEAD, POST",
		} {
			a := b.Do(request[0], request[1], nil)
			if a.Status != http.StatusMethodNotAllowed || a.Header.Get("Allow") != allow {
				t.Errorf("%v: %d, Allow: %q, want %q", request, a.Status, a.Header.Get("Allow"), allow)
			}
		}
		b = b.LogIn()
	}
	if a := b.Do(http.MethodPut, "/console/nothing", nil); a.Status != http.StatusNotFound {
		t.Errorf("no page: %d", a.Status)
	}
}
