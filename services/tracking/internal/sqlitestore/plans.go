package sqlitestore

import (
	"context"

	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

const setPlanned = `UPDATE conversions SET plan_from = NULL WHERE id = ? AND revision = ?`

// Unplanned implements delivery.Store. The earliest change comes first.
func (s *Store) Unplanned(ctx context.Context, limit int) ([]domain.Conversion, error) {
	conversions, err := list(ctx, s, scanWhole, selectUnplanned, limit)
	return conversions, readFailure("reading conversions without a plan", err)
}

func (s *Store) Plan(ctx context.Context, plans []domain.DeliveryPlan) error {
	if len(plans) == 0 {
		return nil
	}
	return s.queue.Write(ctx, &job{plans: plans})
}

// plan writes all plans in one transaction.
func (w *writer) plan(ctx context.Context, plans []domain.DeliveryPlan) error {
	for _, p := range plans {
		for i := range p.Deliveries {
			w.arguments.clear()
			if err := bind(&w.arguments, insertedDeliveries, &p.Deliveries[i]); err != nil {
				return err
			}
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

func bindDeliveryKey(a *arguments, k deliveryKey) {
	a.add(hashKey(k.conversion))
	a.add(int64(k.change))
	a.add(k.publisher)
}
