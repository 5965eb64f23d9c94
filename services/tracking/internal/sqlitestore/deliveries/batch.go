package deliveries

import (
	"context"
	"database/sql/driver"

	"github.com/couponlink/couponlink/services/tracking/internal/domain/delivery"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore/sqlrow"
)

const setPlanned = `UPDATE conversions SET plan_from = NULL WHERE id = ? AND revision = ?`

// Batch writes plans and the results of attempts in the transaction of a batch. Both are frequent, so it uses the driver's
// statements.
type Batch struct {
	insert, planned, finish, nextIsDue driver.StmtExecContext
	arguments                          sqlrow.Arguments
}

// Write is one write of a batch. If it fails, the whole batch does.
type Write func(context.Context, *Batch) error

// Statements returns the statements that must be prepared before the first Write.
func (b *Batch) Statements() []sqlrow.Statement {
	return []sqlrow.Statement{
		{To: &b.insert, SQL: insertDelivery},
		{To: &b.planned, SQL: setPlanned},
		{To: &b.finish, SQL: finishDelivery},
		{To: &b.nextIsDue, SQL: setNextDue},
	}
}

func (s *Store) Plan(ctx context.Context, plans []delivery.Plan) error {
	if len(plans) == 0 {
		return nil
	}
	return s.batch(ctx, func(ctx context.Context, b *Batch) error { return b.plan(ctx, plans) })
}

// plan writes all plans in one transaction.
func (b *Batch) plan(ctx context.Context, plans []delivery.Plan) error {
	for _, p := range plans {
		for i := range p.Deliveries {
			b.arguments.Clear()
			if err := sqlrow.Bind(&b.arguments, insertedDeliveries, &p.Deliveries[i]); err != nil {
				return err
			}
			if _, err := b.insert.ExecContext(ctx, b.arguments.Values); err != nil {
				return err
			}
		}
		b.arguments.Clear()
		b.arguments.Add(sqlrow.HashKey(p.Conversion))
		b.arguments.Add(p.Revision)
		if _, err := b.planned.ExecContext(ctx, b.arguments.Values); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) FinishDelivery(ctx context.Context, delivery delivery.Delivery, holder string) error {
	// Encoded here and not in the one writer, since everyone waits for that.
	attempts, err := attemptsColumn.Bind(&delivery)
	if err != nil {
		return err
	}
	return s.batch(ctx, func(ctx context.Context, b *Batch) error { return b.finished(ctx, &delivery, attempts, holder) })
}

// finished writes the result of an attempt, and releases the deliveries that waited for this one to end.
func (b *Batch) finished(ctx context.Context, d *delivery.Delivery, attempts driver.Value, holder string) error {
	a := &b.arguments
	a.Clear()
	if err := sqlrow.Bind(a, triedColumns, d); err != nil {
		return err
	}
	a.Add(attempts)
	bindKey(a, keyOf(d))
	a.Add(holder)
	result, err := b.finish.ExecContext(ctx, a.Values)
	if err != nil {
		return err
	}
	rows, err := result.RowsAffected()
	if err != nil || rows == 0 || d.State == delivery.Due {
		return err
	}
	a.Clear()
	a.AddTime(d.FinishTime)
	bindKey(a, keyOf(d))
	a.AddTime(d.FinishTime)
	_, err = b.nextIsDue.ExecContext(ctx, a.Values)
	return err
}

func bindKey(a *sqlrow.Arguments, k deliveryKey) {
	a.Add(sqlrow.HashKey(k.conversion))
	a.Add(int64(k.change))
	a.Add(k.publisher)
}
