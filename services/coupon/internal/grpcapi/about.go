package grpcapi

import (
	"context"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
)

// About describes the service and its settings.
type About struct {
	Version string
	// Store is where the service stores its data, without credentials.
	Store string
	// PublicURL is the origin of tracking links, such as `https://go.example.com`, without a trailing slash.
	PublicURL string
	// AllowedPrivateHosts has the hosts as the operator wrote them.
	AllowedPrivateHosts []string
}

type aboutServer struct {
	couponv1.UnimplementedAboutServiceServer
	about About
}

// DescribeCouponService returns the service's version and settings.
func (s aboutServer) DescribeCouponService(context.Context, *couponv1.DescribeCouponServiceRequest) (*couponv1.About, error) {
	return &couponv1.About{
		Version: s.about.Version, Store: s.about.Store, PublicUrl: s.about.PublicURL, AllowedPrivateHosts: s.about.AllowedPrivateHosts,
	}, nil
}
