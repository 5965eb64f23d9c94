package ui

import (
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"google.golang.org/grpc"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/assets"
	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/access"
)

// Root is where the console is mounted.
const Root = "/console/"

// MaxFormBytes bounds a form without files.
const MaxFormBytes = 1 << 20

// Kit is what every page has: the services, the settings, the sessions. Pages reach it through
// *Page, which embeds it.
type Kit struct {
	Offers     couponv1.OfferServiceClient
	Publishers couponv1.PublisherServiceClient
	// Tracking is the connection for the pages of clicks, conversions and deliveries.
	Tracking grpc.ClientConnInterface
	// Coupon is the connection for the services that have no client above.
	Coupon grpc.ClientConnInterface

	// API is the REST form of the services, with the key.
	API http.Handler

	PublicURL string
	// PublicOrigin is the scheme and host of PublicURL; "" if unset.
	PublicOrigin string
	Zone         *time.Location
	Version      string
	Now          func() time.Time
	Log          *slog.Logger

	Access *access.Keeper
	Assets *assets.Set
	Views  *Views
	// Entries are the menu.
	Entries []Entry
	Paths   map[string]bool // the patterns that GET has a page for: what the menu and tabs may show
	// Inside serves a request again, from within another: see login/kept.go.
	Inside http.Handler
}

// Subject is pages that belong together, with their templates: templates/NAME.html for each page, and
// templates/parts/*.html for what several of them share.
type Subject struct {
	Routes    []Route
	Templates fs.FS
}

// OriginOf returns an address's scheme and host.
func OriginOf(address *url.URL) string { return address.Scheme + "://" + address.Host }

// Coupons is the client of the coupons.
func (p *Page) Coupons() couponv1.CouponServiceClient {
	return couponv1.NewCouponServiceClient(p.Coupon)
}

func (p *Page) Deliveries() trackingv1.DeliveryServiceClient {
	return trackingv1.NewDeliveryServiceClient(p.Tracking)
}

// Approvals is the client of the approvals.
func (p *Page) Approvals() couponv1.ApprovalServiceClient {
	return couponv1.NewApprovalServiceClient(p.Coupon)
}

func (p *Page) Scans() trackingv1.ScanServiceClient {
	return trackingv1.NewScanServiceClient(p.Tracking)
}

func (p *Page) Postbacks() trackingv1.PostbackServiceClient {
	return trackingv1.NewPostbackServiceClient(p.Tracking)
}

func (p *Page) Conversions() trackingv1.ConversionServiceClient {
	return trackingv1.NewConversionServiceClient(p.Tracking)
}

func (p *Page) Reports() trackingv1.ReportServiceClient {
	return trackingv1.NewReportServiceClient(p.Tracking)
}

func (p *Page) SavedReports() trackingv1.SavedReportServiceClient {
	return trackingv1.NewSavedReportServiceClient(p.Tracking)
}
