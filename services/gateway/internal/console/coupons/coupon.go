package coupons

import (
	"net/http"
	"net/url"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
	"github.com/couponlink/couponlink/services/internal/couponcode"
	"github.com/couponlink/couponlink/services/internal/qrcode"
	"github.com/couponlink/couponlink/services/internal/resource"
)

// addressedCoupon returns the coupon that the address names.
func addressedCoupon(p *ui.Page) (*couponv1.Coupon, error) {
	return p.Coupons().GetCoupon(p.Request.Context(), &couponv1.GetCouponRequest{
		Name: resource.Offer(p.Request.PathValue("offer")) + "/coupons/" + p.Request.PathValue("coupon"),
	})
}

// couponAndOffer returns the coupon that the address names, and its offer.
func couponAndOffer(p *ui.Page) (c *couponv1.Coupon, o *couponv1.Offer, err error) {
	var calls errgroup.Group
	calls.Go(func() (err error) {
		c, err = addressedCoupon(p)
		return err
	})
	calls.Go(func() (err error) {
		o, err = p.Offer()
		return err
	})
	return c, o, calls.Wait()
}

// couponView is a coupon's page. What there is not is empty.
type couponView struct {
	Coupon    *couponv1.Coupon
	State     *ui.Badge
	Publisher ui.Link
	// End is the last moment at which the coupon is valid; zero: it does not expire.
	End time.Time
	// Link is the tracking link, Short its spoken form, Scan where it is scanned.
	Link, Short, Scan string
	// QR is the picture in the page, the others are to be downloaded.
	QR, QRPNG, QRSVG string
	// Sharers warns of others who have the code on the offer.
	Sharers                     string
	Clicks, Conversions, Payout string
	// Discount is what the code gives the shopper; "" if it is not set.
	Discount string
	// Limit is how often the code can be used; "" if any number of times.
	Limit string
	// Held are the uses that checkouts hold.
	Held heldUses
	// Report is where the coupon's conversions are.
	Report     string
	Form       ui.Form
	IsArchived bool
	// Archive is where the coupon is archived.
	Archive string
}

func showCoupon(_ http.ResponseWriter, _ *http.Request, p *ui.Page) error {
	c, o, err := couponAndOffer(p)
	if err != nil {
		return err
	}
	return showCouponForm(p, http.StatusOK, c, o, storedForm(schema(p, c, o), c))
}

func showCouponForm(p *ui.Page, httpStatus int, c *couponv1.Coupon, o *couponv1.Offer, f ui.Form) error {
	scope, ctx := scope{o}, p.Request.Context()
	scope.below(p, c.GetCode())
	var called ui.Names
	var figures couponFigures
	var short string
	var calls sync.WaitGroup
	calls.Go(func() { called = p.NamesOf(ctx, nil, append(c.GetSharedWith(), c.GetPublisher())) })
	calls.Go(func() { figures = figuresOf(p, ctx, []*couponv1.Coupon{c}) })
	calls.Go(func() {
		// Not every code has a short link, and one that cannot be asked for is not missed.
		built, _ := trackingv1.NewLinkServiceClient(p.Tracking).BuildTrackingLink(ctx, &trackingv1.BuildTrackingLinkRequest{
			Offer: c.GetOffer(), Publisher: c.GetPublisher(), CouponCode: c.GetCode(),
		})
		short = built.GetShortUrl()
	})
	var held heldUses
	calls.Go(func() { held = heldUsesOf(ctx, p, c) })
	calls.Wait()
	view := couponView{
		Coupon: c, End: lastMoment(c), State: ui.StateBadge(c.GetState().String()), Form: f, IsArchived: c.GetState() == couponv1.Coupon_ARCHIVED,
		Publisher: ui.Link{Label: called.Of(c.GetPublisher()), Href: ui.Href("publishers", ui.IDOf(c.GetPublisher()))},
		Link:      c.GetTrackingLink(), Short: short, Scan: scanHref(p, c.GetTrackingLink()),
		QRPNG: couponHref(c) + "/qr.png", QRSVG: couponHref(c) + "/qr.svg", Held: held, Archive: couponHref(c) + "/archive",
	}
	if len(c.GetSharedWith()) > 0 {
		view.Sharers = sharedText(called.List(c.GetSharedWith()), len(c.GetSharedWith()))
	}
	if _, err := qrcode.New(c.GetTrackingLink()); err == nil {
		view.QR = view.QRSVG
	}
	view.Clicks, view.Conversions, view.Payout = figures.of(c)
	view.Limit, view.Discount = limitText(c), discountText(c)
	if p.Has("reports/conversions") {
		view.Report = couponReport(c)
	}
	return p.ShowAs(httpStatus, "coupon", view)
}

