package gateway

import (
	"net/http"
	"strings"

	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/couponlink/couponlink/services/internal/couponcsv"
)

// The gateway's own routes. Annotations cannot describe them, because their requests or responses are files.
const (
	exportPath       = "/v1/reports/conversions:export"
	couponExportPath = "/v1/{parent=offers/*}/coupons:export"
	couponImportPath = "/v1/{parent=offers/*}/coupons:import"
	qrPath           = "/v1/links:qr"
)

// ownRoutes are the gateway's own routes, with their parameters.
func ownRoutes() (routes, error) {
	var own routes
	for _, r := range []struct {
		method, path string
		parameters   []string
	}{
		{http.MethodGet, exportPath, exportParameters()},
		{http.MethodGet, couponExportPath, exportParameters()},
		{http.MethodPost, couponImportPath, []string{"validate_only", "validateOnly"}},
		{http.MethodGet, qrPath, []string{"url", "format", "size"}},
	} {
		rt, err := newRouteOf(r.method, r.path, (*emptypb.Empty)(nil).ProtoReflect().Descriptor())
		if err != nil {
			return nil, err
		}
		rt.more = r.parameters
		own = append(own, rt)
	}
	return own, nil
}

// method returns the only method of a template; "" if there is no such route.
func (all routes) method(template string) string {
	for _, rt := range all {
		if rt.template == template {
			return rt.method
		}
	}
	return ""
}

// bodyLimit returns the largest size of a request's body, in bytes.
func bodyLimit(r *http.Request) int64 {
	switch {
	case r.Method != http.MethodPost:
		return maxBodyBytes
	case strings.HasSuffix(r.URL.Path, "/coupons:import"):
		return couponcsv.MaxBytes
	case strings.HasSuffix(r.URL.Path, "/coupons:batchCreate"):
		return maxBatchBytes
	}
	return maxBodyBytes
}
