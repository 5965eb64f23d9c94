package sqlitestore

import (
	"cmp"
	"context"
	"database/sql/driver"
	"slices"
	"strings"

	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
)

const (
	// cellRun is how many cells one statement adds where there are as many.
	cellRun = 8

	cellColumns = `cube, period, offer, publisher, coupon_code, status, method, currency, clicks, conversions, clickless,
		amount_units, amount_nanos, refunded_units, refunded_nanos, payout_units, payout_nanos, revenue_units, revenue_nanos`
	cellValues = `(?, ?, ifnull(?, ''), ifnull(?, ''), ifnull(?, ''), ifnull(?, ''), ifnull(?, ''), ifnull(?, ''), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	onCell     = ` ON CONFLICT DO UPDATE SET clicks = clicks + excluded.clicks,
		conversions = conversions + excluded.conversions, clickless = clickless + excluded.clickless,
		amount_units = amount_units + excluded.amount_units, amount_nanos = amount_nanos + excluded.amount_nanos,
		refunded_units = refunded_units + excluded.refunded_units, refunded_nanos = refunded_nanos + excluded.refunded_nanos,
		payout_units = payout_units + excluded.payout_units, payout_nanos = payout_nanos + excluded.payout_nanos,
		revenue_units = revenue_units + excluded.revenue_units, revenue_nanos = revenue_nanos + excluded.revenue_nanos`
)

// addCells returns the statement that adds n cells to those that are kept. It says OR ROLLBACK for the
// reason that inRuns has.
func addCells(n int) string {
	return `INSERT OR ROLLBACK INTO figures (` + cellColumns + `) VALUES ` + cellValues + strings.Repeat(", "+cellValues, n-1) + onCell
}

// cellWriter adds cells to those that are kept, on the driver's connection.
type cellWriter struct {
	// run adds cellRun of them.
	one, run  driver.StmtExecContext
	arguments arguments
}

// add adds cells, in the order of their table, which touches each of its pages once.
func (w *cellWriter) add(ctx context.Context, cells []rollup.Cell) error {
	slices.SortFunc(cells, func(a, b rollup.Cell) int { return compareKeys(&a.Key, &b.Key) })
	for len(cells) > 0 {
		statement, n := w.one, 1
		if len(cells) >= cellRun {
			statement, n = w.run, cellRun
		}
		w.arguments.clear()
		for i := range cells[:n] {
			bindCell(&w.arguments, &cells[i])
		}
		if _, err := statement.ExecContext(ctx, w.arguments.values); err != nil {
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

// bindCell binds what one cell takes.
func bindCell(a *arguments, c *rollup.Cell) {
	a.add(int64(c.Key.Cube))
	a.add(int64(c.Key.Period))
	for _, text := range []string{c.Key.Offer, c.Key.Publisher, c.Key.CouponCode, string(c.Key.Status), string(c.Key.Method), c.Key.Currency} {
		a.text(text)
	}
	a.add(c.Clicks)
	a.add(c.Conversions)
	a.add(c.Clickless)
	for _, sum := range []rollup.Sum{c.Amount, c.Refunded, c.Payout, c.Revenue} {
		a.add(sum.Units)
		a.add(sum.Nanos)
	}
}

// scanCell reads a row of cellColumns.
func scanCell(row scanner) (rollup.Cell, error) {
	var c rollup.Cell
	k := &c.Key
	err := row.Scan(&k.Cube, &k.Period, &k.Offer, &k.Publisher, &k.CouponCode, &k.Status, &k.Method, &k.Currency,
		&c.Clicks, &c.Conversions, &c.Clickless, &c.Amount.Units, &c.Amount.Nanos, &c.Refunded.Units, &c.Refunded.Nanos,
		&c.Payout.Units, &c.Payout.Nanos, &c.Revenue.Units, &c.Revenue.Nanos)
	return c, err
}
