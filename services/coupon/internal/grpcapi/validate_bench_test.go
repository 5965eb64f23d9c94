package grpcapi

import (
	"context"
	"net"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
)

// BenchmarkValidateCoupon is the hot path without the transport: everything from memory.
func BenchmarkValidateCoupon(b *testing.B) {
	s := withCoupon(b)
	req := &couponv1.ValidateCouponRequest{Code: "SALEXYZ20", Offer: "offers/10"}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.coupons.ValidateCoupon(b.Context(), req); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkValidateBasket is BenchmarkValidateCoupon with a basket of ten lines and a discount on some of them.
func BenchmarkValidateBasket(b *testing.B) {
	s := withCoupon(b)
	call(b, s.coupons.UpdateCoupon, &couponv1.UpdateCouponRequest{}, `{"coupon": {"name": "offers/10/coupons/22.SALEXYZ20",
		"discount": {"percent": "20", "minimum_amount": [{"currency_code": "EUR", "units": "50"}], "excluded_ids": ["gift", "sale"]}}}`)
	basket := &couponv1.Basket{CurrencyCode: "EUR", Lines: make([]*couponv1.BasketLine, 10)}
	for i := range basket.Lines {
		basket.Lines[i] = &couponv1.BasketLine{Id: "product", Categories: []string{"clothes"}, Amount: &couponv1.Money{Units: 49, Nanos: 900_000_000}}
	}
	req := &couponv1.ValidateCouponRequest{Code: "SALEXYZ20", Offer: "offers/10", Basket: basket}
	b.ReportAllocs()
	for b.Loop() {
		if resp, err := s.coupons.ValidateCoupon(b.Context(), req); err != nil || !resp.GetValid() {
			b.Fatal(resp, err)
		}
	}
}

// echo answers ValidateCoupon with a fixed response, to measure the transport alone.
type echo struct {
	couponv1.UnimplementedCouponServiceServer
	answer *couponv1.ValidateCouponResponse
}

func (e *echo) ValidateCoupon(context.Context, *couponv1.ValidateCouponRequest) (*couponv1.ValidateCouponResponse, error) {
	return e.answer, nil
}

// BenchmarkValidateCouponOverGRPC compares the service with an echo of its response, with 32 callers.
func BenchmarkValidateCouponOverGRPC(b *testing.B) {
	s := withCoupon(b)
	req := &couponv1.ValidateCouponRequest{Code: "SALEXYZ20", Offer: "offers/10"}
	answer, err := s.coupons.ValidateCoupon(b.Context(), req)
	if err != nil {
		b.Fatal(err)
	}
	for name, server := range map[string]couponv1.CouponServiceServer{"echo": &echo{answer: answer}, "service": s.coupons} {
		b.Run(name, func(b *testing.B) {
			client := dial(b, server)
			b.SetParallelism(32)
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := client.ValidateCoupon(b.Context(), req); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}

// dial serves a server over the loopback and returns a client of it.
func dial(b *testing.B, server couponv1.CouponServiceServer) couponv1.CouponServiceClient {
	b.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	g := grpc.NewServer()
	couponv1.RegisterCouponServiceServer(g, server)
	go func() { _ = g.Serve(listener) }()
	b.Cleanup(g.Stop)
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close() })
	return couponv1.NewCouponServiceClient(conn)
}
