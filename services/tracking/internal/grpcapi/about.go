package grpcapi

import (
	"context"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
)

// About describes the running service.
type About struct {
	Version string
	// Store is the address of the database, without credentials.
	Store string
	// PublicURL is what tracking links begin with.
	PublicURL string
	// AllowedPrivateHosts are the hosts as the operator configured them.
	AllowedPrivateHosts []string
	// TimeZone is the program's, such as `Europe/Berlin`.
	TimeZone string
}

type aboutServer struct {
	trackingv1.UnimplementedAboutServiceServer
	about About
}

func (s aboutServer) DescribeTrackingService(context.Context, *trackingv1.DescribeTrackingServiceRequest) (*trackingv1.About, error) {
	return &trackingv1.About{
		Version: s.about.Version, Store: s.about.Store, PublicUrl: s.about.PublicURL,
		AllowedPrivateHosts: s.about.AllowedPrivateHosts, TimeZone: s.about.TimeZone,
	}, nil
}
