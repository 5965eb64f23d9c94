package gateway

import (
	"net/http"

	"google.golang.org/grpc/codes"

	"github.com/couponlink/couponlink/services/gateway/internal/console"
	"github.com/couponlink/couponlink/services/gateway/internal/rest"
	"github.com/couponlink/couponlink/services/internal/rpcstatus"
)

// StandIn adds to mux answers for callers of the API and the console while there are no services, because their database
// is not there: 503 and a time to retry after.
func StandIn(mux *http.ServeMux) {
	mux.HandleFunc("/v1/", func(w http.ResponseWriter, _ *http.Request) {
		rest.WriteStatus(w, http.StatusServiceUnavailable,
			rpcstatus.New(codes.Unavailable, "STORE_UNAVAILABLE", "the storage is not available yet; try again later", rpcstatus.Retry()))
	})
	page := shopperPages().Busy
	for _, path := range []string{"/{$}", console.Root} {
		mux.HandleFunc(path, page)
	}
}
