package deliveries

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/privacy"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/mongodoc"
	"github.com/couponlink/couponlink/services/tracking/internal/record"
)

// Erase erases a conversion's deliveries, unless it only tries, and returns the ids of those with something to erase.
func Erase(ctx context.Context, db *mongodb.DB, conversion string, try bool) (ids []string, err error) {
	found, err := mongodoc.All(ctx, db, Collection, bson.D{{Key: "conversion", Value: conversion}}, options.Find(), (*deliveryDocument).decode)
	for _, d := range found {
		erased := d.Erase()
		if !privacy.Differ(d, erased) {
			continue
		}
		ids = append(ids, d.ID)
		if err != nil || try {
			continue
		}
		fields := bson.D{{Key: "payload", Value: erased.Payload}, {Key: "attempts", Value: record.EncodeAttempts(erased.Attempts)}}
		_, err = db.Collection(Collection).UpdateOne(ctx, mongodoc.ByID(d.ID), mongodoc.Set(fields))
	}
	return ids, mongodoc.Failure("erasing deliveries", err)
}
