package app

import (
	"context"
	"errors"

	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/resource"
	"github.com/couponlink/couponlink/services/internal/rows"
)

// CreatePublisher stores a new publisher, with a generated id if its id is empty, and returns it with its
// delivery secret. Errors: InvalidArgument; AlreadyExists (PUBLISHER_EXISTS).
func (s *Service) CreatePublisher(ctx context.Context, publisher domain.Publisher) (domain.Publisher, error) {
	checked, err := s.checkNewPublisher(publisher)
	if err != nil {
		return domain.Publisher{}, apperr.Join(err, s.checkPublisherIsNew(ctx, publisher.ID))
	}
	checked.DeliverySecret = NewSecret()
	err = withID(publisher.ID, func(id string) error {
		checked.ID = id
		defer s.memory.forget()
		return s.store.InsertPublisher(ctx, checked)
	})
	if errors.Is(err, ErrExists) {
		return domain.Publisher{}, publisherExists(publisher.ID)
	}
	return checked, orMissing(err, err, "storing a publisher")
}

// TryPublisher is CreatePublisher without storing anything. The returned publisher has no delivery secret,
// and no id if the caller chose none.
func (s *Service) TryPublisher(ctx context.Context, publisher domain.Publisher) (domain.Publisher, error) {
	checked, err := s.checkNewPublisher(publisher)
	return checked, apperr.Join(err, s.checkPublisherIsNew(ctx, publisher.ID))
}

func (s *Service) checkNewPublisher(publisher domain.Publisher) (domain.Publisher, error) {
	publisher.CreateTime = s.Now()
	publisher.UpdateTime, publisher.Revision = publisher.CreateTime, 1
	checked, err := domain.CheckPublisher(publisher, s.checkHost)
	return checked, apperr.Join(err, checkChosenID("publisher_id", publisher.ID))
}

// checkPublisherIsNew refuses the id of an existing publisher. It serves dry runs and lists this fault with
// others. CreatePublisher relies on the store to refuse duplicates.
func (s *Service) checkPublisherIsNew(ctx context.Context, id string) error {
	if id == "" {
		return nil
	}
	switch _, err := s.store.Publisher(ctx, id); {
	case err == nil:
		return publisherExists(id)
	case errors.Is(err, ErrNotFound):
		return nil
	default:
		return orMissing(err, err, "reading a publisher")
	}
}

func publisherExists(id string) error {
	return apperr.New(apperr.AlreadyExists, "PUBLISHER_EXISTS", "publisher %s exists already; choose another id", id).
		On("publisher_id").With("publisher", resource.Publisher(id))
}

// Publisher returns a publisher. Errors: NotFound, PUBLISHER_NOT_FOUND.
func (s *Service) Publisher(ctx context.Context, id string) (domain.Publisher, error) {
	publisher, err := s.store.Publisher(ctx, id)
	return publisher, orMissing(err, domain.NoPublisher(id), "reading a publisher")
}

// Publishers returns a page of publishers and the next page's token. Errors: InvalidArgument.
func (s *Service) Publishers(ctx context.Context, req listing.Request) ([]domain.Publisher, string, error) {
	return list(ctx, s, s.publishers, req, rows.Of(ctx).In("id", ""), nil, s.store.Publishers, publisherValue)
}

// UpdatePublisher sets some fields of a publisher to their values in a draft. If that changes nothing,
// nothing is stored. Errors: NotFound (PUBLISHER_NOT_FOUND); InvalidArgument; Aborted (ETAG_MISMATCH).
func (s *Service) UpdatePublisher(ctx context.Context, id string, draft Draft[domain.Publisher], u Update) (domain.Publisher, error) {
	setters, err := pick(u, publisherFields())
	if err != nil {
		return domain.Publisher{}, err
	}
	var tried domain.Publisher
	defer s.memory.forget()
	updated, err := s.store.UpdatePublisher(ctx, id, func(current domain.Publisher) (domain.Publisher, error) {
		if err := domain.MatchEtag(u.Etag, resource.Publisher(current.ID), current.Revision); err != nil {
			return current, err
		}
		wanted, unread := draft(current)
		next := apply(current, wanted, setters)
		checkHost := s.checkHost
		if next.PostbackURL == current.PostbackURL { // an old URL that is no longer allowed must not block other changes
			checkHost = nil
		}
		var invalid error
		tried, invalid = domain.CheckPublisher(next, checkHost)
		if unread == nil && invalid == nil && tried == current {
			return current, errUnchanged
		}
		tried.UpdateTime = s.Now()
		return tried, u.verdict(unread, invalid)
	})
	if errors.Is(err, errTried) || errors.Is(err, errUnchanged) {
		return tried, nil
	}
	return updated, orMissing(err, domain.NoPublisher(id), "changing a publisher")
}

// publisherFields are the fields of a publisher that updates can change, by their API names.
func publisherFields() map[string]field[domain.Publisher] {
	type publisher = domain.Publisher
	return map[string]field[publisher]{
		"display_name": func(p *publisher, from publisher) { p.DisplayName = from.DisplayName },
		"state":        func(p *publisher, from publisher) { p.State = from.State },
		"postback_url": func(p *publisher, from publisher) { p.PostbackURL = from.PostbackURL },
		"delivery":     func(p *publisher, from publisher) { p.Delivery = from.Delivery },
	}
}
