package rules_test

import (
	"testing"

	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/tracking/internal/rules"
)

// TestEarlyChangeRepeats: a currency without an amount does not make a repeat another change.
func TestEarlyChangeRepeats(t *testing.T) {
	id := func(r rules.Report) string { return rules.DeferChange(r, "c", rules.Postback{}).ID }
	bare := rules.Report{Status: rules.ReportApproved}
	currency := rules.Report{Status: rules.ReportApproved, Amount: money.Money{Currency: "JPY"}}
	amount := rules.Report{Status: rules.ReportApproved, HasAmount: true, Amount: money.Money{Currency: "JPY"}}
	if id(bare) != id(currency) || id(currency) == id(amount) {
		t.Errorf("the ids are %s, %s and, with an amount, %s", id(bare), id(currency), id(amount))
	}
}
