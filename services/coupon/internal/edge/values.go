package edge

import (
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/money"
)

// enum is a proto enum whose names are the domain's values.
type enum interface {
	protoreflect.Enum
	String() string
}

// choice returns the domain's value of an enum, fallback where it is unspecified. A number that
// has no name comes back as its digits, which the rules refuse.
func choice[T ~string](value enum, fallback T) T {
	if value.Number() == 0 {
		return fallback
	}
	return T(value.String())
}

// timeOf returns a timestamp as the domain keeps times; the zero time where there is none.
func timeOf(field, reason string, stamp *timestamppb.Timestamp) (time.Time, error) {
	if stamp == nil {
		return time.Time{}, nil
	}
	t := stamp.AsTime().Truncate(time.Millisecond)
	if !stamp.IsValid() || t.IsZero() {
		return time.Time{}, apperr.Invalid(reason, field, "the time is not from the years 2000 to 9999 with 0 to 999,999,999 nanos")
	}
	return t, nil
}

// durationOf returns a duration, fallback where there is none.
func durationOf(field, reason string, d *durationpb.Duration, fallback time.Duration) (time.Duration, error) {
	if d == nil {
		return fallback, nil
	}
	if !d.IsValid() {
		return 0, apperr.Invalid(reason, field, "the duration is malformed; seconds and nanos must have the same sign")
	}
	return d.AsDuration(), nil
}

// stamp returns a proto timestamp; nil for the zero time.
func stamp(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

// payoutOf returns a payout; none where there is none.
func payoutOf(p *couponv1.Payout) (money.Payout, error) {
	switch kind := p.GetKind().(type) {
	case *couponv1.Payout_Fixed:
		fixed := money.Money{Currency: kind.Fixed.GetCurrencyCode(), Units: kind.Fixed.GetUnits(), Nanos: kind.Fixed.GetNanos()}
		return money.Payout{Kind: money.Fixed, Fixed: fixed}, nil
	case *couponv1.Payout_Percent:
		percent, err := money.ParsePercent(kind.Percent)
		if err != nil {
			return money.Payout{}, apperr.Invalid("INVALID_PAYOUT", "payout.percent", "%v", err)
		}
		return money.Payout{Kind: money.Percent, Percent: percent}, nil
	default:
		if p != nil {
			return money.Payout{}, apperr.Invalid("INVALID_PAYOUT", "payout", "the payout says neither fixed nor percent")
		}
		return money.Payout{}, nil
	}
}

// payout returns the proto of a payout; nil for none.
func payout(p money.Payout) *couponv1.Payout {
	switch p.Kind {
	case money.Fixed:
		fixed := &couponv1.Money{CurrencyCode: p.Fixed.Currency, Units: p.Fixed.Units, Nanos: p.Fixed.Nanos}
		return &couponv1.Payout{Kind: &couponv1.Payout_Fixed{Fixed: fixed}}
	case money.Percent:
		return &couponv1.Payout{Kind: &couponv1.Payout_Percent{Percent: money.FormatPercent(p.Percent)}}
	default:
		return nil
	}
}
