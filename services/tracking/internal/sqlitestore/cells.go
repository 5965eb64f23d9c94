package sqlitestore

import (
	"cmp"
	"context"
	"database/sql/driver"
	"slices"
	"strings"

	"github.com/couponlink/couponlink/services/internal/sqlitedb/table"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore/sqlrow"
)

// cellRun is how many cells one statement adds when at least that many wait.
const cellRun = 8

var (
	cellKeyColumns = table.Columns[rollup.Cell]{
		table.Number("cube", func(c *rollup.Cell) *rollup.Cube { return &c.Key.Cube }),
		table.Number("period", func(c *rollup.Cell) *int32 { return &c.Key.Period }),
		table.Text("offer", func(c *rollup.Cell) *string { return &c.Key.Offer }),
		table.Text("publisher", func(c *rollup.Cell) *string { return &c.Key.Publisher }),
		table.Text("coupon_code", func(c *rollup.Cell) *string { return &c.Key.CouponCode }),
		table.Text("status", func(c *rollup.Cell) *domain.Status { return &c.Key.Status }),
		table.Text("method", func(c *rollup.Cell) *domain.Method { return &c.Key.Method }),
		table.Text("currency", func(c *rollup.Cell) *string { return &c.Key.Currency }),
	}
	measureColumns = table.Of(table.Columns[rollup.Cell]{
		table.Number("clicks", func(c *rollup.Cell) *int64 { return &c.Clicks }),
		table.Number("conversions", func(c *rollup.Cell) *int64 { return &c.Conversions }),
		table.Number("clickless", func(c *rollup.Cell) *int64 { return &c.Clickless }),
	},
		sumColumns("amount", func(c *rollup.Cell) *rollup.Sum { return &c.Amount }),
		sumColumns("refunded", func(c *rollup.Cell) *rollup.Sum { return &c.Refunded }),
		sumColumns("payout", func(c *rollup.Cell) *rollup.Sum { return &c.Payout }),
		sumColumns("revenue", func(c *rollup.Cell) *rollup.Sum { return &c.Revenue }),
		sumColumns("discount", func(c *rollup.Cell) *rollup.Sum { return &c.Discount }))
	cellColumns = table.Of(cellKeyColumns, measureColumns)
)

func sumColumns(name string, at func(*rollup.Cell) *rollup.Sum) table.Columns[rollup.Cell] {
	return table.Columns[rollup.Cell]{
		table.Number(name+"_units", func(c *rollup.Cell) *int64 { return &at(c).Units }),
		table.Number(name+"_nanos", func(c *rollup.Cell) *int64 { return &at(c).Nanos }),
	}
}

// addCells returns the statement that adds n cells to the stored ones. For OR ROLLBACK see inRuns.
func addCells(n int) string {
	sums := make([]string, len(measureColumns))
	for i, column := range measureColumns {
		sums[i] = column.Name + " = " + column.Name + " + excluded." + column.Name
	}
	return `INSERT OR ROLLBACK` + cellColumns.Into("figures") + strings.Repeat(", ("+cellColumns.Marks()+")", n-1) +
		` ON CONFLICT DO UPDATE SET ` + strings.Join(sums, ", ")
}

// cellWriter adds cells to the stored ones, on the driver's connection.
type cellWriter struct {
	// run adds cellRun of them.
	one, run  driver.StmtExecContext
	arguments sqlrow.Arguments
}

// add adds cells in the order of their table, so that each of its pages is touched once.
func (w *cellWriter) add(ctx context.Context, cells []rollup.Cell) error {
	slices.SortFunc(cells, func(a, b rollup.Cell) int { return compareKeys(&a.Key, &b.Key) })
	for len(cells) > 0 {
		statement, n := w.one, 1
		if len(cells) >= cellRun {
			statement, n = w.run, cellRun
		}
		w.arguments.Clear()
		for i := range cells[:n] {
			if err := sqlrow.Bind(&w.arguments, cellColumns, &cells[i]); err != nil {
				return err
			}
		}
		if _, err := statement.ExecContext(ctx, w.arguments.Values); err != nil {
			return err
		}
		cells = cells[n:]
	}
	return nil
}

func compareKeys(a, b *rollup.CellKey) int {
	if order := cmp.Or(cmp.Compare(a.Cube, b.Cube), cmp.Compare(a.Period, b.Period)); order != 0 {
		return order
	}
	return cmp.Or(strings.Compare(a.Offer, b.Offer), strings.Compare(a.Publisher, b.Publisher), strings.Compare(a.CouponCode, b.CouponCode),
		cmp.Compare(a.Status, b.Status), cmp.Compare(a.Method, b.Method), strings.Compare(a.Currency, b.Currency))
}
