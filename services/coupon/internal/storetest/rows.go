package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/couponlink/couponlink/services/coupon/internal/app"
	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/access"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/propertytest"
)

func rowPromises() []promise {
	return []promise{{"callers with limits read what is theirs, whatever they ask", testRows}}
}

// limits returns callers with different limits, by what they are.
func limits() map[string]*access.Principal {
	return map[string]*access.Principal{
		"publisher":         {Name: "keys/p", Role: access.Publisher, Publishers: []string{"publishers/22"}},
		"agency":            {Name: "keys/a", Role: access.Analyst, Publishers: []string{"publishers/24", "publishers/23"}},
		"advertiser":        {Name: "keys/o", Role: access.Advertiser, Offers: []string{"offers/10"}},
		"both":              {Name: "keys/b", Role: access.Manager, Publishers: []string{"publishers/22", "publishers/23"}, Offers: []string{"offers/11"}},
		"nobody":            {Name: "keys/n", Role: access.Publisher},
		"unknown publisher": {Name: "keys/u", Role: access.Publisher, Publishers: []string{"publishers/none"}},
	}
}

func isTheirs(p *access.Principal, offer, publisher string) bool {
	return p.Name != "keys/n" && (len(p.Publishers) == 0 || slices.Contains(p.Publishers, "publishers/"+publisher)) &&
		(len(p.Offers) == 0 || slices.Contains(p.Offers, "offers/"+offer))
}

// testRows lists as each caller, and compares with what an unlimited caller is told of its rows.
func testRows(t *testing.T, s *suite) {
	s.setUp(t)
	for i := range 24 {
		offer, publisher := []string{"10", "11"}[i%2], []string{"22", "23", "24"}[i%3]
		c := coupon(offer, publisher, fmt.Sprintf("CODE%d", i/4))
		c.CreateTime, c.StartTime, c.ExpireTime = moment(i%5), moment(i%7), moment(60+i)
		c.Enabled, c.InternalNote = i%4 != 0, []string{"red", "blue"}[i/3%2]
		if err := s.create(t.Context(), c); err != nil && apperr.As(err) == nil {
			t.Fatal(err)
		}
	}
	flow := app.New(s, func() time.Time { return moment(30) }, time.UTC, nil)
	propertytest.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom([]string{"publisher", "agency", "advertiser", "both", "nobody", "unknown publisher"}).Draw(t, "caller")
		p := limits()[name]
		req := listing.Request{
			Filter: drawFilter(t), PageSize: rapid.Int32Range(2, 7).Draw(t, "page size"),
			OrderBy: rapid.SampledFrom([]string{"", "code", "publisher desc, code", "expire_time", "create_time desc, offer"}).Draw(t, "order"),
		}
		parent := rapid.SampledFrom([]string{"", "10", "11"}).Draw(t, "offer")
		whole := req
		whole.PageSize = 0
		everyone := pagesOf(t.Context(), t, flow, parent, whole)
		theirs := slices.DeleteFunc(everyone, func(c domain.Coupon) bool { return !isTheirs(p, c.Offer, c.Publisher) })
		told := pagesOf(access.With(t.Context(), p), t, flow, parent, req)
		if got, want := fmt.Sprint(told), fmt.Sprint(theirs); got != want {
			t.Fatalf("%s is told %s, want %s", name, got, want)
		}
	})
	testRowsOfGets(t, flow)
}

func drawFilter(t *rapid.T) string {
	conditions := rapid.SliceOfN(rapid.SampledFrom([]string{
		`publisher = "publishers/22"`, `publisher != "publishers/23"`, `offer = "offers/11"`, "enabled = true", "code = CODE1", "code = CODE*",
		`NOT code = CODE2`, `(publisher = "24" OR publisher = "22")`, "state = ACTIVE", "publisher:*", "expire_time > 2026-03-01T13:10:00Z",
	}), 0, 3).Draw(t, "filter")
	return strings.Join(conditions, rapid.SampledFrom([]string{" AND ", " OR "}).Draw(t, "join"))
}

// pagesOf reads all pages of coupons as the caller in ctx.
func pagesOf(ctx context.Context, t *rapid.T, flow *app.Service, offer string, req listing.Request) []domain.Coupon {
	var all []domain.Coupon
	for {
		page, next, err := flow.Coupons(ctx, offer, req)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, page...)
		if next == "" {
			return all
		}
		req.PageToken = next
		for other, p := range limits() {
			if p.Name == nameOf(ctx) {
				continue
			}
			if _, _, err := flow.Coupons(access.With(ctx, p), offer, req); apperr.As(err) == nil || apperr.As(err).Reason != "INVALID_PAGE_TOKEN" {
				t.Fatalf("%s continues with another's page token: %v", other, err)
			}
		}
	}
}

func nameOf(ctx context.Context) string {
	if p := access.From(ctx); p != nil {
		return p.Name
	}
	return ""
}

// testRowsOfGets reads each record as each caller. What is not theirs is answered like what does not exist.
func testRowsOfGets(t *testing.T, flow *app.Service) {
	for name, p := range limits() {
		ctx := access.With(t.Context(), p)
		for _, offer := range []string{"10", "11"} {
			for _, publisher := range []string{"22", "23", "24"} {
				theirs := isTheirs(p, offer, publisher)
				if a, err := flow.Approval(ctx, offer, publisher); (err == nil) != theirs || err != nil && a != (domain.Approval{}) {
					t.Errorf("%s reads the approval of %s on %s: %v", name, publisher, offer, err)
				}
				for i := range 6 {
					code := fmt.Sprintf("CODE%d", i)
					_, unlimited := flow.Coupon(t.Context(), offer, publisher, code)
					if c, err := flow.Coupon(ctx, offer, publisher, code); (err == nil) != (theirs && unlimited == nil) || err != nil && apperr.As(err).Reason != "COUPON_NOT_FOUND" {
						t.Errorf("%s reads the coupon %s of %s on %s: %+v, %v", name, code, publisher, offer, c, err)
					} else if err == nil {
						for _, other := range c.With {
							if !isTheirs(p, offer, other) {
								t.Errorf("%s is told that %s has the code %s", name, other, code)
							}
						}
					}
				}
			}
		}
	}
}
