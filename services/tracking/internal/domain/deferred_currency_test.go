package domain_test

import (
	"testing"

	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// TestEarlyChangeRepeats: a currency without an amount does not make a repeat another change.
func TestEarlyChangeRepeats(t *testing.T) {
	id := func(r domain.Report) string { return domain.DeferChange(r, "c", domain.Postback{}).ID }
	bare := domain.Report{Status: domain.ReportApproved}
	currency := domain.Report{Status: domain.ReportApproved, Amount: money.Money{Currency: "JPY"}}
	amount := domain.Report{Status: domain.ReportApproved, HasAmount: true, Amount: money.Money{Currency: "JPY"}}
	if id(bare) != id(currency) || id(currency) == id(amount) {
		t.Errorf("the ids are %s, %s and, with an amount, %s", id(bare), id(currency), id(amount))
	}
}
