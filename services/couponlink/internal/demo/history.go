package demo

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/types/known/timestamppb"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/internal/resource"
)

const (
	// historyDays is the age of the oldest sales, in days.
	historyDays = 30
	// approvedAfter is the age at which a sale is approved: shops wait for returns.
	approvedAfter = 7 * day
	// atOnce bounds the calls in flight. Stores write many at once, and other requests still get through.
	atOnce = 16
)

// campaign says how well a code sells each day.
type campaign struct {
	offer, code, prefix string
	// daily has the number of sales on each day of a week, from Sunday on.
	daily    [7]int
	currency string
	// prices are the amounts of the sales, in turn, in cents.
	prices []int64
	// visits is how many people follow the code's link in a week, besides those in proportion to its sales.
	visits    int
	publisher string
	// leaked is how many days ago coupon sites began to list the code; 0 means never. Before that, all buyers came by
	// the link.
	leaked int
}

// leakedDaily is the number of sales a day by a leaked code.
const leakedDaily = 3

// sells returns the number of sales with the code on the day that was ago days before at.
func (c campaign) sells(at time.Time, ago int) int {
	if ago < c.leaked {
		return leakedDaily
	}
	return c.daily[at.Weekday()]
}

// clicked reports whether the n-th sale of a day, ago days back, came by a click.
func (c campaign) clicked(number, ago int) bool {
	switch {
	case c.leaked == 0:
		return number%5 > 1
	case ago < c.leaked:
		return number%5 == 0
	default:
		return true
	}
}

func campaigns() []campaign {
	return []campaign{
		{offer: "aurora-shoes", publisher: "mia-runs", code: "MIA20", prefix: "AUR-2", daily: [7]int{3, 1, 1, 1, 2, 2, 3}, currency: "USD", prices: []int64{12_990, 8_900, 15_450, 10_900}, visits: 61},
		{offer: "aurora-shoes", publisher: "trailhead-tom", code: "TOM20", prefix: "AUR-3", daily: [7]int{1, 1, 1, 0, 1, 1, 1}, currency: "USD", prices: []int64{14_950, 9_900}, visits: 28, leaked: 8},
		{offer: "glow-skincare", publisher: "skin-deep-sam", code: "SAMGLOW15", prefix: "GLW-6", daily: [7]int{1, 1, 0, 1, 1, 1, 2}, currency: "USD", prices: []int64{4_225, 6_400, 7_800}, visits: 34},
		{offer: "beanwise-coffee", publisher: "caffeine-carl", code: "CARL5", prefix: "BW-1", daily: [7]int{1, 1, 0, 1, 0, 1, 1}, currency: "USD", prices: []int64{2_400, 3_200}, visits: 22},
		{offer: "beanwise-coffee", publisher: "brew-diaries", code: "BREWFREE", prefix: "BW-2", daily: [7]int{1, 1, 1, 0, 1, 1, 1}, currency: "USD", prices: []int64{1_990}, visits: 41},
		{offer: "linguapal-app", publisher: "polyglot-priya", code: "PRIYA30", prefix: "LP-4", daily: [7]int{1, 0, 1, 0, 1, 0, 1}, currency: "EUR", prices: []int64{5_900, 9_900}, visits: 19},
		{offer: "linguapal-app", publisher: "weekend-wanderers", code: "WANDERTALK", prefix: "LP-5", daily: [7]int{1, 0, 0, 0, 0, 0, 1}, currency: "EUR", prices: []int64{5_900}, visits: 12},
		{offer: "northpeak-outdoor", publisher: "weekend-wanderers", code: "WANDER15", prefix: "NP-8", daily: [7]int{1, 0, 0, 1, 0, 1, 1}, currency: "USD", prices: []int64{21_240, 7_500, 13_800}, visits: 25},
		{offer: "northpeak-outdoor", publisher: "trailhead-tom", code: "TOMWEEK", prefix: "NP-9", daily: [7]int{1, 0, 0, 0, 0, 1, 1}, currency: "USD", prices: []int64{9_900}, visits: 9},
		{offer: "petbox-monthly", publisher: "budget-bea", code: "BEAPETS", prefix: "PB-3", daily: [7]int{1, 0, 1, 0, 1, 0, 0}, currency: "USD", prices: []int64{2_900}, visits: 7},
	}
}

