package domain_test

import (
	"strings"
	"testing"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/partner"
)

func TestCheckUnproven(t *testing.T) {
	limit := money.Money{Currency: "EUR", Units: 100, Nanos: 500_000_000}
	for _, tt := range []struct {
		says          string
		limit         money.Money
		offerCurrency string
		query         string
		field, names  string
	}{
		{says: "no limit", offerCurrency: "EUR", query: "amount=999999&currency=JPY"},
		{says: "no amount", limit: limit, offerCurrency: "EUR", query: "currency=JPY"},
		{says: "as much as the limit", limit: limit, offerCurrency: "EUR", query: "amount=100.5"},
		{says: "a bit more", limit: limit, offerCurrency: "EUR", query: "amount=100.500000001", field: "amount", names: "100.5 EUR"},
		{says: "in the offer's currency, which is another", limit: limit, offerCurrency: "USD", query: "amount=1", field: "currency", names: "EUR"},
		{says: "in the limit's currency by its name", limit: limit, offerCurrency: "USD", query: "amount=100&currency=eur"},
		{says: "too much in it", limit: limit, offerCurrency: "USD", query: "amount=101&currency=eur", field: "amount", names: "100.5 EUR"},
		{says: "little in another currency", limit: limit, offerCurrency: "EUR", query: "amount=1&currency=KWD", field: "currency", names: "EUR"},
		{says: "a limit of nothing", limit: money.Money{Currency: "EUR"}, offerCurrency: "EUR", query: "amount=0.01", field: "amount", names: "0 EUR"},
	} {
		t.Run(tt.says, func(t *testing.T) {
			r, err := partner.ParsePostback(partner.ParseQuery(tt.query), sale)
			if err != nil {
				t.Fatal(err)
			}
			err = domain.Offer{CurrencyCode: tt.offerCurrency, OpenPostbackMaxAmount: tt.limit}.CheckUnproven(r)
			e := apperr.As(err)
			if (e == nil) != (tt.field == "") {
				t.Fatalf("got %v", err)
			}
			if e != nil && (e.Kind != apperr.InvalidArgument || e.Reason != domain.AmountOverLimit || e.Violations[0].Field != tt.field || !strings.Contains(e.Message, tt.names)) {
				t.Errorf("got %+v, want it on %s, naming %s", e, tt.field, tt.names)
			}
		})
	}
}
