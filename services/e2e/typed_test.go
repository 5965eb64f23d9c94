package e2e

import (
	"context"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
)

// typed has clients of the services, for tests with so much traffic that steps are too slow.
type typed struct {
	offers      couponv1.OfferServiceClient
	publishers  couponv1.PublisherServiceClient
	coupons     couponv1.CouponServiceClient
	conversions trackingv1.ConversionServiceClient
	deliveries  trackingv1.DeliveryServiceClient
}

// newTyped returns clients that send the admin key and reconnect soon after a process restarts. addrs are those of
// startAt.
func newTyped(t testing.TB, addrs []string) typed {
	t.Helper()
	coupon, tracking := dialWithKey(t, addrs[1]), dialWithKey(t, addrs[2])
	return typed{
		offers: couponv1.NewOfferServiceClient(coupon), publishers: couponv1.NewPublisherServiceClient(coupon),
		coupons: couponv1.NewCouponServiceClient(coupon), conversions: trackingv1.NewConversionServiceClient(tracking),
		deliveries: trackingv1.NewDeliveryServiceClient(tracking),
	}
}

func dialWithKey(t testing.TB, addr string) *grpc.ClientConn {
	t.Helper()
	withKey := func(ctx context.Context) context.Context {
		return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+adminKey)
	}
	conn, err := grpc.NewClient(
		addr, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 20 * time.Millisecond, Multiplier: 1.5, MaxDelay: 200 * time.Millisecond},
			MinConnectTimeout: time.Second,
		}),
		grpc.WithUnaryInterceptor(func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
			return invoke(withKey(ctx), method, req, reply, cc, opts...)
		}),
		grpc.WithStreamInterceptor(func(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, stream grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
			return stream(withKey(ctx), desc, cc, method, opts...)
		}),
	)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// campaign creates an offer, and n publishers with a coupon each. publisher returns the i-th publisher and its id.
// campaign returns the coupons' codes.
func (c typed) campaign(t testing.TB, offer string, n int, publisher func(i int) (string, *couponv1.Publisher)) []string {
	t.Helper()
	_, err := c.offers.CreateOffer(t.Context(), &couponv1.CreateOfferRequest{OfferId: offer, Offer: &couponv1.Offer{
		DisplayName: "Aurora Shoes", LandingPageUrl: "https://shop.example.com/p?cid={click_id}",
	}}, grpc.WaitForReady(true))
	if err != nil {
		t.Fatal(err)
	}
	codes := make([]string, n)
	for i := range codes {
		id, p := publisher(i)
		if _, err := c.publishers.CreatePublisher(t.Context(), &couponv1.CreatePublisherRequest{PublisherId: id, Publisher: p}); err != nil {
			t.Fatal(err)
		}
		coupon, err := c.coupons.CreateCoupon(t.Context(), &couponv1.CreateCouponRequest{
			Parent: "offers/" + offer, Coupon: &couponv1.Coupon{Code: "CODE" + id, Publisher: "publishers/" + id},
		})
		if err != nil {
			t.Fatal(err)
		}
		codes[i] = coupon.GetCode()
	}
	return codes
}