// pastSale is a sale of a campaign.
type pastSale struct {
	offer, publisher, code, transaction string
	// clicked reports whether the sale came by a click.
	clicked  bool
	currency string
	cents    int64
	time     time.Time
}

// history returns the sales of the last days, which depend on now only. A code sells only while it is valid.
func history(now time.Time) []pastSale {
	var all []pastSale
	for _, c := range campaigns() {
		number := 0
		for ago := historyDays - 1; ago >= 0; ago-- {
			at := now.Add(-time.Duration(ago) * day)
			for range c.sells(at, ago) {
				number++
				one := pastSale{
					offer: c.offer, publisher: c.publisher, code: c.code, clicked: c.clicked(number, ago), transaction: fmt.Sprintf("%s%04d", c.prefix, 17*number),
					currency: c.currency, cents: c.prices[number%len(c.prices)],
					// The eight hours before at, so that sales do not all have the same minute.
					time: at.Add(-time.Duration(1+number*37%480) * time.Minute),
				}
				if one.time.After(now.Add(c.coupon().starts)) {
					all = append(all, one)
				}
			}
		}
	}
	return all
}

// coupon returns the sample coupon that a campaign is about.
func (c campaign) coupon() sampleCoupon {
	for _, one := range coupons {
		if one.offer == c.offer && one.code == c.code {
			return one
		}
	}
	return sampleCoupon{}
}

// loadHistory records the sales of the past days. Older ones are approved, except for a few that are rejected; one is
// reported twice with different amounts.
func loadHistory(ctx context.Context, target Target, client trackingv1.ConversionServiceClient, now time.Time) error {
	group, calls := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i, s := range history(now) {
		group.Go(func() error {
			req := s.request()
			if s.clicked {
				var err error
				one := sampleSale{offer: s.offer, publisher: s.publisher, code: s.code}
				if req.Click, err = one.visit(calls, target, s.time.Add(-decides)); err != nil {
					return err
				}
			}
			recorded, err := record(calls, client, req)
			if err != nil || recorded == nil || s.time.After(now.Add(-approvedAfter)) {
				return err
			}
			return settle(calls, client, recorded, i)
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	again := history(now)[0].request()
	again.Amount.Units += 20
	_, err := record(ctx, client, again)
	return err
}

func (s pastSale) request() *trackingv1.RecordConversionRequest {
	return &trackingv1.RecordConversionRequest{
		Offer: resource.Offer(s.offer), CouponCode: s.code, TransactionId: s.transaction, ConversionTime: timestamppb.New(s.time),
		Amount: &couponv1.Money{CurrencyCode: s.currency, Units: s.cents / 100, Nanos: int32(s.cents%100) * 10_000_000},
	}
}

// settle decides about the sale with that number. Most are approved.
func settle(ctx context.Context, client trackingv1.ConversionServiceClient, c *trackingv1.Conversion, number int) error {
	var err error
	switch {
	case number%23 == 11:
		_, err = client.RejectConversion(ctx, &trackingv1.RejectConversionRequest{Name: c.GetName(), Reason: "The order was cancelled."})
	case c.GetStatus() == trackingv1.Conversion_PENDING && c.GetOutcome() == trackingv1.Conversion_ATTRIBUTED:
		_, err = client.ApproveConversion(ctx, &trackingv1.ApproveConversionRequest{Name: c.GetName()})
	}
	return err
}

// loadVisits clicks the campaigns' links.
func loadVisits(ctx context.Context, target Target, now time.Time) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for _, c := range campaigns() {
		link, err := sampleSale{offer: c.offer, publisher: c.publisher, code: c.code}.link(ctx, target)
		if err != nil {
			return err
		}
		for _, at := range c.visitsOf(now) {
			group.Go(func() error {
				_, err := visit(ctx, target, link, at)
				return err
			})
		}
	}
	return group.Wait()
}

// visitsOf returns the times at which people followed the campaign's link in the last days, while its code was valid.
func (c campaign) visitsOf(now time.Time) []time.Time {
	var all []time.Time
	for ago := historyDays - 1; ago >= 0; ago-- {
		at := now.Add(-time.Duration(ago) * day)
		for i := range c.visits/6 + 3*c.daily[at.Weekday()] + (ago*5)%4 {
			visit := at.Add(-time.Duration(1+i*53%600) * time.Minute)
			if visit.After(now.Add(c.coupon().starts)) {
				all = append(all, visit)
			}
		}
	}
	return all
}
