// Package files serves the REST calls whose request or response is a file: exports, imports and QR codes.
package files

import (
	"log/slog"
	"net/http"
	"time"

	"google.golang.org/grpc"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/rest"
)

// Routes returns the routes of files. coupon and tracking are connections to the services; zone is the time
// zone of imported dates that name none.
func Routes(coupon, tracking grpc.ClientConnInterface, zone *time.Location, log *slog.Logger) []rest.File {
	faults := rest.Faults{Log: log}
	exports, coupons := exporter{faults: faults, log: log}, couponv1.NewCouponServiceClient(coupon)
	return []rest.File{
		{
			Method: http.MethodGet, Template: "/v1/reports/conversions:export", Parameters: exportParameters(),
			Serve: exports.conversions(trackingv1.NewReportServiceClient(tracking)),
		},
		{
			Method: http.MethodGet, Template: "/v1/{parent=offers/*}/coupons:export", Parameters: exportParameters(),
			Serve: exports.coupons(coupons),
		},
		{
			Method: http.MethodPost, Template: "/v1/{parent=offers/*}/coupons:import", Parameters: []string{"validate_only", "validateOnly"},
			Serve: couponImporter{coupons: coupons, faults: faults, zone: zone}.serve,
		},
		{Method: http.MethodGet, Template: "/v1/links:qr", Parameters: []string{"url", "format", "size"}, Serve: serveQR},
	}
}
