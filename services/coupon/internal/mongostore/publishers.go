package mongostore

import (
	"context"
	"time"

	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/internal/resource"
)

type publisherDocument struct {
	ID                 string                `bson:"_id"`
	DisplayName        string                `bson:"display_name"`
	DisplayNameSearch  string                `bson:"display_name_search"`
	State              domain.PublisherState `bson:"state"`
	PostbackURL        string                `bson:"postback_url"`
	Delivery           deliveryDocument      `bson:"delivery"`
	DeliverySecret     string                `bson:"delivery_secret"`
	PreviousSecret     string                `bson:"previous_delivery_secret"`
	PreviousExpireTime *time.Time            `bson:"previous_delivery_secret_expire_time"`
	CreateTime         time.Time             `bson:"create_time"`
	UpdateTime         time.Time             `bson:"update_time"`
	Revision           int64                 `bson:"revision"`
}

type deliveryDocument struct {
	Method domain.DeliveryMethod `bson:"method"`
	// Statuses is empty, never null, if all statuses are delivered.
	Statuses       []domain.DeliveryStatus `bson:"statuses"`
	OnlyWithClick  bool                    `bson:"only_with_click"`
	PayloadVersion domain.PayloadVersion   `bson:"payload_version"`
}

func encodeDelivery(s domain.DeliverySettings) deliveryDocument {
	return deliveryDocument{
		Method:         s.Method,
		Statuses:       append([]domain.DeliveryStatus{}, s.Statuses.List()...),
		OnlyWithClick:  s.OnlyWithClick,
		PayloadVersion: s.PayloadVersion,
	}
}

func encodePublisher(p domain.Publisher) publisherDocument {
	document := publisherDocument{
		ID:                p.ID,
		DisplayName:       p.DisplayName,
		DisplayNameSearch: listing.SearchKey(p.DisplayName),
		State:             p.State,
		PostbackURL:       p.PostbackURL,
		Delivery:          encodeDelivery(p.Delivery),
		DeliverySecret:    p.DeliverySecret,
		PreviousSecret:    p.PreviousDeliverySecret,
		CreateTime:        p.CreateTime,
		UpdateTime:        p.UpdateTime,
		Revision:          p.Revision,
	}
	if !p.PreviousDeliverySecretExpireTime.IsZero() {
		document.PreviousExpireTime = &p.PreviousDeliverySecretExpireTime
	}
	return document
}

func (d publisherDocument) decode() domain.Publisher {
	p := domain.Publisher{
		ID:          d.ID,
		DisplayName: d.DisplayName,
		State:       d.State,
		PostbackURL: d.PostbackURL,
		Delivery: domain.DeliverySettings{
			Method:         d.Delivery.Method,
			Statuses:       domain.DeliveryStatusesOf(d.Delivery.Statuses...),
			OnlyWithClick:  d.Delivery.OnlyWithClick,
			PayloadVersion: d.Delivery.PayloadVersion,
		},
		DeliverySecret:         d.DeliverySecret,
		PreviousDeliverySecret: d.PreviousSecret,
		CreateTime:             d.CreateTime,
		UpdateTime:             d.UpdateTime,
		Revision:               d.Revision,
	}
	if d.PreviousExpireTime != nil {
		p.PreviousDeliverySecretExpireTime = *d.PreviousExpireTime
	}
	return p
}

func publishersOf(db *mongodb.DB) *collection[domain.Publisher, publisherDocument] {
	return &collection[domain.Publisher, publisherDocument]{
		stored:   db.Collection("publishers"),
		encode:   encodePublisher,
		id:       func(p domain.Publisher) string { return p.ID },
		revision: func(p *domain.Publisher) *int64 { return &p.Revision },
		resource: func(p domain.Publisher) string { return resource.Publisher(p.ID) },
	}
}

// InsertPublisher stores a new publisher.
func (s *Store) InsertPublisher(ctx context.Context, publisher domain.Publisher) error {
	return s.publishers.insert(ctx, publisher)
}

// Publisher returns a publisher by its id.
func (s *Store) Publisher(ctx context.Context, id string) (domain.Publisher, error) {
	return s.publishers.first(ctx, byID(id))
}

// UpdatePublisher replaces a publisher with the result of change.
func (s *Store) UpdatePublisher(
	ctx context.Context, id string, change func(domain.Publisher) (domain.Publisher, error),
) (domain.Publisher, error) {
	return s.publishers.update(ctx, id, change)
}

// Publishers returns the publishers that a query selects.
func (s *Store) Publishers(ctx context.Context, q listing.Query) ([]domain.Publisher, error) {
	return s.publishers.list(ctx, q)
}
