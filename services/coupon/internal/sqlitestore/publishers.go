package sqlitestore

import (
	"context"
	"database/sql"
	"time"

	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/resource"
	"github.com/couponlink/couponlink/services/internal/sqlitedb/table"
)

func publishersTable() *records[domain.Publisher] {
	return newRecords("publishers", "display_name", func(p *domain.Publisher) string { return p.ID }, table.Of(table.Columns[domain.Publisher]{
		table.Text("id", func(p *domain.Publisher) *string { return &p.ID }),
		table.Text("display_name", func(p *domain.Publisher) *string { return &p.DisplayName }),
		table.Text("state", func(p *domain.Publisher) *domain.PublisherState { return &p.State }),
		table.Text("postback_url", func(p *domain.Publisher) *string { return &p.PostbackURL }),
		table.Text("delivery_method", func(p *domain.Publisher) *domain.DeliveryMethod { return &p.Delivery.Method }),
		table.Text("delivery_statuses", func(p *domain.Publisher) *domain.DeliveryStatuses { return &p.Delivery.Statuses }),
		table.Flag("delivery_only_with_click", func(p *domain.Publisher) *bool { return &p.Delivery.OnlyWithClick }),
		table.Text("delivery_payload_version", func(p *domain.Publisher) *domain.PayloadVersion { return &p.Delivery.PayloadVersion }),
		table.Text("delivery_secret", func(p *domain.Publisher) *string { return &p.DeliverySecret }),
		table.Text("previous_delivery_secret", func(p *domain.Publisher) *string { return &p.PreviousDeliverySecret }),
		table.OptionalTime("previous_delivery_secret_expire_time", func(p *domain.Publisher) *time.Time { return &p.PreviousDeliverySecretExpireTime }),
		table.Time("create_time", func(p *domain.Publisher) *time.Time { return &p.CreateTime }),
		table.Time("update_time", func(p *domain.Publisher) *time.Time { return &p.UpdateTime }),
		table.Number("revision", func(p *domain.Publisher) *int64 { return &p.Revision }),
	}, searchColumn("display_name", func(p *domain.Publisher) *string { return &p.DisplayName })),
		func(p *domain.Publisher) *int64 { return &p.Revision },
		func(p *domain.Publisher) string { return resource.Publisher(p.ID) })
}

// InsertPublisher stores a new publisher.
func (s *Store) InsertPublisher(ctx context.Context, publisher domain.Publisher) error {
	return s.write(ctx, func(tx *sql.Tx) error { return s.publishers.insert(ctx, tx, publisher) })
}

// Publisher returns a publisher by its id.
func (s *Store) Publisher(ctx context.Context, id string) (domain.Publisher, error) {
	return s.publishers.first(ctx, s.reader(), "id = ?", id)
}

// UpdatePublisher replaces a publisher by the result of change.
func (s *Store) UpdatePublisher(
	ctx context.Context, id string, change func(domain.Publisher) (domain.Publisher, error),
) (domain.Publisher, error) {
	return inWrite(ctx, s, func(tx *sql.Tx) (domain.Publisher, error) { return s.publishers.update(ctx, tx, id, change) })
}

// Publishers returns the publishers that a query selects.
func (s *Store) Publishers(ctx context.Context, q listing.Query) ([]domain.Publisher, error) {
	return s.publishers.list(ctx, s.reports(), q)
}
