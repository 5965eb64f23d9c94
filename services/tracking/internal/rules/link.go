package rules

import (
	"net/url"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/pasted"
	"github.com/couponlink/couponlink/services/internal/trackinglink"
)

// ParseLink reads what the query of a tracking link carries. Errors are InvalidArgument on the
// parameter.
func ParseLink(rawQuery string) (trackinglink.Link, error) {
	var link trackinglink.Link
	query, err := url.ParseQuery(rawQuery)
	if err != nil {
		return link, apperr.Invalid("MALFORMED_QUERY", "query", "%s", err)
	}
	fields := [...]struct {
		value *string
		names [2]string
	}{
		{&link.Offer, [2]string{"offer_id"}},
		{&link.Publisher, [2]string{"pub_id"}},
		{&link.CouponCode, [2]string{"coupon_code"}},
		{&link.PubClickID, [2]string{"pub_click_id"}},
		{&link.PubSubID, [2]string{"pub_sub_id"}},
		{&link.PubUniques[0], [2]string{"unique1", "pub_unique1"}},
		{&link.PubUniques[1], [2]string{"unique2", "pub_unique2"}},
		{&link.PubUniques[2], [2]string{"unique3", "pub_unique3"}},
		{&link.PubUniques[3], [2]string{"unique4", "pub_unique4"}},
		{&link.PubUniques[4], [2]string{"unique5", "pub_unique5"}},
	}
	for _, f := range fields {
		for _, name := range f.names {
			values, ok := query[name]
			if !ok || name == "" {
				continue
			}
			v := pasted.Trim(values[0])
			if err := CheckText(name, v); err != nil {
				return link, err
			}
			if len(values) > 1 {
				return link, apperr.Invalid("DUPLICATE_PARAMETER", name, "stands %d times in the link; it may stand once", len(values))
			}
			if *f.value != "" && v != *f.value {
				return link, apperr.Invalid("CONFLICTING_ALIASES", name, "says %q, but %s, which means the same, says %q", v, f.names[0], *f.value)
			}
			*f.value = v
		}
	}
	if link.Publisher != "" {
		if err := CheckID(link.Publisher); err != nil {
			return link, apperr.Invalid("INVALID_PUB_ID", "pub_id", "%s", err)
		}
	}
	return link, nil
}
