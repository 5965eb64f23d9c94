package sqlitestore

import (
	"context"

	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

const (
	insertDelivery = `INSERT INTO deliveries (conversion, change, publisher, offer, status, state, due_time, first_due_time, attempt_count,
			holder, create_time, finish_time, payload, attempts)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, '', ?, ?, ?, '') ON CONFLICT (conversion, change, publisher) DO NOTHING`
	setPlanned = `UPDATE conversions SET plan_from = NULL WHERE id = ? AND revision = ?`
)

// Unplanned implements app.DeliveryStore; those that changed first come first.
func (s *Store) Unplanned(ctx context.Context, limit int) ([]domain.Conversion, error) {
	conversions, err := list(ctx, s, scanWhole, selectUnplanned, limit)
	return conversions, readFailure("reading conversions without a plan", err)
}

// Plan implements app.DeliveryStore.
func (s *Store) Plan(ctx context.Context, plans []domain.DeliveryPlan) error {
	if len(plans) == 0 {
		return nil
	}
	return s.queue.Write(ctx, &job{plans: plans})
}

// plan writes plans, all of them in one transaction.
func (w *writer) plan(ctx context.Context, plans []domain.DeliveryPlan) error {
	for _, p := range plans {
		for i := range p.Deliveries {
			w.arguments.clear()
			bindDelivery(&w.arguments, &p.Deliveries[i])
			if _, _, err := w.exec(ctx, w.delivery); err != nil {
				return err
			}
		}
		w.arguments.clear()
		w.arguments.add(hashKey(p.Conversion))
		w.arguments.add(p.Revision)
		if _, _, err := w.exec(ctx, w.planned); err != nil {
			return err
		}
	}
	return nil
}

// bindDelivery binds what insertDelivery takes.
func bindDelivery(a *arguments, d *domain.Delivery) {
	bindDeliveryKey(a, keyOf(d))
	a.add(d.Offer)
	a.add(string(d.Status))
	a.add(string(d.State))
	a.time(d.DueTime)
	a.add(d.FirstDueTime.UnixMilli())
	a.add(int64(d.AttemptCount))
	a.add(d.CreateTime.UnixMilli())
	a.time(d.FinishTime)
	a.add(d.Payload)
}

func bindDeliveryKey(a *arguments, k deliveryKey) {
	a.add(hashKey(k.conversion))
	a.add(int64(k.change))
	a.add(k.publisher)
}
