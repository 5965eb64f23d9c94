package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/couponlink/couponlink/services/internal/access"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/propertytest"
	"github.com/couponlink/couponlink/services/tracking/internal/app/conversions"
	"github.com/couponlink/couponlink/services/tracking/internal/app/reporting"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
)

func theirPromises() []promise {
	return []promise{
		{"callers with limits read what is theirs, whatever they ask", theirRows},
		{"callers with limits watch what is theirs", theirNews},
	}
}

// limits returns callers with different limits.
func limits() []*access.Principal {
	return []*access.Principal{
		{Name: "publisher", Role: access.Publisher, Publishers: []string{"publishers/22"}},
		{Name: "agency", Role: access.Analyst, Publishers: []string{"publishers/23", "publishers/21"}},
		{Name: "advertiser", Role: access.Advertiser, Offers: []string{"offers/10"}},
		{Name: "both", Role: access.Manager, Publishers: []string{"publishers/22", "publishers/23"}, Offers: []string{"offers/11", "offers/9"}},
		{Name: "nobody", Role: access.Publisher},
	}
}

// isTheirs reports whether a conversion is in a caller's rows.
func isTheirs(p *access.Principal, c domain.Conversion) bool {
	return p.Name != "nobody" && (len(p.Publishers) == 0 || slices.Contains(p.Publishers, "publishers/"+c.Publisher)) &&
		(len(p.Offers) == 0 || slices.Contains(p.Offers, "offers/"+c.Offer))
}

// theirSales stores sales of three publishers on three offers, some reassigned, and counts them.
func theirSales(t *testing.T, s Store) {
	t.Helper()
	for n := range sales {
		c := sale(n)
		if c.Publisher != "" && n%2 == 0 {
			c.Coupon = "offers/" + c.Offer + "/coupons/" + c.Publisher + "." + c.CouponCode
		}
		if c.Publisher != "" && n%7 == 0 {
			c.Method, c.PubSubID, c.PubUniques[0] = domain.ByHand, "another's", "another's"
		}
		insertNew(t, s, c)
	}
	for {
		if more, err := s.CountNew(t.Context(), later()); err != nil {
			t.Fatal(err)
		} else if !more {
			return
		}
	}
}

// theirRows asks for conversions, totals and sums as each caller, and compares with what everyone's rows say.
func theirRows(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	theirSales(t, s)
	read := conversions.New(conversions.Config{Store: s, Now: later, After: time.After, Zone: time.UTC})
	sums := reporting.New(reporting.Config{Store: s, Now: later, After: time.After, Zone: time.UTC})
	propertytest.Check(t, func(t *rapid.T) {
		p := rapid.SampledFrom(limits()).Draw(t, "caller")
		ctx := access.With(t.Context(), p)
		filter := strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{
			`publisher = "publishers/22"`, `publisher != "publishers/23"`, `offer = "offers/11"`, "status = APPROVED", `NOT offer = "9"`,
			`(publisher = "21" OR offer = "10")`, "publisher:*", "method = COUPON_CODE",
		}), 0, 3).Draw(t, "filter"), rapid.SampledFrom([]string{" AND ", " OR "}).Draw(t, "join"))
		order := rapid.SampledFrom([]string{"", "conversion_time", "publisher desc", "status, offer", "create_time"}).Draw(t, "order")
		want := theirIDs(p, conversionsOf(t.Context(), t, read, filter, order, 50))
		if got := theirIDs(nil, conversionsOf(ctx, t, read, filter, order, rapid.Int32Range(5, 20).Draw(t, "page size"))); got != want {
			t.Fatalf("%s lists %s, want %s", p.Name, got, want)
		}
		var parts []domain.Conversion
		if err := read.Export(ctx, filter, order, func(part []domain.Conversion) error { parts = append(parts, part...); return nil }); err != nil {
			t.Fatal(err)
		}
		if got := theirIDs(nil, parts); got != want {
			t.Fatalf("%s exports %s, want %s", p.Name, got, want)
		}
		count := int64(len(strings.Fields(want)))
		if totals, err := sums.Totals(ctx, filter); err != nil || totals.Conversions() != count {
			t.Fatalf("%s has totals of %d conversions, %v, want %d", p.Name, totals.Conversions(), err, count)
		}
		theirSums(ctx, t, sums, p, filter, count)
	})
	theirFields(t, read)
}

// theirSums compares a summary with the number of conversions that it is about.
func theirSums(ctx context.Context, t *rapid.T, sums *reporting.Service, p *access.Principal, filter string, count int64) {
	by := rapid.SliceOfNDistinct(rapid.SampledFrom([]rollup.Dimension{rollup.ByMonth, rollup.ByOffer, rollup.ByPublisher, rollup.ByStatus, rollup.ByCouponCode}), 0, 3, rapid.ID).Draw(t, "group by")
	summary, err := sums.Summarize(ctx, reporting.SummaryRequest{GroupBy: by, Filter: filter})
	if err != nil {
		t.Fatal(err)
	}
	if slices.Contains(by, rollup.ByCouponCode) && p.LimitedByPublishers() {
		if got := summary.Totals.Conversions(); got > count {
			t.Fatalf("%s by %v: %d conversions, more than %d", p.Name, by, got, count)
		}
	} else if got := summary.Totals.Conversions(); got != count {
		t.Fatalf("%s by %v: %d conversions, want %d", p.Name, by, got, count)
	}
	for _, row := range summary.Rows {
		c := domain.Conversion{Offer: row.Offer, Publisher: row.Publisher}
		if !slices.Contains(by, rollup.ByOffer) && len(p.Offers) > 0 {
			c.Offer = strings.TrimPrefix(p.Offers[0], "offers/")
		}
		if !slices.Contains(by, rollup.ByPublisher) && len(p.Publishers) > 0 {
			c.Publisher = strings.TrimPrefix(p.Publishers[0], "publishers/")
		}
		if !isTheirs(p, c) {
			t.Fatalf("%s by %v: a row of others: %+v", p.Name, by, row)
		}
	}
}

