package reporting

import (
	"context"
	"strings"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/pasted"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
)

const (
	defaultRecentDays, maxRecentDays         = 7, 90
	defaultBaselineDays, maxBaselineDays     = 28, 365
	defaultMinConversions, maxMinConversions = 10, 1_000_000
)

// LeakRequest says where to look for leaked codes; 0 means the default.
type LeakRequest struct {
	// Offer is a resource name; empty: all offers.
	Offer string
	// RecentDays is the number of days up to yesterday, BaselineDays the number of days before those.
	RecentDays, BaselineDays, MinConversions int32
}

// Leaks returns the codes whose share of sales without a click has risen.
//
// Errors: InvalidArgument with the field at fault; Unavailable (SUMMARIES_NOT_READY).
func (s *Service) Leaks(ctx context.Context, req LeakRequest) ([]rollup.Leak, error) {
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
	id, ok := strings.CutPrefix(name, "offers/")
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
