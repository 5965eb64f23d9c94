package couponclient

import (
	"context"
	"strings"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/internal/resource"
	"github.com/couponlink/couponlink/services/internal/trackinglink"
)

// linksPage is the page size for listing coupons: even with the longest notes, a page stays below the maximum
// size of a message.
const linksPage = 200

// Links returns the contents of the tracking links of an offer's coupons, except archived ones, ordered by
// publisher. The answer is not cached.
//
// Errors: domain.ErrNotFound; Unavailable if the coupon service cannot be reached.
func (c *Client) Links(ctx context.Context, offer string) ([]trackinglink.Link, error) {
	var links []trackinglink.Link
	req := &couponv1.ListCouponsRequest{
		Parent: resource.Offer(offer), PageSize: linksPage, Filter: "NOT state = ARCHIVED", OrderBy: "publisher, code",
	}
	for {
		resp, err := c.couponList.ListCoupons(ctx, req)
		if err != nil {
			return nil, fault(err)
		}
		for _, coupon := range resp.GetCoupons() {
			links = append(links, trackinglink.Link{
				Offer: offer, Publisher: strings.TrimPrefix(coupon.GetPublisher(), resource.Publishers), CouponCode: coupon.GetCode(),
			})
		}
		if req.PageToken = resp.GetNextPageToken(); req.GetPageToken() == "" {
			return links, nil
		}
	}
}
