// Package catalog asks the coupon service over gRPC and holds its answers in memory, so that a click
// or a sale needs no round trip: fresh for 2 seconds, served stale for up to an hour while the coupon
// service does not answer, one question in flight per key. A coupon service that hangs costs requests
// nothing after the first second. The answers are kept in the store too, so a restart while the coupon
// service is away loses none.
//
// Only the tracking service's wiring imports it; it implements flow.Catalog.
package catalog

import (
	"context"
	"fmt"
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
	offers     *memo[*couponv1.LookupOfferResponse, rules.Offer]
	tokens     *memo[*couponv1.LookupOfferResponse, rules.Offer]
	coupons    *memo[*couponv1.LookupCodeResponse, []rules.Coupon]
	standings  *memo[*couponv1.LookupStandingResponse, rules.Standing]
	publishers *memo[*couponv1.LookupPublisherResponse, rules.Publisher]
	line       *line
	notes      *notes
	now        func() time.Time
}

// New returns a catalog that asks over a connection to the coupon service, and waits askTimeout for an answer. Run
// Watch beside it.
func New(conn grpc.ClientConnInterface, now func() time.Time, askTimeout time.Duration) *Catalog {
	m := memory{now: now, askTimeout: askTimeout, line: newLine(), notes: newNotes()}
	return &Catalog{
		client:     couponv1.NewLookupServiceClient(conn),
		couponList: couponv1.NewCouponServiceClient(conn),
		offers:     newMemo("offer", m, offerFromProto),
		tokens:     newMemo("token", m, offerFromProto),
		coupons:    newMemo("coupons", m, couponsFromProto),
		standings:  newMemo("standing", m, standingFromProto),
		publishers: newMemo("publisher", m, publisherFromProto),
		line:       m.line,
		notes:      m.notes,
		now:        now,
	}
}

// Offer implements flow.Catalog.
func (c *Catalog) Offer(ctx context.Context, id string) (rules.Offer, error) {
	if !rules.IsID(id) {
		return rules.Offer{}, flow.ErrNotFound
	}
	return c.offers.get(ctx, id, func(ctx context.Context) (*couponv1.LookupOfferResponse, error) {
		return c.askOffer(ctx, &couponv1.LookupOfferRequest{Key: &couponv1.LookupOfferRequest_Offer{Offer: "offers/" + id}})
	})
}

// LatestOffer implements flow.Catalog.
func (c *Catalog) LatestOffer(ctx context.Context, id string) (rules.Offer, error) {
	return c.offers.latest(ctx, id, func(ctx context.Context) (*couponv1.LookupOfferResponse, error) {
		return c.askOffer(ctx, &couponv1.LookupOfferRequest{Key: &couponv1.LookupOfferRequest_Offer{Offer: "offers/" + id}, Latest: true})
	})
}

// KnowsToken implements flow.Catalog.
func (c *Catalog) KnowsToken(token string) bool { return c.tokens.isKnown(token) }

// OfferByToken implements flow.Catalog.
func (c *Catalog) OfferByToken(ctx context.Context, token string) (rules.Offer, error) {
	return c.tokens.get(ctx, token, func(ctx context.Context) (*couponv1.LookupOfferResponse, error) {
		return c.askOffer(ctx, &couponv1.LookupOfferRequest{Key: &couponv1.LookupOfferRequest_PostbackToken{PostbackToken: token}})
	})
}

func (c *Catalog) askOffer(ctx context.Context, req *couponv1.LookupOfferRequest) (*couponv1.LookupOfferResponse, error) {
	resp, err := c.client.LookupOffer(ctx, req)
	return resp, fault(err)
}

// Coupons implements flow.Catalog.
func (c *Catalog) Coupons(ctx context.Context, offer, code string) ([]rules.Coupon, error) {
	code = couponcode.Fold(code)
	if !couponcode.Is(code) || offer != "" && !rules.IsID(offer) {
		return nil, nil // no coupon can have it
	}
	coupons, err := c.coupons.get(ctx, offer+"/"+code, func(ctx context.Context) (*couponv1.LookupCodeResponse, error) {
		return c.askCoupons(ctx, offer, code)
	})
	if err == flow.ErrNotFound { //nolint:errorlint // askCoupons returns it bare
		return nil, nil
	}
	return coupons, err
}

// askCoupons returns ErrNotFound where no coupon has the code, so that this is not held in memory.
func (c *Catalog) askCoupons(ctx context.Context, offer, code string) (*couponv1.LookupCodeResponse, error) {
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
	return resp, nil
}

// Standing implements flow.Catalog.
func (c *Catalog) Standing(ctx context.Context, offer, publisher string) (rules.Standing, error) {
	if !rules.IsID(offer) || !rules.IsID(publisher) {
		return rules.Standing{}, flow.ErrNotFound
	}
	return c.standings.get(ctx, offer+"/"+publisher, func(ctx context.Context) (*couponv1.LookupStandingResponse, error) {
		resp, err := c.client.LookupStanding(ctx, &couponv1.LookupStandingRequest{Offer: "offers/" + offer, Publisher: "publishers/" + publisher})
		return resp, fault(err)
	})
}

// Publisher implements flow.Catalog.
func (c *Catalog) Publisher(ctx context.Context, id string) (rules.Publisher, error) {
	if !rules.IsID(id) {
		return rules.Publisher{}, flow.ErrNotFound
	}
	return c.publishers.get(ctx, id, func(ctx context.Context) (*couponv1.LookupPublisherResponse, error) {
		resp, err := c.client.LookupPublisher(ctx, &couponv1.LookupPublisherRequest{Publisher: "publishers/" + id})
		return resp, fault(err)
	})
}

func away() *apperr.Error {
	return apperr.New(apperr.Unavailable, flow.CouponServiceUnavailable, "the coupon service cannot be reached; try again")
}

// fault says what an error of the coupon service, nil included, means here.
func fault(err error) error {
	switch status.Code(err) {
	case codes.OK:
		return nil
	case codes.NotFound:
		return flow.ErrNotFound
	case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled, codes.ResourceExhausted:
		return away().Because(err)
	default:
		return fmt.Errorf("asking the coupon service: %w", err)
	}
}
