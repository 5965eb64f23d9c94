// Package deferred stores reports that wait to be judged in the tracking service's MongoDB database.
//
// Only the MongoDB store imports it.
package deferred

import (
	"context"
	"slices"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/internal/move"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/mongodoc"
	"github.com/couponlink/couponlink/services/tracking/internal/record"
)

// Collection has the reports.
const Collection = "deferred"

// deferredDocument is a stored report that waits.
type deferredDocument struct {
	ID         string          `bson:"_id"`
	Reason     domain.Reason   `bson:"reason"`
	Conversion string          `bson:"conversion"`
	Entry      record.Postback `bson:"entry"`
	Tries      int             `bson:"tries"`
	DueTime    time.Time       `bson:"due_time"`
	ExpireTime time.Time       `bson:"expire_time"`
}

func encodeDeferred(d domain.Deferred) *deferredDocument {
	return &deferredDocument{
		ID: d.ID, Reason: d.Reason, Conversion: d.Conversion, Entry: *record.EncodePostback(d.Postback), Tries: d.Tries,
		DueTime: d.DueTime, ExpireTime: d.ExpireTime,
	}
}

func (d *deferredDocument) decode() domain.Deferred {
	return domain.Deferred{
		ID: d.ID, Reason: d.Reason, Conversion: d.Conversion, Postback: d.Entry.Decode(), Tries: d.Tries,
		DueTime: d.DueTime.UTC(), ExpireTime: d.ExpireTime.UTC(),
	}
}

// early selects the early changes among the waiting reports.
func early() bson.D { return bson.D{{Key: "reason", Value: domain.EarlyChange}} }

// AwaitedAmong returns those of some conversions that early changes wait for. A majority has the conversions
// already, so a change whose Defer returns later finds them.
func AwaitedAmong(ctx context.Context, db *mongodb.DB, ids []string) (map[string]bool, error) {
	opts := options.Find().SetProjection(mongodoc.Only("conversion"))
	filter := append(mongodoc.Among("conversion", ids), early()...)
	found, err := mongodoc.Find[deferredDocument](ctx, db, Collection, "looking for changes that wait for a conversion", filter, opts)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	awaited := make(map[string]bool, len(found))
	for _, d := range found {
		awaited[d.Conversion] = true
	}
	return awaited, nil
}

// Store stores reports that wait.
type Store struct {
	db *mongodb.DB
	// journal writes an entry of the journal.
	journal func(context.Context, domain.Postback) error
}

// New returns a Store on a database. journal writes an entry of the journal.
func New(db *mongodb.DB, journal func(context.Context, domain.Postback) error) *Store {
	return &Store{db: db, journal: journal}
}

// Defer stores an early change, and then its entry in the journal. If the entry cannot be stored, the caller
// gets Unavailable although the change is stored. Its next attempt is then a repeat, and is journaled as one.
func (s *Store) Defer(ctx context.Context, d domain.Deferred) (kept bool, err error) {
	err = mongodoc.Within(ctx, func(ctx context.Context) error {
		_, err := s.db.Collection(Collection).InsertOne(ctx, encodeDeferred(d))
		return mongodoc.Failure("keeping a change", err)
	})
	if mongodb.IsUnique(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, s.journal(ctx, d.Postback)
}

// Put stores the report to judge a sale again. It may be there already, from an attempt that was cut off.
func (s *Store) Put(ctx context.Context, d domain.Deferred) error {
	_, err := s.db.Collection(Collection).ReplaceOne(ctx, mongodoc.ByID(d.ID), encodeDeferred(d), options.Replace().SetUpsert(true))
	if mongodb.IsUnique(err) {
		return mongodoc.ErrChanged
	}
	return mongodoc.Failure("keeping what a sale is judged by", err)
}

func (s *Store) EarlyChanges(ctx context.Context, conversion string, limit int) ([]domain.Deferred, error) {
	filter := append(bson.D{{Key: "conversion", Value: conversion}}, early()...)
	found, err := mongodoc.All(ctx, s.db, Collection, filter, options.Find(), (*deferredDocument).decode)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(found, func(a, b domain.Deferred) int { return strings.Compare(a.Postback.ID, b.Postback.ID) })
	return found[:min(limit, len(found))], nil
}

// ClaimDeferred claims reports that are due. If two callers claim one at the same moment, one gets it: the
// write requires that the due time is unchanged.
func (s *Store) ClaimDeferred(ctx context.Context, reason domain.Reason, now, until time.Time, limit int) ([]domain.Deferred, error) {
	filter := bson.D{{Key: "reason", Value: reason}, {Key: "due_time", Value: bson.D{{Key: "$lte", Value: now}}}}
	opts := options.Find().SetSort(bson.D{{Key: "due_time", Value: 1}}).SetLimit(int64(limit))
	found, err := mongodoc.All(ctx, s.db, Collection, filter, opts, (*deferredDocument).decode)
	if err != nil {
		return nil, err
	}
	claimed := found[:0]
	for _, d := range found {
		result, err := s.db.Collection(Collection).UpdateOne(ctx,
			append(mongodoc.ByID(d.ID), bson.E{Key: "due_time", Value: d.DueTime}), mongodoc.Set(bson.D{{Key: "due_time", Value: until}}))
		if err != nil {
			return nil, mongodoc.Failure("claiming a report that waits", err)
		}
		if result.MatchedCount == 1 {
			d.DueTime = until
			claimed = append(claimed, d)
		}
	}
	return claimed, nil
}

func (s *Store) PutOff(ctx context.Context, d domain.Deferred) error {
	_, err := s.db.Collection(Collection).UpdateOne(ctx, mongodoc.ByID(d.ID), mongodoc.Set(bson.D{{Key: "tries", Value: d.Tries}, {Key: "due_time", Value: d.DueTime}}))
	return mongodoc.Failure("putting off a report that waits", err)
}

func (s *Store) Settle(ctx context.Context, id string) error {
	_, err := s.db.Collection(Collection).DeleteOne(ctx, mongodoc.ByID(id))
	return mongodoc.Failure("ending a report's wait", err)
}

// Tables returns what is moved to another database.
func (s *Store) Tables() []move.Table {
	return []move.Table{mongodoc.Moved(s.db, Collection, (*deferredDocument).decode, func(d domain.Deferred) string { return d.ID }, mongodb.EachAlone(encodeDeferred))}
}
