// Package catalog asks the coupon service over gRPC and holds its answers in memory, so that a click
// or a sale needs no round trip: fresh for 2 seconds, served stale for up to an hour while the coupon
// service cannot be reached, one question in flight per key.
//
// Only the tracking service's wiring imports it; it implements flow.Catalog.
package catalog

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/couponcode"
	"github.com/couponlink/couponlink/services/tracking/internal/flow"
	"github.com/couponlink/couponlink/services/tracking/internal/rules"
)

// Catalog is the coupon service as the tracking service sees it. It is safe for concurrent use.
type Catalog struct {
	client     couponv1.LookupServiceClient
	couponList couponv1.CouponServiceClient
	offers     *memo[rules.Offer]
	tokens     *memo[rules.Offer]
	coupons    *memo[[]rules.Coupon]
	standings  *memo[rules.Standing]
	publishers *memo[rules.Publisher]
}

// New returns a catalog that asks over a connection to the coupon service.
func New(conn grpc.ClientConnInterface, now func() time.Time) *Catalog {
	failedAt := new(atomic.Int64)
	return &Catalog{
		client:     couponv1.NewLookupServiceClient(conn),
		couponList: couponv1.NewCouponServiceClient(conn),
		offers:     newMemo[rules.Offer](now, failedAt),
		tokens:     newMemo[rules.Offer](now, failedAt),
		coupons:    newMemo[[]rules.Coupon](now, failedAt),
		standings:  newMemo[rules.Standing](now, failedAt),
		publishers: newMemo[rules.Publisher](now, failedAt),
	}
}

// Offer implements flow.Catalog.
func (c *Catalog) Offer(ctx context.Context, id string) (rules.Offer, error) {
	if !rules.IsID(id) {
		return rules.Offer{}, flow.ErrNotFound
	}
	return c.offers.get(ctx, id, func(ctx context.Context) (rules.Offer, error) {
		return c.askOffer(ctx, &couponv1.LookupOfferRequest{Key: &couponv1.LookupOfferRequest_Offer{Offer: "offers/" + id}})
	})
}

// OfferByToken implements flow.Catalog.
func (c *Catalog) OfferByToken(ctx context.Context, token string) (rules.Offer, error) {
	return c.tokens.get(ctx, token, func(ctx context.Context) (rules.Offer, error) {
		return c.askOffer(ctx, &couponv1.LookupOfferRequest{Key: &couponv1.LookupOfferRequest_PostbackToken{PostbackToken: token}})
	})
}

func (c *Catalog) askOffer(ctx context.Context, req *couponv1.LookupOfferRequest) (rules.Offer, error) {
	resp, err := c.client.LookupOffer(ctx, req)
	if err != nil {
		return rules.Offer{}, fault(err)
	}
	return offerFromProto(resp)
}

// Coupons implements flow.Catalog.
func (c *Catalog) Coupons(ctx context.Context, offer, code string) ([]rules.Coupon, error) {
	code = couponcode.Fold(code)
	if !couponcode.Is(code) || offer != "" && !rules.IsID(offer) {
		return nil, nil // no coupon can have it
	}
	coupons, err := c.coupons.get(ctx, offer+"/"+code, func(ctx context.Context) ([]rules.Coupon, error) {
		return c.askCoupons(ctx, offer, code)
	})
	if err == flow.ErrNotFound { //nolint:errorlint // askCoupons returns it bare
		return nil, nil
	}
	return coupons, err
}

// askCoupons returns ErrNotFound where no coupon has the code, so that this is not held in memory.
func (c *Catalog) askCoupons(ctx context.Context, offer, code string) ([]rules.Coupon, error) {
	req := &couponv1.LookupCodeRequest{Code: code}
	if offer != "" {
		req.Offer = "offers/" + offer
	}
	resp, err := c.client.LookupCode(ctx, req)
	if err != nil {
		return nil, fault(err)
	}
	if len(resp.GetCandidates()) == 0 {
		return nil, flow.ErrNotFound
	}
	coupons := make([]rules.Coupon, len(resp.GetCandidates()))
	for i, candidate := range resp.GetCandidates() {
		if coupons[i], err = couponFromProto(candidate); err != nil {
			return nil, err
		}
	}
	return coupons, nil
}

// Standing implements flow.Catalog.
func (c *Catalog) Standing(ctx context.Context, offer, publisher string) (rules.Standing, error) {
	if !rules.IsID(offer) || !rules.IsID(publisher) {
		return rules.Standing{}, flow.ErrNotFound
	}
	return c.standings.get(ctx, offer+"/"+publisher, func(ctx context.Context) (rules.Standing, error) {
		resp, err := c.client.LookupStanding(ctx, &couponv1.LookupStandingRequest{Offer: "offers/" + offer, Publisher: "publishers/" + publisher})
		if err != nil {
			return rules.Standing{}, fault(err)
		}
		return standingFromProto(resp)
	})
}

// Publisher implements flow.Catalog.
func (c *Catalog) Publisher(ctx context.Context, id string) (rules.Publisher, error) {
	if !rules.IsID(id) {
		return rules.Publisher{}, flow.ErrNotFound
	}
	return c.publishers.get(ctx, id, func(ctx context.Context) (rules.Publisher, error) {
		resp, err := c.client.LookupPublisher(ctx, &couponv1.LookupPublisherRequest{Publisher: "publishers/" + id})
		if err != nil {
			return rules.Publisher{}, fault(err)
		}
		return publisherFromProto(resp)
	})
}

// fault says what an error of the coupon service means here.
func fault(err error) error {
	switch status.Code(err) {
	case codes.NotFound:
		return flow.ErrNotFound
	case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled, codes.ResourceExhausted:
		return apperr.New(apperr.Unavailable, flow.CouponServiceUnavailable, "the coupon service cannot be reached; try again").Because(err)
	default:
		return fmt.Errorf("asking the coupon service: %w", err)
	}
}
