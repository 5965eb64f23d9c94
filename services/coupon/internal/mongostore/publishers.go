package mongostore

import (
	"context"
	"time"

	"github.com/couponlink/couponlink/services/coupon/internal/rules"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/mongodb"
)

type publisherDocument struct {
	ID                 string               `bson:"_id"`
	DisplayName        string               `bson:"display_name"`
	DisplayNameSearch  string               `bson:"display_name_search"`
	State              rules.PublisherState `bson:"state"`
	PostbackURL        string               `bson:"postback_url"`
	Delivery           deliveryDocument     `bson:"delivery"`
	DeliverySecret     string               `bson:"delivery_secret"`
	PreviousSecret     string               `bson:"previous_delivery_secret"`
	PreviousExpireTime *time.Time           `bson:"previous_delivery_secret_expire_time"`
	CreateTime         time.Time            `bson:"create_time"`
	UpdateTime         time.Time            `bson:"update_time"`
	Revision           int64                `bson:"revision"`
}

type deliveryDocument struct {
	Method rules.DeliveryMethod `bson:"method"`
	// Statuses are empty, never null, for all.
	Statuses      []rules.DeliveryStatus `bson:"statuses"`
	OnlyWithClick bool                   `bson:"only_with_click"`
}

func encodeDelivery(s rules.DeliverySettings) deliveryDocument {
	return deliveryDocument{
		Method:        s.Method,
		Statuses:      append([]rules.DeliveryStatus{}, s.Statuses.List()...),
		OnlyWithClick: s.OnlyWithClick,
	}
}

func encodePublisher(p rules.Publisher) publisherDocument {
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

func (d publisherDocument) decode() rules.Publisher {
	p := rules.Publisher{
		ID:          d.ID,
		DisplayName: d.DisplayName,
		State:       d.State,
		PostbackURL: d.PostbackURL,
		Delivery: rules.DeliverySettings{
			Method:        d.Delivery.Method,
			Statuses:      rules.DeliveryStatusesOf(d.Delivery.Statuses...),
			OnlyWithClick: d.Delivery.OnlyWithClick,
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

func publishersOf(db *mongodb.DB) *collection[rules.Publisher, publisherDocument] {
	return &collection[rules.Publisher, publisherDocument]{
		stored:   db.Collection("publishers"),
		encode:   encodePublisher,
		id:       func(p rules.Publisher) string { return p.ID },
		revision: func(p *rules.Publisher) *int64 { return &p.Revision },
	}
}

// InsertPublisher stores a new publisher.
func (s *Store) InsertPublisher(ctx context.Context, publisher rules.Publisher) error {
	return s.publishers.insert(ctx, publisher)
}

// Publisher returns a publisher by its id.
func (s *Store) Publisher(ctx context.Context, id string) (rules.Publisher, error) {
	return s.publishers.first(ctx, byID(id))
}

// UpdatePublisher replaces a publisher by what change makes of it.
func (s *Store) UpdatePublisher(
	ctx context.Context, id string, change func(rules.Publisher) (rules.Publisher, error),
) (rules.Publisher, error) {
	return s.publishers.update(ctx, id, change)
}

// Publishers returns the publishers that a query selects.
func (s *Store) Publishers(ctx context.Context, q listing.Query) ([]rules.Publisher, error) {
	return s.publishers.list(ctx, q)
}
