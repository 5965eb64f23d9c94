package coupons

import (
	"context"
	"log/slog"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
	"github.com/couponlink/couponlink/services/internal/couponcode"
)

// unknownFigure stands where no figures can be had for the moment.
const unknownFigure = "–"

// couponMore is what belongs to coupons besides themselves.
type couponMore struct {
	names   ui.Names
	figures couponFigures
	// newName is the coupon that was just saved, and newCoupon what the service says of it. Both may be empty.
	newName   string
	newCoupon *couponv1.Coupon
}

// moreOf asks for all that belongs to a page of coupons, at once.
func moreOf(p *ui.Page, ctx context.Context, coupons []*couponv1.Coupon, l ui.List) couponMore {
	more := couponMore{newName: l.Get("new")}
	offers, publishers := []string{}, []string{}
	for _, c := range coupons {
		offers, publishers = append(offers, c.GetOffer()), append(publishers, c.GetPublisher())
	}
	for name, all := range map[string]*[]string{"offer": &offers, "publisher": &publishers} {
		if id := l.Get(name); id != "" {
			*all = append(*all, name+"s/"+id)
		}
	}
	var calls sync.WaitGroup
	calls.Go(func() { more.figures = figuresOf(p, ctx, coupons) })
	calls.Go(func() {
		if more.newName != "" {
			// It is only shown above the table: without it the table says enough.
			more.newCoupon, _ = p.Coupons().GetCoupon(ctx, &couponv1.GetCouponRequest{Name: more.newName})
			publishers = append(publishers, append(more.newCoupon.GetSharedWith(), more.newCoupon.GetPublisher())...)
		}
		more.names = p.NamesOf(ctx, offers, publishers)
	})
	calls.Wait()
	return more
}

// newCouponOf returns what is shown of the coupon that was just saved.
func newCouponOf(p *ui.Page, more couponMore) *newCouponView {
	c := more.newCoupon
	if c == nil {
		return nil
	}
	view := &newCouponView{
		Code: c.GetCode(), Publisher: more.names.Of(c.GetPublisher()), Link: c.GetTrackingLink(),
		Discount: discountText(c), QR: couponHref(c) + "#qr", Scan: scanHref(p, c.GetTrackingLink()),
	}
	if sharers := c.GetSharedWith(); len(sharers) > 0 {
		view.Shared = sharedText(more.names.List(sharers), len(sharers))
	}
	return view
}

// couponKey is what figures are counted by.
type couponKey struct{ offer, publisher, code string }

func keyOf(offer, publisher, code string) couponKey {
	return couponKey{offer, publisher, couponcode.Fold(code)}
}

// couponFigures are what coupons have come to; nil: it cannot be said for the moment.
type couponFigures map[couponKey]*trackingv1.Figures

// of returns a coupon's clicks, conversions and payout in words.
func (f couponFigures) of(c *couponv1.Coupon) (clicks, conversions, payout string) {
	if f == nil {
		return unknownFigure, unknownFigure, unknownFigure
	}
	one := f[keyOf(c.GetOffer(), c.GetPublisher(), c.GetCode())]
	payout = strings.Join(ui.MoneyOf(one.GetPayouts()), " + ")
	if payout == "" {
		payout = unknownFigure
	}
	return format.Number(one.GetClicks()), format.Number(one.GetConversions()), payout
}

// figuresOf asks for the figures of coupons: one call for a page of them, unless their codes are of
// uncommon length. A failure leaves the page without figures, since the coupons themselves are there.
func figuresOf(p *ui.Page, ctx context.Context, coupons []*couponv1.Coupon) couponFigures {
	var terms []string
	seen := map[string]bool{}
	for _, c := range coupons {
		if code := couponcode.Fold(c.GetCode()); !seen[code] {
			seen[code] = true
			terms = append(terms, "coupon_code = "+ui.Quoted(code))
		}
	}
	found := couponFigures{}
	var mu sync.Mutex
	calls, ctx := errgroup.WithContext(ctx)
	for _, filter := range ui.AnyOf(terms) {
		calls.Go(func() error {
			resp, err := trackingv1.NewReportServiceClient(p.Tracking).SummarizeConversions(ctx, &trackingv1.SummarizeConversionsRequest{
				GroupBy: []trackingv1.SummarizeConversionsRequest_Dimension{
					trackingv1.SummarizeConversionsRequest_OFFER, trackingv1.SummarizeConversionsRequest_PUBLISHER,
					trackingv1.SummarizeConversionsRequest_COUPON_CODE,
				},
				Filter: filter, MaxRows: 10_000,
			})
			mu.Lock()
			defer mu.Unlock()
			for _, row := range resp.GetRows() {
				found[keyOf(row.GetOffer(), row.GetPublisher(), row.GetCouponCode())] = row.GetFigures()
			}
			return err
		})
	}
	if err := calls.Wait(); err != nil {
		if status.Code(err) != codes.Unavailable {
			p.Log.WarnContext(p.Request.Context(), "coupons are shown without their figures", slog.Any("error", err))
		}
		return nil
	}
	return found
}
