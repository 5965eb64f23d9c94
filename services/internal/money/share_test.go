package money_test

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/internal/propertytest"
)

func TestShare(t *testing.T) {
	eur := func(units int64, nanos int32) money.Money {
		return money.Money{Currency: "EUR", Units: units, Nanos: nanos}
	}
	for _, tt := range []struct{ of, part, whole, want money.Money }{
		{eur(100, 0), eur(40, 0), eur(80, 0), eur(50, 0)},
		{eur(100, 0), eur(80, 0), eur(80, 0), eur(100, 0)},
		{eur(100, 0), eur(0, 0), eur(80, 0), eur(0, 0)},
		{eur(20, 0), eur(0, 0), eur(0, 0), eur(20, 0)},
		{eur(1, 0), eur(1, 0), eur(3, 0), eur(0, 333_333_333)},
		{eur(1, 0), eur(2, 0), eur(3, 0), eur(0, 666_666_667)},
		{eur(0, 1), eur(1, 0), eur(2, 0), eur(0, 0)}, // half to even
		{eur(0, 3), eur(1, 0), eur(2, 0), eur(0, 2)},
		{eur(999_999_999_999, 999_999_999), eur(999_999_999_998, 0), eur(999_999_999_999, 0), eur(999_999_999_998, 999_999_999)},
	} {
		if got := tt.of.Share(tt.part, tt.whole); got != tt.want {
			t.Errorf("%v of %v in %v is %v, want %v", tt.part, tt.whole, tt.of, got, tt.want)
		}
	}
}

// TestPropertyShare checks that a share is the nearest billionth.
func TestPropertyShare(t *testing.T) {
	propertytest.Check(t, func(rt *rapid.T) {
		whole, of := drawAmount(rt, "EUR"), drawAmount(rt, "EUR")
		part := drawAmount(rt, "EUR")
		if whole.IsZero() || whole.Less(part) {
			return
		}
		got := of.Share(part, whole)
		exact := new(big.Rat).SetFrac(new(big.Int).Mul(nanos(of), nanos(part)), nanos(whole))
		off := exact.Sub(exact, new(big.Rat).SetInt(nanos(got)))
		if off.Abs(off).Cmp(big.NewRat(1, 2)) > 0 || of.Less(got) {
			rt.Fatalf("%v of %v in %v is %v", part, whole, of, got)
		}
	})
}
