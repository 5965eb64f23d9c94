package attribution_test

import (
	"time"

	"github.com/couponlink/couponlink/services/tracking/internal/app/attribution"
	"github.com/couponlink/couponlink/services/tracking/internal/app/clicks"
	"github.com/couponlink/couponlink/services/tracking/internal/app/conversions"
	"github.com/couponlink/couponlink/services/tracking/internal/app/delivery"
	"github.com/couponlink/couponlink/services/tracking/internal/app/linkscan"
	"github.com/couponlink/couponlink/services/tracking/internal/app/reporting"
	"github.com/couponlink/couponlink/services/tracking/internal/app/review"
	"github.com/couponlink/couponlink/services/tracking/internal/storetest"
)

type (
	clicksService      = clicks.Service
	reviewService      = review.Service
	conversionsService = conversions.Service
	reportingService   = reporting.Service
	deliveryService    = delivery.Service
	offerScanService   = linkscan.Service
)

// service is attribution, with the use cases that show its results, on one store.
type service struct {
	*attribution.Service
	*clicksService
	*reviewService
	*conversionsService
	*reportingService
	*deliveryService
	*offerScanService

	// scansStarted counts the wakes for the runner of offer scans.
	scansStarted int
}

// serve returns attribution by a config whose store is whole, with the others beside it.
func serve(c attribution.Config) *service {
	store, _ := c.Store.(storetest.Store)
	if c.CatalogSince == nil {
		c.CatalogSince = func(time.Time) attribution.CouponClient { return c.Catalog }
	}
	s := &service{
		Service:            attribution.New(c),
		clicksService:      clicks.New(clicks.Config{Store: store, Catalog: c.Catalog, Now: c.Now, PublicURL: "https://go.example.com"}),
		conversionsService: conversions.New(conversions.Config{Store: store, Now: c.Now, After: c.After, Zone: c.Zone}),
		reportingService:   reporting.New(reporting.Config{Store: store, Now: c.Now, After: c.After, Zone: c.Zone}),
		deliveryService:    delivery.New(delivery.Config{Store: store, Publishers: c.Catalog, Now: c.Now, Zone: c.Zone, Wake: c.Wake}),
	}
	s.reviewService = review.New(s.Service, s.conversionsService, c.Catalog)
	s.offerScanService = linkscan.New(linkscan.Config{Store: store, Offers: c.Catalog, Now: c.Now, Wake: func() { s.scansStarted++ }})
	return s
}
