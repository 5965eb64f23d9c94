// Package grpcapi serves the tracking service's gRPC API: it translates between proto messages and the domain's
// types. It decides nothing.
//
// Only the tracking service's wiring imports it.
package grpcapi

import (
	"google.golang.org/grpc"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/tracking/internal/app"
)

// Register adds the tracking service's gRPC services to a server or an in-process channel.
func Register(reg grpc.ServiceRegistrar, service *app.Service, about About) {
	trackingv1.RegisterLinkServiceServer(reg, &linkServer{service: service})
	trackingv1.RegisterConversionServiceServer(reg, &conversionServer{service: service})
	trackingv1.RegisterPostbackServiceServer(reg, &postbackServer{service: service})
	trackingv1.RegisterDeliveryServiceServer(reg, &deliveryServer{service: service})
	trackingv1.RegisterReportServiceServer(reg, &reportServer{service: service})
	trackingv1.RegisterSavedReportServiceServer(reg, &savedReportServer{service: service})
	trackingv1.RegisterScanServiceServer(reg, &scanServer{service: service})
	trackingv1.RegisterAboutServiceServer(reg, aboutServer{about: about})
}
