package sqlitestore

import (
	"context"
	"database/sql"

	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/listing"
)

func publishersTable() *table[domain.Publisher] {
	return &table[domain.Publisher]{
		name: "publishers",
		columns: []string{
			"id", "display_name", "state", "postback_url", "delivery_method", "delivery_statuses", "delivery_only_with_click",
			"delivery_secret", "previous_delivery_secret", "previous_delivery_secret_expire_time",
			"create_time", "update_time", "revision",
		},
		values: func(p domain.Publisher) []any {
			return []any{
				p.ID, p.DisplayName, string(p.State), p.PostbackURL, string(p.Delivery.Method), string(p.Delivery.Statuses),
				flag(p.Delivery.OnlyWithClick),
				p.DeliverySecret, p.PreviousDeliverySecret, millisOrNull(p.PreviousDeliverySecretExpireTime),
				p.CreateTime.UnixMilli(), p.UpdateTime.UnixMilli(), p.Revision,
			}
		},
		title:   "display_name",
		titleOf: func(p domain.Publisher) string { return p.DisplayName },
		scan: func(r row) (p domain.Publisher, err error) {
			err = r.Scan(
				&p.ID, &p.DisplayName, &p.State, &p.PostbackURL, &p.Delivery.Method, &p.Delivery.Statuses, &p.Delivery.OnlyWithClick,
				&p.DeliverySecret, &p.PreviousDeliverySecret,
				optionalMillis{&p.PreviousDeliverySecretExpireTime},
				millis{&p.CreateTime}, millis{&p.UpdateTime},
				&p.Revision)
			return p, err
		},
		id:       func(p domain.Publisher) string { return p.ID },
		revision: func(p *domain.Publisher) *int64 { return &p.Revision },
	}
}

// InsertPublisher stores a new publisher.
func (s *Store) InsertPublisher(ctx context.Context, publisher domain.Publisher) error {
	return s.db.Write(ctx, func(tx *sql.Tx) error { return s.publishers.insert(ctx, tx, publisher) })
}

// Publisher returns a publisher by its id.
func (s *Store) Publisher(ctx context.Context, id string) (domain.Publisher, error) {
	return s.publishers.first(ctx, s.db.Read(), "id = ?", id)
}

// UpdatePublisher replaces a publisher by what change makes of it.
func (s *Store) UpdatePublisher(
	ctx context.Context, id string, change func(domain.Publisher) (domain.Publisher, error),
) (domain.Publisher, error) {
	return inWrite(ctx, s, func(tx *sql.Tx) (domain.Publisher, error) { return s.publishers.update(ctx, tx, id, change) })
}

// Publishers returns the publishers that a query selects.
func (s *Store) Publishers(ctx context.Context, q listing.Query) ([]domain.Publisher, error) {
	return s.publishers.list(ctx, s.db.Reports(), q)
}
