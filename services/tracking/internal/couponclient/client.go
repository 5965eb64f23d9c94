// Package couponclient queries the coupon service over gRPC and caches its answers in memory, so that a click
// or a sale needs no round trip. Answers are fresh for 2 seconds, and served stale for up to an hour while the
// coupon service does not answer. At most one query per key is in flight. If the coupon service hangs, requests
// stop waiting for it after the first second. The answers are also stored, so that a restart while the coupon
// service is down loses none.
//
// Only the tracking service's wiring imports it. The use cases each declare what they need of it.
package couponclient

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
	"github.com/couponlink/couponlink/services/internal/resource"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// Client is a caching client of the coupon service. It is safe for concurrent use.
type Client struct {
	client     couponv1.LookupServiceClient
	couponList couponv1.CouponServiceClient
	offers     *memo[*couponv1.LookupOfferResponse, domain.Offer]
	tokens     *memo[*couponv1.LookupOfferResponse, domain.Offer]
	coupons    *memo[*couponv1.LookupCodeResponse, []domain.Coupon]
	standings  *memo[*couponv1.LookupStandingResponse, domain.Standing]
	publishers *memo[*couponv1.LookupPublisherResponse, domain.Publisher]
	line       *line
	notes      *notes
	uses       *tokenUses
	now        func() time.Time
	// since is the earliest time that an answer may be from; zero: any cached answer will do.
	since time.Time
}

// New returns a client that queries the coupon service over conn and waits up to askTimeout for an answer.
// Watch must run in a goroutine.
func New(conn grpc.ClientConnInterface, now func() time.Time, askTimeout time.Duration) *Client {
	m := memory{now: now, askTimeout: askTimeout, line: newLine(), notes: newNotes()}
	return &Client{
		client:     couponv1.NewLookupServiceClient(conn),
		couponList: couponv1.NewCouponServiceClient(conn),
		offers:     newMemo("offer", m, offerFromProto),
		tokens:     newMemo("token", m, offerFromProto),
		coupons:    newMemo("coupons", m, couponsFromProto),
		standings:  newMemo("standing", m, standingFromProto),
		publishers: newMemo("publisher", m, publisherFromProto),
		line:       m.line,
		notes:      m.notes,
		uses:       newTokenUses(),
		now:        now,
	}
}

// Since returns a view of the client that serves only answers queried at t or later, and fails otherwise.
func (c *Client) Since(t time.Time) *Client {
	view := *c
	view.since = t
	return &view
}

// Offer returns an offer by its id, or domain.ErrNotFound.
func (c *Client) Offer(ctx context.Context, id string) (domain.Offer, error) {
	if !resource.IsID(id) {
		return domain.Offer{}, domain.ErrNotFound
	}
	return c.offers.get(ctx, c.since, id, func(ctx context.Context) (*couponv1.LookupOfferResponse, error) {
		return c.askOffer(ctx, &couponv1.LookupOfferRequest{Key: &couponv1.LookupOfferRequest_Offer{Offer: resource.Offer(id)}})
	})
}

// LatestOffer returns an offer as it is now, never from memory. Calls at about the same time share one question.
func (c *Client) LatestOffer(ctx context.Context, id string) (domain.Offer, error) {
	return c.offers.latest(ctx, id, func(ctx context.Context) (*couponv1.LookupOfferResponse, error) {
		return c.askOffer(ctx, &couponv1.LookupOfferRequest{Key: &couponv1.LookupOfferRequest_Offer{Offer: resource.Offer(id)}, Latest: true})
	})
}

// KnowsToken reports whether OfferByToken has an answer in memory, however old.
func (c *Client) KnowsToken(token string) bool { return c.tokens.isKnown(token) }

// OfferByToken returns the offer that has a postback token, or had it before the last rotation.
func (c *Client) OfferByToken(ctx context.Context, token string) (domain.Offer, error) {
	return c.tokens.get(ctx, c.since, token, func(ctx context.Context) (*couponv1.LookupOfferResponse, error) {
		return c.askOffer(ctx, &couponv1.LookupOfferRequest{Key: &couponv1.LookupOfferRequest_PostbackToken{PostbackToken: token}})
	})
}

func (c *Client) askOffer(ctx context.Context, req *couponv1.LookupOfferRequest) (*couponv1.LookupOfferResponse, error) {
	resp, err := c.client.LookupOffer(ctx, req)
	return resp, fault(err)
}

// Coupons returns the coupons that have a code, in any case, on an offer, or on all offers if offer is empty.
func (c *Client) Coupons(ctx context.Context, offer, code string) ([]domain.Coupon, error) {
	code = couponcode.Fold(code)
	if !couponcode.Is(code) || offer != "" && !resource.IsID(offer) {
		return nil, nil // no coupon can have it
	}
	coupons, err := c.coupons.get(ctx, c.since, offer+"/"+code, func(ctx context.Context) (*couponv1.LookupCodeResponse, error) {
		return c.askCoupons(ctx, offer, code)
	})
	if err == domain.ErrNotFound { //nolint:errorlint // askCoupons returns it bare
		return nil, nil
	}
	return coupons, err
}

// askCoupons returns ErrNotFound if no coupon has the code, so that a missing code is not cached.
func (c *Client) askCoupons(ctx context.Context, offer, code string) (*couponv1.LookupCodeResponse, error) {
	req := &couponv1.LookupCodeRequest{Code: code}
	if offer != "" {
		req.Offer = resource.Offer(offer)
	}
	resp, err := c.client.LookupCode(ctx, req)
	if err != nil {
		return nil, fault(err)
	}
	if len(resp.GetCandidates()) == 0 {
		return nil, domain.ErrNotFound
	}
	return resp, nil
}

// Standing returns a publisher's standing on an offer, or domain.ErrNotFound for an unknown publisher.
func (c *Client) Standing(ctx context.Context, offer, publisher string) (domain.Standing, error) {
	if !resource.IsID(offer) || !resource.IsID(publisher) {
		return domain.Standing{}, domain.ErrNotFound
	}
	return c.standings.get(ctx, c.since, offer+"/"+publisher, func(ctx context.Context) (*couponv1.LookupStandingResponse, error) {
		resp, err := c.client.LookupStanding(ctx, &couponv1.LookupStandingRequest{Offer: resource.Offer(offer), Publisher: resource.Publisher(publisher)})
		return resp, fault(err)
	})
}

// Publisher returns a publisher by its id with what a delivery to it needs, or domain.ErrNotFound.
func (c *Client) Publisher(ctx context.Context, id string) (domain.Publisher, error) {
	if !resource.IsID(id) {
		return domain.Publisher{}, domain.ErrNotFound
	}
	return c.publishers.get(ctx, c.since, id, func(ctx context.Context) (*couponv1.LookupPublisherResponse, error) {
		resp, err := c.client.LookupPublisher(ctx, &couponv1.LookupPublisherRequest{Publisher: resource.Publisher(id)})
		return resp, fault(err)
	})
}

func away() *apperr.Error {
	return apperr.New(apperr.Unavailable, domain.CouponServiceUnavailable, "the coupon service cannot be reached; try again")
}

// fault translates an error of the coupon service; nil stays nil.
func fault(err error) error {
	switch status.Code(err) {
	case codes.OK:
		return nil
	case codes.NotFound:
		return domain.ErrNotFound
	case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled, codes.ResourceExhausted:
		return away().Because(err)
	default:
		return fmt.Errorf("asking the coupon service: %w", err)
	}
}
