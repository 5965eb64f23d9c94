package grpcapi

import (
	"fmt"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/money/moneyproto"
)

// withoutOldKind removes the stored percentage, amounts or free shipping from a merged discount if the request replaces
// it with another of them. The proto has no oneof for them, because a oneof cannot contain a list.
func withoutOldKind(merged, request *couponv1.Discount) {
	percent, fixed, free := request.GetPercent() != "", len(request.GetFixed()) > 0, request.GetFreeShipping()
	if kindsOf(merged) < 2 {
		return
	}
	if !percent {
		merged.Percent = ""
	}
	if !fixed {
		merged.Fixed = nil
	}
	if !free {
		merged.FreeShipping = false
	}
}

// kindsOf counts how many of percent, fixed and free_shipping a discount sets.
func kindsOf(d *couponv1.Discount) (kinds int) {
	for _, set := range []bool{d.GetPercent() != "", len(d.GetFixed()) > 0, d.GetFreeShipping()} {
		if set {
			kinds++
		}
	}
	return kinds
}

// basketOf returns the basket of a request, unchecked; nil for nil. The error (INVALID_BASKET) names each line without an
// amount.
func basketOf(m *couponv1.Basket) (*domain.Basket, error) {
	if m == nil {
		return nil, nil
	}
	var found apperr.Findings
	basket := &domain.Basket{
		Currency: m.GetCurrencyCode(), Lines: make([]domain.BasketLine, len(m.GetLines())),
		Shipping: moneyproto.Money(m.GetShipping()), FirstOrder: m.GetFirstOrder(),
	}
	for i, line := range m.GetLines() {
		if line.GetAmount() == nil {
			found.Add(apperr.Invalid("INVALID_BASKET", fmt.Sprintf("basket.lines[%d].amount", i), "the line has no amount"))
		}
		basket.Lines[i] = domain.BasketLine{
			ID: line.GetId(), Categories: line.GetCategories(), Quantity: line.GetQuantity(), Amount: moneyproto.Money(line.GetAmount()),
		}
	}
	return basket, found.Err()
}

// basketDiscount returns the proto of what is taken off a basket; nil if the discount does not apply.
func basketDiscount(s *domain.Saving, basket *couponv1.Basket) *couponv1.BasketDiscount {
	if s.Reason != domain.NoReason {
		return nil
	}
	lines := make([]*couponv1.BasketDiscountLine, len(s.Lines))
	for i, amount := range s.Lines {
		lines[i] = &couponv1.BasketDiscountLine{Id: basket.GetLines()[i].GetId(), Amount: moneyproto.OfMoney(amount)}
	}
	return &couponv1.BasketDiscount{Total: moneyproto.OfMoney(s.Total), Lines: lines, Shipping: moneyproto.OfMoney(s.Shipping)}
}