// conversionsOf reads all pages as the caller in ctx. Nobody else may continue with its page tokens.
func conversionsOf(ctx context.Context, t *rapid.T, read *conversions.Service, filter, order string, size int32) []domain.Conversion {
	req := listing.Request{Filter: filter, OrderBy: order, PageSize: size}
	var all []domain.Conversion
	for {
		page, next, err := read.Conversions(ctx, req)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, page...)
		if next == "" {
			return all
		}
		req.PageToken = next
		for _, other := range limits() {
			if p := access.From(ctx); p != nil && p.Name == other.Name {
				continue
			}
			if _, _, err := read.Conversions(access.With(ctx, other), req); apperr.As(err) == nil || apperr.As(err).Reason != "INVALID_PAGE_TOKEN" {
				t.Fatalf("%s continues with another's page token: %v", other.Name, err)
			}
		}
	}
}

// theirIDs returns the ids of the conversions that are a caller's; nil: of all.
func theirIDs(p *access.Principal, all []domain.Conversion) string {
	var ids []string
	for _, c := range all {
		if p == nil || isTheirs(p, c) {
			ids = append(ids, c.ID)
		}
	}
	return strings.Join(ids, " ")
}

// theirFields reads each conversion as each caller, and looks for what it must not be told and cannot ask for.
func theirFields(t *testing.T, read *conversions.Service) {
	t.Helper()
	for n := range sales {
		whole, err := read.Conversion(t.Context(), sale(n).ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range limits() {
			ctx := access.With(t.Context(), p)
			c, err := read.Conversion(ctx, whole.ID)
			if isTheirs(p, whole) != (err == nil) || err != nil && (apperr.As(err) == nil || apperr.As(err).Reason != "CONVERSION_NOT_FOUND" || c.ID != "") {
				t.Errorf("%s reads a conversion of %s on %s: %v", p.Name, whole.Publisher, whole.Offer, err)
			}
			if err == nil && p.LimitedByPublishers() && (c.Coupon == "" && c.CouponCode != "" || strings.Contains(fmt.Sprint(c.PubUniques, c.PubSubID), "another's") || c.Explanation == whole.Explanation) {
				t.Errorf("%s is told %+v", p.Name, c)
			}
			for _, filter := range []string{`coupon_code = "` + whole.CouponCode + `" AND NOT coupon:*`, `pub_sub_id = "another's"`, `pub_unique1 = "another's"`} {
				if found, _, err := read.Conversions(ctx, listing.Request{Filter: filter}); p.LimitedByPublishers() && (err != nil || len(found) > 0) {
					t.Errorf("%s finds by %s: %d, %v", p.Name, filter, len(found), err)
				}
			}
			for _, filter := range []string{"click:*", "codes:*", `reason = EXPIRED`, "conflicted = true"} {
				if _, _, err := read.Conversions(ctx, listing.Request{Filter: filter}); p.LimitedByPublishers() && err == nil {
					t.Errorf("%s may filter by %s", p.Name, filter)
				}
			}
		}
	}
}

// theirNews watches as each caller while sales of all publishers are stored, and resumes.
func theirNews(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	read := conversions.New(conversions.Config{Store: s, Now: time.Now, After: time.After, Zone: time.UTC})
	errEnough := errors.New("enough")
	watch := func(p *access.Principal, token string, tell func(conversions.News) error) error {
		ctx, cancel := context.WithTimeout(access.With(t.Context(), p), 20*time.Second)
		defer cancel()
		return read.Watch(ctx, "", token, tell)
	}
	tokens := map[string]string{}
	for _, p := range append(limits(), access.Admin()) {
		err := watch(p, "", func(n conversions.News) error { tokens[p.Name] = n.ResumeToken; return errEnough })
		if !errors.Is(err, errEnough) {
			t.Fatalf("%s: %v", p.Name, err)
		}
	}
	stored := storeSales(t, s, 0, 24)
	for _, p := range append(limits(), access.Admin()) {
		theirs := map[string]bool{}
		for _, c := range stored {
			if isTheirs(p, c) {
				theirs[c.ID] = true
			}
		}
		token := tokens[p.Name]
		for len(theirs) > 0 {
			err := watch(p, token, func(n conversions.News) error {
				token = n.ResumeToken
				if n.Conversion == nil {
					return nil
				}
				if !theirs[n.Conversion.ID] {
					t.Errorf("%s is told of %s, again or another's", p.Name, n.Conversion.ID)
				}
				delete(theirs, n.Conversion.ID)
				return errEnough
			})
			if !errors.Is(err, errEnough) {
				t.Fatalf("%s: %v", p.Name, err)
			}
		}
		for other, foreign := range tokens {
			err := watch(p, foreign, func(conversions.News) error { return errEnough })
			if e := apperr.As(err); other != p.Name && (e == nil || e.Reason != "INVALID_RESUME_TOKEN") {
				t.Errorf("%s resumes with the token of %s: %v", p.Name, other, err)
			}
		}
		if isSealed := strings.HasPrefix(token, "3:"); isSealed != p.IsLimited() {
			t.Errorf("%s got the token %s", p.Name, token)
		}
	}
}
