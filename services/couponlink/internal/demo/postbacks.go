package demo

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/internal/resource"
)

// samplePostback is a postback of a shop.
type samplePostback struct {
	offer, query string
	ago          time.Duration
	// hasWrongToken makes the shop send another offer's token.
	hasWrongToken bool
}

// postbacks are the shops' reports, in order: sales, one of them sent twice, an order with several codes, a refund sent
// before its sale and again after it, and several mistakes.
var postbacks = [...]samplePostback{
	{offer: "glow-skincare", query: "coupon_code=ANAGLOW15&transaction_id=GLW-5602&amount=54.90&currency=USD", ago: 49 * time.Hour},
	{offer: "glow-skincare", query: "coupon_code=ANAGLOW15&transaction_id=GLW-5602&amount=54.90&currency=USD", ago: 48 * time.Hour},
	{offer: "glow-skincare", query: "coupon_code=GLOWGLOW&transaction_id=GLW-5603&amount=31&currency=USD", ago: 30 * time.Hour},
	{offer: "glow-skincare", query: "coupon_code=ANAGLOW15&transaction_id=GLW-5604&amount=88&currency=USD", ago: 29 * time.Hour, hasWrongToken: true},
	{offer: "glow-skincare", query: "coupon_code=ANAGLOW15&transaction_id=GLW-5605&amount=many&currency=USD", ago: 28 * time.Hour},
	{offer: "beanwise-coffee", query: "coupon=CARL5&order_id=BW-930&sale_amount=24.00&currency=USD", ago: 75 * time.Hour},
	{offer: "aurora-shoes", query: "coupon_code=MIA20,FREESHIP&transaction_id=AUR-10120&amount=118.40&currency=USD", ago: 52 * time.Hour},
	{offer: "northpeak-outdoor", query: "coupon_code=WANDER15&transaction_id=NP-7122&status=refunded&refund_id=NP-R9", ago: 100 * time.Hour},
	{offer: "northpeak-outdoor", query: "coupon_code=WANDER15&transaction_id=NP-7122&amount=75.00&currency=USD", ago: 99 * time.Hour},
	{offer: "northpeak-outdoor", query: "coupon_code=WANDER15&transaction_id=NP-7122&status=refunded&refund_id=NP-R9", ago: 98 * time.Hour},
}

// loadPostbacks sends the sample postbacks, each at its time. Some are meant to be refused.
func loadPostbacks(ctx context.Context, target Target, now time.Time) error {
	offerClient := couponv1.NewOfferServiceClient(target.Coupon)
	for _, p := range postbacks {
		offer, err := offerClient.GetOffer(ctx, &couponv1.GetOfferRequest{Name: resource.Offer(p.offer)})
		if err != nil {
			return fmt.Errorf("offer %s: %w", p.offer, err)
		}
		token := offer.GetPostbackToken()
		if p.hasWrongToken {
			token = "the-token-of-another-shop"
		}
		address := "/postback?offer_id=" + p.offer + "&token=" + url.QueryEscape(token) + "&" + p.query
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
		if err != nil {
			return fmt.Errorf("postback %s: %w", p.query, err)
		}
		req.RemoteAddr = documentationAddr
		answer := &partnerAnswer{header: http.Header{}}
		target.Partner(now.Add(-p.ago)).ServeHTTP(answer, req)
		if answer.status >= http.StatusInternalServerError {
			return fmt.Errorf("postback %s: status %d", p.query, answer.status)
		}
	}
	return nil
}
