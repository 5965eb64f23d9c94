package couponclient_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/trackinglink"
	"github.com/couponlink/couponlink/services/tracking/internal/couponclient"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// couponList lists coupons of offer 10, some at a time.
type couponList struct {
	couponv1.UnimplementedCouponServiceServer
	coupons int
}

func (l couponList) ListCoupons(_ context.Context, req *couponv1.ListCouponsRequest) (*couponv1.ListCouponsResponse, error) {
	switch {
	case req.GetParent() == "offers/away":
		return nil, status.Error(codes.Unavailable, "away")
	case req.GetParent() != "offers/10":
		return nil, status.Error(codes.NotFound, "no such offer")
	case req.GetFilter() != "NOT state = ARCHIVED" || req.GetPageSize() > 200:
		return nil, status.Errorf(codes.InvalidArgument, "%v", req)
	}
	first, _ := strconv.Atoi(req.GetPageToken())
	resp := &couponv1.ListCouponsResponse{}
	for i := first; i < l.coupons && i < first+int(req.GetPageSize()); i++ {
		resp.Coupons = append(resp.Coupons, &couponv1.Coupon{Code: fmt.Sprint("Code", i), Offer: "offers/10", Publisher: "publishers/22"})
	}
	if next := first + int(req.GetPageSize()); next < l.coupons {
		resp.NextPageToken = strconv.Itoa(next)
	}
	return resp, nil
}

func TestLinksOfAnOffer(t *testing.T) {
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	const coupons = 450
	server := grpc.NewServer()
	couponv1.RegisterCouponServiceServer(server, couponList{coupons: coupons})
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	c := couponclient.New(conn, time.Now, couponclient.DefaultAskTimeout)
	links, err := c.Links(t.Context(), "10")
	if err != nil || len(links) != coupons {
		t.Fatalf("%d links (%v), want %d", len(links), err, coupons)
	}
	for i, link := range links {
		if want := (trackinglink.Link{Offer: "10", Publisher: "22", CouponCode: fmt.Sprint("Code", i)}); link != want {
			t.Errorf("link %d is %+v, want %+v", i, link, want)
		}
	}
	if _, err := c.Links(t.Context(), "none"); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("no such offer: %v", err)
	}
	if _, err := c.Links(t.Context(), "away"); !apperr.Is(err, apperr.Unavailable) {
		t.Errorf("out of reach: %v", err)
	}
}
