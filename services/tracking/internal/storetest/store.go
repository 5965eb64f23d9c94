package storetest

import (
	"context"

	"github.com/couponlink/couponlink/services/tracking/internal/app/attribution"
	"github.com/couponlink/couponlink/services/tracking/internal/app/calls"
	"github.com/couponlink/couponlink/services/tracking/internal/app/clicks"
	"github.com/couponlink/couponlink/services/tracking/internal/app/conversions"
	"github.com/couponlink/couponlink/services/tracking/internal/app/delivery"
	"github.com/couponlink/couponlink/services/tracking/internal/app/erasure"
	"github.com/couponlink/couponlink/services/tracking/internal/app/linkscan"
	"github.com/couponlink/couponlink/services/tracking/internal/app/reporting"
	"github.com/couponlink/couponlink/services/tracking/internal/app/reservations"
	"github.com/couponlink/couponlink/services/tracking/internal/couponclient"
)

// Store is what the suite tests: all that the use cases ask of a store, in one.
type Store interface {
	clicks.Store
	attribution.Store
	conversions.Store
	delivery.Store
	reporting.Store
	reservations.Store
	calls.Store
	linkscan.Store
	couponclient.AnswerStore
	erasure.Store

	// Ping says whether the store can be reached.
	Ping(ctx context.Context) error
	// Close waits for writes under way and releases what the store holds.
	Close() error
}
