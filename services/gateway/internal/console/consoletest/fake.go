package consoletest

import (
	"context"
	"regexp"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/internal/resource"
)

const (
	// Key is the admin key of consoles in tests.
	Key = "the-admin-key-of-the-tests"
	// Hostile is a text that must be shown as text.
	Hostile = `<script>alert("x")</script>'"&`
)

// Fake stands for the coupon service: one offer and one publisher with hostile names, and an error for
// every call if it is set.
type Fake struct {
	couponv1.UnimplementedOfferServiceServer
	couponv1.UnimplementedPublisherServiceServer
	Err       error
	Offers    int
	NextToken string
	LastList  *couponv1.ListOffersRequest
	LastOffer *couponv1.Offer
	IsTried   bool // the last offer was only validated
}

func (f *Fake) GetOffer(_ context.Context, req *couponv1.GetOfferRequest) (*couponv1.Offer, error) {
	if req.GetName() != "offers/10" {
		return nil, status.Error(codes.NotFound, "there is no offer like that")
	}
	return offer(), nil
}

func (f *Fake) ListOffers(_ context.Context, req *couponv1.ListOffersRequest) (*couponv1.ListOffersResponse, error) {
	f.LastList = proto.CloneOf(req)
	resp := &couponv1.ListOffersResponse{NextPageToken: f.NextToken}
	for range f.Offers {
		resp.Offers = append(resp.Offers, offer())
	}
	return resp, f.Err
}

func (f *Fake) CreateOffer(_ context.Context, req *couponv1.CreateOfferRequest) (*couponv1.Offer, error) {
	f.take(req.GetOffer(), req.GetValidateOnly())
	return offer(), f.Err
}

// take notes an offer that is stored or validated.
func (f *Fake) take(o *couponv1.Offer, isTried bool) {
	if f.IsTried = isTried; !isTried {
		f.LastOffer = proto.CloneOf(o)
	}
}

func (f *Fake) UpdateOffer(_ context.Context, req *couponv1.UpdateOfferRequest) (*couponv1.Offer, error) {
	f.take(req.GetOffer(), req.GetValidateOnly())
	return offer(), f.Err
}

func (f *Fake) GetPublisher(context.Context, *couponv1.GetPublisherRequest) (*couponv1.Publisher, error) {
	return publisher(), f.Err
}

// ListPublishers has one publisher, and one for each other that a filter names.
func (f *Fake) ListPublishers(_ context.Context, req *couponv1.ListPublishersRequest) (*couponv1.ListPublishersResponse, error) {
	if len(req.GetFilter()) > 4096 {
		return nil, status.Error(codes.InvalidArgument, "filter: too long")
	}
	resp := &couponv1.ListPublishersResponse{Publishers: []*couponv1.Publisher{publisher()}}
	for _, named := range regexp.MustCompile(`name = "(p-[^"]+)"`).FindAllStringSubmatch(req.GetFilter(), -1) {
		resp.Publishers = append(resp.Publishers, &couponv1.Publisher{Name: resource.Publishers + named[1], DisplayName: "Called " + named[1]})
	}
	return resp, f.Err
}

func offer() *couponv1.Offer {
	return &couponv1.Offer{
		Name: "offers/10", DisplayName: Hostile, LandingPageUrl: "https://shop.example.com/?c={click_id}", State: couponv1.Offer_ACTIVE, Etag: "e1",
		Payout:                &couponv1.Payout{Kind: &couponv1.Payout_Fixed{Fixed: &couponv1.Money{CurrencyCode: "EUR", Units: 1250, Nanos: 500_000_000}}},
		OpenPostbackMaxAmount: &couponv1.Money{CurrencyCode: "EUR", Units: 500, Nanos: 500_000_000},
	}
}

func publisher() *couponv1.Publisher {
	return &couponv1.Publisher{Name: "publishers/22", DisplayName: Hostile, State: couponv1.Publisher_ACTIVE, Etag: "e1", PostbackUrl: "https://p.example.com/"}
}
