// Package demo adds sample data to a running system, through the API that any client uses.
//
// Only the one-process form imports it.
package demo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/internal/resource"
)

// clickParameter is the query parameter that gives the sample shops the click id.
const clickParameter = "click"

// browser is the user agent of the sample visitors. A script's own would count as a crawler.
const browser = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15"

// Target is the system to load the sample data into.
type Target struct {
	// Coupon and Tracking are connections that carry the admin key.
	Coupon, Tracking grpc.ClientConnInterface
	// Partner returns a handler for clicks and postbacks that happen at the given time.
	Partner func(at time.Time) http.Handler
	// PublicURL is the origin of tracking links and of the sample shops.
	PublicURL string
}

// Load adds the sample data, as of now. It changes nothing that exists already, even if somebody has edited it.
func Load(ctx context.Context, target Target, now time.Time) error {
	if err := loadCatalog(ctx, target); err != nil {
		return err
	}
	if err := loadCoupons(ctx, couponv1.NewCouponServiceClient(target.Coupon), now); err != nil {
		return err
	}
	return loadSales(ctx, target, now)
}

func loadCatalog(ctx context.Context, target Target) error {
	offerClient, publisherClient := couponv1.NewOfferServiceClient(target.Coupon), couponv1.NewPublisherServiceClient(target.Coupon)
	for _, o := range offers(target.PublicURL) {
		_, err := offerClient.CreateOffer(ctx, &couponv1.CreateOfferRequest{OfferId: o.id, Offer: o.offer})
		if err != nil && status.Code(err) != codes.AlreadyExists {
			return fmt.Errorf("offer %s: %w", o.id, err)
		}
	}
	for _, p := range publishers {
		_, err := publisherClient.CreatePublisher(ctx, &couponv1.CreatePublisherRequest{
			PublisherId: p.id, Publisher: p.publisher(target.PublicURL),
		})
		if err != nil && status.Code(err) != codes.AlreadyExists {
			return fmt.Errorf("publisher %s: %w", p.id, err)
		}
	}
	return nil
}

func loadCoupons(ctx context.Context, client couponv1.CouponServiceClient, now time.Time) error {
	for _, c := range coupons {
		coupon := &couponv1.Coupon{
			Code: c.code, Publisher: resource.Publisher(c.publisher), InternalNote: c.note, Enabled: proto.Bool(!c.disabled),
			StartTime: timestamppb.New(now.Add(c.starts).Truncate(time.Hour)),
		}
		if c.expires != 0 {
			coupon.ExpireTime = timestamppb.New(now.Add(c.expires).Truncate(time.Hour))
		}
		created, err := client.CreateCoupon(ctx, &couponv1.CreateCouponRequest{Parent: resource.Offer(c.offer), Coupon: coupon})
		if status.Code(err) == codes.AlreadyExists || refused(err) {
			continue
		}
		if err == nil && c.archived {
			_, err = client.ArchiveCoupon(ctx, &couponv1.ArchiveCouponRequest{Name: created.GetName()})
		}
		if err != nil {
			return fmt.Errorf("coupon %s: %w", c.code, err)
		}
	}
	return nil
}

// refused reports whether a call failed because somebody changed the sample data: archived an offer, or blocked a
// publisher.
func refused(err error) bool { return status.Code(err) == codes.FailedPrecondition }

func loadSales(ctx context.Context, target Target, now time.Time) error {
	client := trackingv1.NewConversionServiceClient(target.Tracking)
	last := sales[len(sales)-1]
	found, err := client.ListConversions(ctx, &trackingv1.ListConversionsRequest{
		PageSize: 1, Filter: fmt.Sprintf("transaction_id = %q AND offer = %q", last.transaction, resource.Offer(last.offer)),
	})
	if err != nil {
		return fmt.Errorf("looking for the sample sales: %w", err)
	}
	if len(found.GetConversions()) > 0 {
		return nil
	}
	if err := loadReports(ctx, trackingv1.NewSavedReportServiceClient(target.Tracking)); err != nil {
		return err
	}
	if err := loadHistory(ctx, target, client, now); err != nil {
		return fmt.Errorf("the sales of the days before: %w", err)
	}
	if err := loadVisits(ctx, target, now); err != nil {
		return fmt.Errorf("the clicks: %w", err)
	}
	if err := loadPostbacks(ctx, target, now); err != nil {
		return err
	}
	for _, s := range sales {
		if err := s.load(ctx, target, client, now); err != nil {
			return fmt.Errorf("sale %s: %w", s.transaction, err)
		}
	}
	return nil
}

