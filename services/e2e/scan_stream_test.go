package e2e

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
)

// TestScanIsToldHopByHop reads a scan whose last page answers only after the hops before it were sent. A stream that
// sent them at the end would never end.
func TestScanIsToldHopByHop(t *testing.T) {
	t.Parallel()
	told := make(chan struct{})
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/p" {
			w.Header().Set("Location", "/last?"+r.URL.RawQuery)
			w.WriteHeader(http.StatusFound)
			return
		}
		select {
		case <-told:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(site.Close)
	w := startScanning(t, &shop{Server: site}, 1)
	coupon, err := w.typed.coupons.GetCoupon(t.Context(), &couponv1.GetCouponRequest{Name: "offers/10/coupons/100.CODE100"})
	if err != nil {
		t.Fatal(err)
	}
	stream, err := w.client.StreamScanLink(t.Context(), &trackingv1.StreamScanLinkRequest{Url: coupon.GetTrackingLink()})
	if err != nil {
		t.Fatal(err)
	}
	var hops []*trackingv1.ScanHop
	for range 2 {
		hops = append(hops, nextNews(t, stream).GetHop())
	}
	close(told)
	hops = append(hops, nextNews(t, stream).GetHop())
	scan := nextNews(t, stream).GetScan()
	if len(scan.GetHops()) != 3 || !scan.GetClickIdArrived() || scan.GetVerdict().GetOutcome() != "ATTRIBUTED" {
		t.Errorf("the scan is %v", scan)
	}
	for i, want := range scan.GetHops() {
		if !proto.Equal(hops[i], want) {
			t.Errorf("hop %d was told as %v, and is %v", i+1, hops[i], want)
		}
	}
	if news, err := stream.Recv(); !errors.Is(err, io.EOF) {
		t.Errorf("after the scan: %v, %v", news, err)
	}
	w.checkNoClicks(t)
}

// TestScanStreamIsRefused sends texts that are not links.
func TestScanStreamIsRefused(t *testing.T) {
	t.Parallel()
	w := startScanning(t, newShop(t), 1)
	stream, err := w.client.StreamScanLink(t.Context(), &trackingv1.StreamScanLinkRequest{Url: "shop"})
	if err == nil {
		_, err = stream.Recv()
	}
	if status.Code(err) != codes.InvalidArgument {
		t.Errorf("got %v", err)
	}
}

func nextNews(t *testing.T, stream trackingv1.ScanService_StreamScanLinkClient) *trackingv1.StreamScanLinkResponse {
	t.Helper()
	news, err := stream.Recv()
	if err != nil {
		t.Fatal(err)
	}
	return news
}
