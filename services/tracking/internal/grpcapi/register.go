// Package grpcapi serves the tracking service's gRPC API: it translates between proto messages and the domain's
// types. It decides nothing.
//
// Only the tracking service's wiring imports it.
package grpcapi

import (
	"google.golang.org/grpc"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/tracking/internal/app/attribution"
	"github.com/couponlink/couponlink/services/tracking/internal/app/calls"
	"github.com/couponlink/couponlink/services/tracking/internal/app/clicks"
	"github.com/couponlink/couponlink/services/tracking/internal/app/conversions"
	"github.com/couponlink/couponlink/services/tracking/internal/app/delivery"
	"github.com/couponlink/couponlink/services/tracking/internal/app/erasure"
	"github.com/couponlink/couponlink/services/tracking/internal/app/linkscan"
	"github.com/couponlink/couponlink/services/tracking/internal/app/reporting"
	"github.com/couponlink/couponlink/services/tracking/internal/app/reservations"
	"github.com/couponlink/couponlink/services/tracking/internal/app/review"
)

// UseCases are what the gRPC services call.
type UseCases struct {
	Clicks       *clicks.Service
	Attribution  *attribution.Service
	Review       *review.Service
	Conversions  *conversions.Service
	Reporting    *reporting.Service
	Deliveries   *delivery.Service
	Reservations *reservations.Service
	Erasure      *erasure.Service
	OfferScans   *linkscan.Service
	Scanner      *linkscan.Scanner
	Calls        *calls.Service
}

// Register adds the tracking service's gRPC services to a server or an in-process channel.
func Register(reg grpc.ServiceRegistrar, use UseCases, about About) {
	trackingv1.RegisterLinkServiceServer(reg, &linkServer{service: use.Clicks})
	trackingv1.RegisterConversionServiceServer(reg, &conversionServer{service: use.Attribution, review: use.Review, conversions: use.Conversions, reports: use.Reporting})
	trackingv1.RegisterPostbackServiceServer(reg, &postbackServer{service: use.Attribution, calls: use.Calls})
	trackingv1.RegisterDeliveryServiceServer(reg, &deliveryServer{service: use.Deliveries, calls: use.Calls})
	trackingv1.RegisterReportServiceServer(reg, &reportServer{service: use.Reporting, conversions: use.Conversions, calls: use.Calls})
	trackingv1.RegisterSavedReportServiceServer(reg, &savedReportServer{service: use.Reporting, calls: use.Calls})
	trackingv1.RegisterReservationServiceServer(reg, &reservationServer{service: use.Reservations, calls: use.Calls})
	trackingv1.RegisterPrivacyServiceServer(reg, &privacyServer{service: use.Erasure, calls: use.Calls})
	trackingv1.RegisterScanServiceServer(reg, &scanServer{service: use.OfferScans, scanner: use.Scanner, calls: use.Calls})
	trackingv1.RegisterAboutServiceServer(reg, aboutServer{about: about})
}
