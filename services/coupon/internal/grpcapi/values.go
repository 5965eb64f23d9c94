package grpcapi

import (
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/internal/money/moneyproto"
)

// enum is a proto enum whose names, without their prefix, are the domain's values.
type enum interface {
	protoreflect.Enum
	String() string
}

// choice returns the domain's value of an enum, or fallback if it is unspecified. An unknown number is
// returned as its digits, which the domain refuses.
func choice[T ~string](value enum, fallback T) T {
	if value.Number() == 0 {
		return fallback
	}
	return T(value.String())
}

// timeOf returns a timestamp as the domain stores times; the zero time if it is unset.
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

// durationOf returns a duration, or fallback if it is unset.
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

// optionalDuration returns a duration that may be unset.
func optionalDuration(field, reason string, d *durationpb.Duration) (domain.OptionalDuration, error) {
	value, err := durationOf(field, reason, d, 0)
	return domain.OptionalDuration{IsSet: d != nil, Value: value}, err
}

// optionalDurationProto returns the proto of a duration; nil if it is unset.
func optionalDurationProto(d domain.OptionalDuration) *durationpb.Duration {
	if !d.IsSet {
		return nil
	}
	return durationpb.New(d.Value)
}

// payoutOf returns the payout in a field; the zero payout if it is unset.
func payoutOf(field, reason string, p *couponv1.Payout) (money.Payout, error) {
	if p == nil {
		return money.Payout{}, nil
	}
	var found apperr.Findings
	most, err := optionalMoney(field+".cap", reason, p.GetCap())
	found.Add(err)
	payout := money.Payout{Cap: most}
	switch kind := p.GetKind().(type) {
	case *couponv1.Payout_Fixed:
		payout.Kind, payout.Fixed = money.Fixed, moneyproto.Money(kind.Fixed)
	case *couponv1.Payout_Percent:
		percent, err := money.ParsePercent(kind.Percent)
		if err != nil {
			found.Add(apperr.Invalid(reason, field+".percent", "%v", err))
		}
		payout.Kind, payout.Percent = money.Percent, percent
	default:
		found.Add(apperr.Invalid(reason, field, "the %s says neither fixed nor percent", field))
		payout = money.Payout{}
	}
	return payout, found.Err()
}

// withoutOldCap removes a percentage's stored cap from a merged payout if the request removes the percentage
// and does not mention the cap. It returns nil if nothing is left.
func withoutOldCap(merged, request *couponv1.Payout) *couponv1.Payout {
	_, isPercent := merged.GetKind().(*couponv1.Payout_Percent)
	if isPercent || merged.GetCap() == nil || request.GetCap() != nil {
		return merged
	}
	if merged.GetKind() == nil {
		return nil
	}
	merged.Cap = nil
	return merged
}

// optionalMoney returns the amount in a field; the zero amount if it is unset.
func optionalMoney(field, reason string, m *couponv1.Money) (money.Money, error) {
	if m != nil && m.GetCurrencyCode() == "" { // it would look like an unset amount
		return money.Money{}, apperr.Invalid(reason, field, "the amount has no currency_code")
	}
	return moneyproto.Money(m), nil
}
