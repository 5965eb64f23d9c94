// Package personal erases, on MongoDB, what is stored of a person.
//
// Only the MongoDB store imports it.
package personal

import (
	"context"
	"regexp"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/privacy"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/deferred"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/deliveries"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/mongodoc"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/uses"
	"github.com/couponlink/couponlink/services/tracking/internal/record"
)

// scanTimeout bounds the queries that no index serves.
const scanTimeout = 10 * time.Minute

// Conversions is what an eraser needs of the store.
type Conversions interface {
	Conversion(ctx context.Context, id string) (domain.Conversion, error)
	UpdateConversion(ctx context.Context, id string, change func(domain.Conversion) (domain.Update, error)) (domain.Conversion, error)
	// EraseClick replaces a click by what erased returns. It returns false if the click is not stored or has nothing to erase.
	EraseClick(ctx context.Context, id string, erased func(domain.Click) domain.Click, try bool) (bool, error)
}

// Store erases.
type Store struct {
	db          *mongodb.DB
	conversions Conversions
}

// New returns a Store.
func New(db *mongodb.DB, conversions Conversions) *Store { return &Store{db, conversions} }

// ConversionsOf implements erasure.Store.
func (s *Store) ConversionsOf(ctx context.Context, of privacy.Subject, limit int) ([]string, error) {
	filter := bson.D{{Key: "transaction_id", Value: of.TransactionID}, {Key: "offer", Value: of.Offer}}
	switch {
	case of.Click != "":
		filter = bson.D{{Key: "click", Value: of.Click}}
	case of.PubSubID != "":
		filter = subID(of)
	}
	return s.ids(ctx, "conversions", filter, limit)
}

func subID(of privacy.Subject) bson.D {
	return bson.D{{Key: "publisher", Value: of.Publisher}, {Key: "pub_sub_id", Value: of.PubSubID}}
}

// ids returns the ids of documents that a filter selects.
func (s *Store) ids(ctx context.Context, collection string, filter bson.D, limit int) ([]string, error) {
	type document struct {
		ID string `bson:"_id"`
	}
	opts := options.Find().SetProjection(bson.D{{Key: "_id", Value: 1}}).SetLimit(int64(limit))
	return mongodoc.All(mongodb.WithLimit(ctx, scanTimeout), s.db, collection, filter, opts, func(d *document) string { return d.ID })
}

// EraseConversion implements erasure.Store. The conversion is erased last, so that a call that was cut off finds it again.
func (s *Store) EraseConversion(ctx context.Context, id, actor string, now time.Time, try bool) (privacy.Found, error) {
	found := privacy.Found{}
	before, err := s.conversions.Conversion(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := s.around(ctx, &before, found, try); err != nil {
		return nil, err
	}
	if privacy.Conversion(before, actor, now).Revision == before.Revision {
		return found, nil
	}
	found.Add(privacy.Conversions, id)
	if try {
		return found, nil
	}
	_, err = s.conversions.UpdateConversion(ctx, id, func(c domain.Conversion) (domain.Update, error) {
		return domain.Update{Conversion: privacy.Conversion(c, actor, now)}, nil
	})
	return found, err
}

// around erases what belongs to a conversion.
func (s *Store) around(ctx context.Context, c *domain.Conversion, found privacy.Found, try bool) error {
	of := bson.D{{Key: "conversion", Value: c.ID}}
	if err := s.click(ctx, c.Click, found, try); err != nil {
		return err
	}
	if err := s.entries(ctx, of, 0, found, try); err != nil {
		return err
	}
	ids, err := deliveries.Erase(ctx, s.db, c.ID, try)
	if err != nil {
		return err
	}
	found.Add(privacy.Deliveries, ids...)
	if err := s.reports(ctx, of, 0, found, try); err != nil {
		return err
	}
	return s.reservations(ctx, append(of, bson.E{Key: "transaction_id", Value: bson.D{{Key: "$ne", Value: ""}}}), 0, found, try)
}

// EraseOthers implements erasure.Store.
func (s *Store) EraseOthers(ctx context.Context, of privacy.Subject, limit int, try bool) (privacy.Found, error) {
	found := privacy.Found{}
	ctx = mongodb.WithLimit(ctx, scanTimeout)
	switch {
	case of.Click != "":
		text := bson.D{{Key: "$regex", Value: regexp.QuoteMeta(of.Click)}}
		if err := s.click(ctx, of.Click, found, try); err != nil {
			return nil, err
		}
		if err := s.reports(ctx, bson.D{{Key: "entry.parameters", Value: text}}, limit, found, try); err != nil {
			return nil, err
		}
		return found, s.entries(ctx, bson.D{{Key: "parameters", Value: text}}, limit, found, try)
	case of.PubSubID != "":
		clicks, err := s.ids(ctx, "clicks", subID(of), limit)
		for _, id := range clicks {
			if err == nil {
				err = s.click(ctx, id, found, try)
			}
		}
		return found, err
	}
	order := bson.D{{Key: "transaction_id", Value: of.TransactionID}, {Key: "offer", Value: of.Offer}}
	inEntry := bson.D{{Key: "entry.transaction_id", Value: of.TransactionID}, {Key: "entry.offer", Value: of.Offer}}
	if err := s.reports(ctx, inEntry, limit, found, try); err != nil {
		return nil, err
	}
	if err := s.reservations(ctx, order, limit, found, try); err != nil {
		return nil, err
	}
	return found, s.entries(ctx, order, limit, found, try)
}

func (s *Store) click(ctx context.Context, id string, found privacy.Found, try bool) error {
	if id == "" || id == domain.ErasedText {
		return nil
	}
	erased, err := s.conversions.EraseClick(ctx, id, privacy.Click, try)
	if erased {
		found.Add(privacy.Clicks, id)
	}
	return err
}

// entries erases entries of the journal. A limit of 0 is none.
func (s *Store) entries(ctx context.Context, filter bson.D, limit int, found privacy.Found, try bool) error {
	entries, err := mongodoc.All(ctx, s.db, "postbacks", filter, options.Find().SetLimit(int64(limit)), (*record.Postback).Decode)
	var erased []mongodb.Keyed
	for _, entry := range entries {
		if entry.Erased() {
			continue
		}
		found.Add(privacy.Postbacks, entry.ID)
		erased = append(erased, mongodb.Keyed{ID: entry.ID, Document: record.EncodePostback(entry.Erase())})
	}
	if err != nil || try || len(erased) == 0 {
		return err
	}
	return s.db.ReplaceAll(ctx, "postbacks", erased)
}

// reports deletes reports that wait.
func (s *Store) reports(ctx context.Context, filter bson.D, limit int, found privacy.Found, try bool) error {
	ids, err := s.ids(ctx, deferred.Collection, filter, limit)
	found.Add(privacy.Deferred, ids...)
	if err != nil || try || len(ids) == 0 {
		return err
	}
	_, err = s.db.Collection(deferred.Collection).DeleteMany(ctx, mongodoc.Among("_id", ids))
	return mongodoc.Failure("deleting reports that wait", err)
}

// reservations erases the order ids of reservations.
func (s *Store) reservations(ctx context.Context, filter bson.D, limit int, found privacy.Found, try bool) error {
	ids, err := s.ids(ctx, uses.Reservations, filter, limit)
	found.Add(privacy.Reservations, ids...)
	if err != nil || try || len(ids) == 0 {
		return err
	}
	return s.db.SetAll(ctx, uses.Reservations, ids, bson.D{}, bson.D{{Key: "transaction_id", Value: ""}})
}
