package couponcsv

import (
	"strconv"
	"strings"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/civilday"
	"github.com/couponlink/couponlink/services/internal/discount"
)

// nameOf returns the resource name for an id or a resource name.
func nameOf(prefix, id string) string {
	if id == "" || strings.HasPrefix(id, prefix) {
		return id
	}
	return prefix + id
}

func startTime(text string, zone *time.Location) (time.Time, error) {
	const field, reason = "start_time", "INVALID_START_TIME"
	if text == "" {
		return time.Time{}, nil
	}
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return bounded(field, reason, beginning(day, zone))
	}
	return moment(field, reason, text)
}

// expireTime parses the time when a coupon expires. People write the last possible day for never, so that day means
// none.
func expireTime(text string, zone *time.Location) (time.Time, error) {
	const field, reason, never = "expire_time", "INVALID_EXPIRE_TIME", "9999-12-31"
	if text == "" || text == never {
		return time.Time{}, nil
	}
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return bounded(field, reason, beginning(day.AddDate(0, 0, 1), zone))
	}
	return moment(field, reason, text)
}

func moment(field, reason, text string) (time.Time, error) {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}, apperr.Invalid(reason, field, "%.40q is no date; write a day as 2026-11-30, or a time as 2026-11-30T18:00:00Z", text)
	}
	return bounded(field, reason, at.UTC())
}

// bounded refuses times that a coupon cannot have. That includes the zero time, which stands for none.
func bounded(field, reason string, at time.Time) (time.Time, error) {
	if at.Year() < 2000 || at.Year() > 9999 {
		return time.Time{}, apperr.Invalid(reason, field, "the time is in the year %d; it must be from 2000 to 9999", at.Year())
	}
	return at, nil
}

// disabled parses whether a coupon is switched off: from its own column or, if that is empty, from the state in an
// export. It refuses archived coupons: importing one would bring back a code that has ended for good.
func disabled(enabled, state string) (bool, error) {
	if strings.EqualFold(state, "ARCHIVED") {
		return false, apperr.New(apperr.FailedPrecondition, "COUPON_ARCHIVED",
			"state: the row is of an archived coupon, which is not created anew; leave the row out, or empty its state")
	}
	switch strings.ToLower(enabled) {
	case "":
		return strings.EqualFold(state, "DISABLED"), nil
	case "true", "yes", "1":
		return false, nil
	case "false", "no", "0":
		return true, nil
	default:
		return false, apperr.Invalid("INVALID_ENABLED", "enabled", "%.40q is neither true nor false", enabled)
	}
}

func limit(field, text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, apperr.Invalid("INVALID_"+strings.ToUpper(field), field, "%.40q is no whole number; leave it empty for any number of sales", text)
	}
	return n, nil
}

// discountOf parses a discount; "" is none.
func discountOf(text string) (discount.Discount, error) {
	if text == "" {
		return discount.Discount{}, nil
	}
	d, err := discount.Parse(text)
	if err != nil {
		return d, apperr.Invalid("INVALID_DISCOUNT", "discount", "%v; write it as in: 20%%; from 50 EUR; first order only", err)
	}
	return d, nil
}

// beginning returns the first moment of a day in a zone, in UTC. The argument is the day's midnight in UTC.
func beginning(day time.Time, zone *time.Location) time.Time {
	year, month, date := day.Date()
	return civilday.Begin(year, month, date, zone).UTC()
}
