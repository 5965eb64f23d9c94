package grpcapi

import (
	"context"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
)

// About is what the service is and runs by.
type About struct {
	Version string
	// Store is where everything is kept, without credentials.
	Store string
	// PublicURL is the origin of tracking links, such as `https://go.example.com`, without a slash at its
	// end.
	PublicURL string
	// AllowedPrivateHosts are as the operator wrote them.
	AllowedPrivateHosts []string
}

type aboutServer struct {
	couponv1.UnimplementedAboutServiceServer
	about About
}

// DescribeCouponService implements the RPC of that name.
func (s aboutServer) DescribeCouponService(context.Context, *couponv1.DescribeCouponServiceRequest) (*couponv1.About, error) {
	return &couponv1.About{
		Version: s.about.Version, Store: s.about.Store, PublicUrl: s.about.PublicURL, AllowedPrivateHosts: s.about.AllowedPrivateHosts,
	}, nil
}