// couponReport returns the address of the report with the conversions that the coupon's figures count: those
// of its offer, publisher and code, of all time.
func couponReport(c *couponv1.Coupon) string {
	filter := ui.And("offer = "+ui.Quoted(ui.IDOf(c.GetOffer())), "publisher = "+ui.Quoted(ui.IDOf(c.GetPublisher())), "pub_unique3 = "+ui.Quoted(c.GetCode()))
	columns := "conversion_time,offer,publisher,pub_unique3,transaction_id,amount,payout,status,method"
	return ui.Href("reports", "conversions") + "?" + url.Values{"columns": {columns}, "filter": {filter}, "range": {"all_time"}}.Encode()
}

func saveCoupon(_ http.ResponseWriter, r *http.Request, p *ui.Page) error {
	stored, o, err := couponAndOffer(p)
	if err != nil {
		return err
	}
	s := schema(p, stored, o)
	draft, errs := couponFrom(s, r.PostForm, stored)
	_, failure := p.Coupons().UpdateCoupon(p.Saving(errs), &couponv1.UpdateCouponRequest{
		Coupon: draft, UpdateMask: s.Mask(),
	})
	if failure == nil {
		return p.Done(couponHref(stored), ui.Toast{Text: "Coupon saved."})
	}
	f := couponForm(s, stored, r.PostForm)
	code, err := f.Refused(p, failure, errs, r.PostFormValue("etag"), func() ui.Form { return storedForm(s, stored) })
	if err != nil {
		return err
	}
	return showCouponForm(p, code, stored, o, f)
}

func archiveCoupon(_ http.ResponseWriter, r *http.Request, p *ui.Page) error {
	c, err := p.Coupons().ArchiveCoupon(r.Context(), &couponv1.ArchiveCouponRequest{
		Name: resource.Offer(r.PathValue("offer")) + "/coupons/" + r.PathValue("coupon"), Etag: r.PostFormValue("etag"),
	})
	if err != nil {
		return err
	}
	return p.Done(couponHref(c), ui.Toast{Text: "Coupon " + c.GetCode() + " archived."})
}

func couponPNG(w http.ResponseWriter, _ *http.Request, p *ui.Page) error {
	return picture(p, w, "image/png", "png", qrcode.Code.PNG)
}

func couponSVG(w http.ResponseWriter, _ *http.Request, p *ui.Page) error {
	return picture(p, w, "image/svg+xml", "svg", qrcode.Code.SVG)
}

// picture answers with the QR code of a coupon's tracking link; with ?download as a file.
func picture(p *ui.Page, w http.ResponseWriter, contentType, ending string, draw func(qrcode.Code, int) ([]byte, error)) error {
	const pixels = 1024
	c, err := addressedCoupon(p)
	if err != nil {
		return err
	}
	code, err := qrcode.New(c.GetTrackingLink())
	if err != nil {
		return p.Refuse(http.StatusUnprocessableEntity, "This link has no QR code", format.Sentence(err.Error()))
	}
	content, err := draw(code, pixels)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", contentType)
	if p.Request.URL.Query().Has("download") {
		w.Header().Set("Content-Disposition", `attachment; filename="`+couponcode.Fold(c.GetCode())+"."+ending+`"`)
	}
	_, _ = w.Write(content) // who has gone needs no answer
	return nil
}
