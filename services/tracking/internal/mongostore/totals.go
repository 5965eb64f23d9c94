package mongostore

import (
	"context"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/listing/bsonquery"
	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
)

// Totals adds up the conversions that satisfy a condition, in one pass of the server's.
func (s *Store) Totals(ctx context.Context, where listing.Expr) ([]rollup.Cell, error) {
	filter, _ := bsonquery.Build(listing.Query{Where: where})
	amounts := []string{"amount", "refunded_amount", "payout", "revenue", "discount"}
	addition := mongodb.Addition{Empty: "click"}
	for _, amount := range amounts {
		addition.By = append(addition.By, amount+".currency_code")
		addition.Of = append(addition.Of, amount+".units", amount+".nanos")
	}
	sums, err := s.db.SumAll(mongodb.WithLimit(ctx, scanTimeout), conversions, filter, addition)
	if err != nil {
		return nil, err
	}
	tally := rollup.New(s.calendar)
	for _, sum := range sums {
		tally.Add(rollup.Cell{Measures: rollup.Measures{Conversions: sum.Count, Clickless: sum.Empty}})
		for i, currency := range sum.By {
			of := rollup.Sum{Units: sum.Of[2*i], Nanos: sum.Of[2*i+1]}
			measures := [5]rollup.Measures{{Amount: of}, {Refunded: of}, {Payout: of}, {Revenue: of}, {Discount: of}}
			tally.Add(rollup.Cell{Key: rollup.CellKey{Currency: currency}, Measures: measures[i]})
		}
	}
	return tally.Cells(), nil
}
