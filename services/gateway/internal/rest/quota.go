package rest

import (
	"errors"
	"fmt"
	"net/http"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/couponlink/couponlink/services/internal/access"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/authn"
	"github.com/couponlink/couponlink/services/internal/rpcstatus"
)

// The headers of draft-ietf-httpapi-ratelimit-headers: the limit of a key, and what is left of it.
const (
	QuotaPolicyHeader = "RateLimit-Policy"
	QuotaHeader       = "RateLimit"
)

// Admit counts a request of a caller, and tells the caller its limit, if it has one, in the answer's headers. It returns
// the status that refuses the request if there were too many, else nil.
func Admit(w http.ResponseWriter, callers *authn.Authenticator, p *access.Principal) *status.Status {
	left, err := callers.Admit(p)
	if p.RequestsPerSecond > 0 {
		w.Header().Set(QuotaPolicyHeader, fmt.Sprintf(`"key";q=%d;w=1`, p.RequestsPerSecond))
		w.Header().Set(QuotaHeader, fmt.Sprintf(`"key";r=%d;t=1`, left))
	}
	if e := (*apperr.Error)(nil); errors.As(err, &e) {
		return rpcstatus.New(codes.ResourceExhausted, e.Reason, e.Message, rpcstatus.Retry())
	}
	return nil
}
