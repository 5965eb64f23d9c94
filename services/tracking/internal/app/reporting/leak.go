package reporting

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/pasted"
	"github.com/couponlink/couponlink/services/internal/resource"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
)

const (
	defaultRecentDays, maxRecentDays         = 7, 90
	defaultBaselineDays, maxBaselineDays     = 28, 365
	defaultMinConversions, maxMinConversions = 10, 1_000_000
	// maxLeaks is the maximum page size, and the default, so that older callers, which ask for no pages, get all codes.
	maxLeaks = 1000
)

// leakSchema describes the pages of leaks. Page tokens have a rise as leakValue writes it.
var leakSchema = listing.NewSchema(
	listing.Field{Name: "coupon_code", Kind: listing.Opaque}, "rise, offer, publisher",
	listing.Field{Name: "rise", Kind: listing.Opaque}, listing.Field{Name: "offer", Kind: listing.Opaque}, listing.Field{Name: "publisher", Kind: listing.Opaque},
)

// LeakRequest says where to look for leaked codes; 0 means the default.
type LeakRequest struct {
	// Offer is a resource name; empty: all offers.
	Offer string
	// RecentDays is the number of days up to yesterday, BaselineDays the number of days before those.
	RecentDays, BaselineDays, MinConversions int32
	PageSize                                 int32
	PageToken                                string
	// Take limits a page as in listing.Request.
	Take func(row any) bool
}

// Leaks returns a page of the codes whose share of sales without a click has risen, and the token of the next page.
//
// Errors: InvalidArgument with the field at fault; Unavailable (SUMMARIES_NOT_READY).
func (s *Service) Leaks(ctx context.Context, req LeakRequest) ([]rollup.Leak, string, error) {
	q, after, err := s.leakPage(req)
	if err != nil {
		return nil, "", err
	}
	leaks, err := s.allLeaks(ctx, req)
	if err != nil {
		return nil, "", err
	}
	if after != nil {
		first := slices.IndexFunc(leaks, func(l rollup.Leak) bool { return l.Position().Compare(*after) > 0 })
		if first < 0 {
			first = len(leaks)
		}
		leaks = leaks[first:]
	}
	page, next := listing.Page(q, leaks[:min(q.Limit, len(leaks))], leakValue)
	return page, next, nil
}

// leakPage returns the query for a page, and the position before the page; nil for the first page.
func (s *Service) leakPage(req LeakRequest) (listing.Query, *rollup.Position, error) {
	q, err := leakSchema.Query(listing.Request{
		// A page token is only valid for the same offer and numbers.
		Parent:   fmt.Sprintf("%s %d %d %d", req.Offer, req.RecentDays, req.BaselineDays, req.MinConversions),
		PageSize: cmp.Or(req.PageSize, maxLeaks), PageToken: req.PageToken, Take: req.Take,
	}, listing.Everything(), nil, s.moment())
	if err != nil || q.After == nil {
		return q, nil, err
	}
	after := &rollup.Position{}
	for i, field := range []*string{nil, &after.Offer, &after.Publisher, &after.CouponCode} {
		text, _ := q.After[i].(string)
		if field != nil {
			*field = text
			continue
		}
		if after.Rise, err = strconv.ParseFloat(text, 64); err != nil {
			return q, nil, apperr.Invalid("INVALID_PAGE_TOKEN", "page_token", "it is damaged; pass the next_page_token of the page before as it is")
		}
	}
	return q, after, nil
}

// leakValue returns a leak's value in page tokens. A rise is in hexadecimal, without rounding.
func leakValue(leak rollup.Leak, field string) any {
	position := leak.Position()
	switch field {
	case "rise":
		return strconv.FormatFloat(position.Rise, 'x', -1, 64)
	case "offer":
		return position.Offer
	case "publisher":
		return position.Publisher
	default:
		return position.CouponCode
	}
}

// allLeaks returns all leaked codes.
func (s *Service) allLeaks(ctx context.Context, req LeakRequest) ([]rollup.Leak, error) {
	where, err := ofOffer(req.Offer)
	if err != nil {
		return nil, err
	}
	recentDays, err := within("recent_days", req.RecentDays, defaultRecentDays, maxRecentDays)
	if err != nil {
		return nil, err
	}
	baselineDays, err := within("baseline_days", req.BaselineDays, defaultBaselineDays, maxBaselineDays)
	if err != nil {
		return nil, err
	}
	least, err := within("min_conversions", req.MinConversions, defaultMinConversions, maxMinConversions)
	if err != nil {
		return nil, err
	}
	today := rollup.NewCalendar(s.zone).Day(s.moment())
	begin := today - rollup.Day(recentDays)
	spans := []rollup.Span{{Cube: rollup.CodeDays, From: int32(begin) - baselineDays, To: int32(today) - 1}}
	cells, _, err := s.cells(ctx, spans, where)
	if err != nil {
		return nil, notCounted(err)
	}
	recent, before := map[rollup.CodeKey]rollup.Share{}, map[rollup.CodeKey]rollup.Share{}
	for _, c := range cells {
		// Sales without a credited publisher do not use a publisher's code.
		if c.Key.CouponCode == "" || c.Key.Publisher == "" || c.Conversions == 0 {
			continue
		}
		shares := before
		if c.Key.Day() >= begin {
			shares = recent
		}
		key := rollup.CodeKey{Offer: c.Key.Offer, Publisher: c.Key.Publisher, CouponCode: c.Key.CouponCode}
		share := shares[key]
		share.Conversions += c.Conversions
		share.Clickless += c.Clickless
		shares[key] = share
	}
	return rollup.Leaks(recent, before, int64(least)), nil
}

// ofOffer returns the condition on an offer's resource name; nil for all offers.
func ofOffer(name string) (listing.Expr, error) {
	if name == "" {
		return nil, nil
	}
	id, ok := strings.CutPrefix(name, resource.Offers)
	id = pasted.Trim(id)
	if !ok || domain.CheckID(id) != nil {
		return nil, apperr.Invalid("INVALID_OFFER", "offer", `%.80q is no offer's name; expected one such as "offers/10", or nothing for all offers`, name)
	}
	return listing.Compare{Field: "offer", Op: listing.Equal, Value: id}, nil
}

// within returns a requested number, or the default for 0.
func within(field string, asked, usual, most int32) (int32, error) {
	if asked < 0 || asked > most {
		return 0, apperr.Invalid("OUT_OF_RANGE", field, "%d is out of range; it must be 1 to %d, or 0 for %d", asked, most, usual)
	}
	if asked == 0 {
		return usual, nil
	}
	return asked, nil
}
