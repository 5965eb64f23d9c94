// Command journey is the journey from an offer to its first sale over gRPC, as a platform's service makes it.
//
// Run: COUPON=127.0.0.1:9001 TRACKING=127.0.0.1:9002 KEY=… go run ./examples/go/journey
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+os.Getenv("KEY"))
	conversion, err := journey(ctx, dial(os.Getenv("COUPON")), dial(os.Getenv("TRACKING")))
	if err != nil {
		log.Fatal(err) //nolint:gocritic // the deadline ends with the process
	}
	fmt.Println(conversion.GetName(), conversion.GetStatus(), conversion.GetPubUnique3())
}

func dial(addr string) *grpc.ClientConn {
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	return conn
}

// journey sells once with a publisher's code, and returns the conversion.
func journey(ctx context.Context, coupon, tracking *grpc.ClientConn) (*trackingv1.Conversion, error) {
	offer, err := couponv1.NewOfferServiceClient(coupon).CreateOffer(ctx, &couponv1.CreateOfferRequest{
		Offer: &couponv1.Offer{DisplayName: "Running shoes", LandingPageUrl: "https://shop.example.com/?cid={click_id}&promo={coupon_code}"},
	})
	if err != nil {
		return nil, err
	}
	publisher, err := couponv1.NewPublisherServiceClient(coupon).CreatePublisher(ctx, &couponv1.CreatePublisherRequest{
		Publisher: &couponv1.Publisher{DisplayName: "Mia Runs"},
	})
	if err != nil {
		return nil, err
	}
	coupons := couponv1.NewCouponServiceClient(coupon)
	made, err := coupons.CreateCoupon(ctx, &couponv1.CreateCouponRequest{
		Parent: offer.GetName(), Coupon: &couponv1.Coupon{Code: "SALEXYZ20", Publisher: publisher.GetName()},
	})
	if err != nil {
		return nil, err
	}
	checked, err := coupons.ValidateCoupon(ctx, &couponv1.ValidateCouponRequest{Code: made.GetCode(), Offer: offer.GetName()})
	if err != nil || !checked.GetValid() {
		return nil, fmt.Errorf("the code is not valid: %s, %w", checked.GetReason(), err)
	}
	sale, err := trackingv1.NewConversionServiceClient(tracking).RecordConversion(ctx, &trackingv1.RecordConversionRequest{
		CouponCode: made.GetCode(), Offer: offer.GetName(), TransactionId: "A-1001",
		Amount: &couponv1.Money{CurrencyCode: "USD", Units: 59, Nanos: 900_000_000},
	})
	return sale.GetConversion(), err
}
