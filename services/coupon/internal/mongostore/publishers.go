package mongostore

import (
	"context"

	"github.com/couponlink/couponlink/services/coupon/internal/rules"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/mongodb"
)

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