func loadReports(ctx context.Context, client trackingv1.SavedReportServiceClient) error {
	for _, r := range reports() {
		_, err := client.CreateSavedReport(ctx, &trackingv1.CreateSavedReportRequest{SavedReportId: r.id, SavedReport: r.report})
		if err != nil && status.Code(err) != codes.AlreadyExists {
			return fmt.Errorf("report %s: %w", r.id, err)
		}
	}
	return nil
}

func (s sampleSale) load(ctx context.Context, target Target, client trackingv1.ConversionServiceClient, now time.Time) error {
	req := &trackingv1.RecordConversionRequest{
		Offer: resource.Offer(s.offer), TransactionId: s.transaction, CouponCode: s.code,
		Amount:         &couponv1.Money{CurrencyCode: s.currency, Units: s.units, Nanos: s.nanos},
		ConversionTime: timestamppb.New(now.Add(-s.ago)),
	}
	if s.clicked {
		click, err := s.visit(ctx, target, now.Add(-s.ago-decides))
		if err != nil {
			return err
		}
		req.Click = click
	}
	_, err := record(ctx, client, req)
	return err
}

// record reports a sale and returns the stored conversion. It returns nil without an error if the transaction exists
// with other content, from an earlier load that did not finish.
func record(ctx context.Context, client trackingv1.ConversionServiceClient, req *trackingv1.RecordConversionRequest) (*trackingv1.Conversion, error) {
	resp, err := client.RecordConversion(ctx, req)
	if status.Code(err) == codes.Aborted {
		return nil, nil //nolint:nilnil // see above
	}
	return resp.GetConversion(), err
}

// visit clicks the sale's tracking link at a given time and returns the click id.
func (s sampleSale) visit(ctx context.Context, target Target, at time.Time) (string, error) {
	link, err := s.link(ctx, target)
	if err != nil {
		return "", err
	}
	return visit(ctx, target, link, at)
}

// link returns the sale's tracking link.
func (s sampleSale) link(ctx context.Context, target Target) (string, error) {
	link, err := trackingv1.NewLinkServiceClient(target.Tracking).BuildTrackingLink(ctx, &trackingv1.BuildTrackingLinkRequest{
		Offer: resource.Offer(s.offer), Publisher: resource.Publisher(s.publisher), CouponCode: s.code, PubSubId: "demo",
	})
	if err != nil {
		return "", fmt.Errorf("building the link: %w", err)
	}
	return link.GetUrl(), nil
}

// visit clicks a link at a given time and returns the click id.
func visit(ctx context.Context, target Target, link string, at time.Time) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, link, http.NoBody)
	if err != nil {
		return "", fmt.Errorf("reading the link: %w", err)
	}
	req.Header.Set("User-Agent", browser)
	req.RemoteAddr = documentationAddr
	answer := &partnerAnswer{header: http.Header{}}
	target.Partner(at).ServeHTTP(answer, req)
	landing, err := url.Parse(answer.header.Get("Location"))
	if err != nil {
		return "", fmt.Errorf("following the link: %w", err)
	}
	click := landing.Query().Get(clickParameter)
	if answer.status != http.StatusFound || click == "" {
		return "", errors.New("the link led nowhere")
	}
	return click, nil
}

// documentationAddr is an address reserved for documentation.
const documentationAddr = "192.0.2.1:443"

// partnerAnswer records the status and headers of an answer to a click or postback.
type partnerAnswer struct {
	header http.Header
	status int
}

// Header implements http.ResponseWriter.
func (r *partnerAnswer) Header() http.Header { return r.header }

// WriteHeader implements http.ResponseWriter.
func (r *partnerAnswer) WriteHeader(status int) { r.status = status }

// Write implements http.ResponseWriter. It drops the body.
func (r *partnerAnswer) Write(p []byte) (int, error) { return len(p), nil }
