package grpcapi

import (
	"context"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
)

// About is what the service is and runs by.
type About struct {
	Version string
	// Store is where everything is kept, without credentials.
	Store string
	// PublicURL is what tracking links begin with.
	PublicURL string
	// AllowedPrivateHosts are as the operator wrote them.
	AllowedPrivateHosts []string
	// TimeZone is the program's, such as `Europe/Berlin`.
	TimeZone string
}

type aboutServer struct {
	trackingv1.UnimplementedAboutServiceServer
	about About
}

// DescribeTrackingService implements the RPC of that name.
func (s aboutServer) DescribeTrackingService(context.Context, *trackingv1.DescribeTrackingServiceRequest) (*trackingv1.About, error) {
	return &trackingv1.About{
		Version: s.about.Version, Store: s.about.Store, PublicUrl: s.about.PublicURL,
		AllowedPrivateHosts: s.about.AllowedPrivateHosts, TimeZone: s.about.TimeZone,
	}, nil
}
