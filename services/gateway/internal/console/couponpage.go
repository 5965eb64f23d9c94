package console

import (
	"net/http"
	"net/url"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/internal/couponcode"
	"github.com/couponlink/couponlink/services/internal/qrcode"
)

// addressedCoupon returns the coupon that the address names.
func (p *page) addressedCoupon() (*couponv1.Coupon, error) {
	return p.couponService().GetCoupon(p.r.Context(), &couponv1.GetCouponRequest{
		Name: "offers/" + p.r.PathValue("offer") + "/coupons/" + p.r.PathValue("coupon"),
	})
}

// couponAndOffer returns the coupon that the address names, and its offer.
func (p *page) couponAndOffer() (c *couponv1.Coupon, o *couponv1.Offer, err error) {
	var calls errgroup.Group
	calls.Go(func() (err error) {
		c, err = p.addressedCoupon()
		return err
	})
	calls.Go(func() (err error) {
		o, err = p.offer()
		return err
	})
	return c, o, calls.Wait()
}

// couponView is a coupon's page. What there is not is empty.
type couponView struct {
	Coupon    *couponv1.Coupon
	State     *badge
	Publisher link
	// End is the last moment at which the coupon is valid; zero: it does not expire.
	End time.Time
	// Link is the tracking link, Short its spoken form, Scan where it is scanned.
	Link, Short, Scan string
	// QR is the picture in the page, the others are to be downloaded.
	QR, QRPNG, QRSVG string
	// Sharers warns of others who have the code on the offer.
	Sharers                     string
	Clicks, Conversions, Payout string
	// Limit is how often the code can be used; "" if any number of times.
	Limit string
	// Report is where the coupon's conversions are.
	Report     string
	Form       form
	IsArchived bool
	// Archive is where the coupon is archived.
	Archive string
}

func showCoupon(_ http.ResponseWriter, _ *http.Request, p *page) error {
	c, o, err := p.couponAndOffer()
	if err != nil {
		return err
	}
	return p.showCouponForm(http.StatusOK, c, o, p.couponForm(c, o, p.couponValues(c)))
}

func (p *page) showCouponForm(httpStatus int, c *couponv1.Coupon, o *couponv1.Offer, f form) error {
	scope, ctx := couponScope{o}, p.r.Context()
	scope.below(p, c.GetCode())
	var called names
	var figures couponFigures
	var short string
	var calls sync.WaitGroup
	calls.Go(func() { called = p.namesOf(ctx, nil, append(c.GetSharedWith(), c.GetPublisher())) })
	calls.Go(func() { figures = p.figuresOf(ctx, []*couponv1.Coupon{c}) })
	calls.Go(func() {
		// Not every code has a short link, and one that cannot be asked for is not missed.
		built, _ := trackingv1.NewLinkServiceClient(p.tracking).BuildTrackingLink(ctx, &trackingv1.BuildTrackingLinkRequest{
			Offer: c.GetOffer(), Publisher: c.GetPublisher(), CouponCode: c.GetCode(),
		})
		short = built.GetShortUrl()
	})
	calls.Wait()
	view := couponView{
		Coupon: c, End: lastMoment(c), State: stateBadge(c.GetState().String()), Form: f, IsArchived: c.GetState() == couponv1.Coupon_ARCHIVED,
		Publisher: link{Label: called.of(c.GetPublisher()), Href: at("publishers", idOf(c.GetPublisher()))},
		Link:      c.GetTrackingLink(), Short: short, Scan: p.scanHref(c.GetTrackingLink()),
		QRPNG: couponHref(c) + "/qr.png", QRSVG: couponHref(c) + "/qr.svg", Archive: couponHref(c) + "/archive",
	}
	if len(c.GetSharedWith()) > 0 {
		view.Sharers = sharedText(called.list(c.GetSharedWith()), len(c.GetSharedWith()))
	}
	if _, err := qrcode.New(c.GetTrackingLink()); err == nil {
		view.QR = view.QRSVG
	}
	view.Clicks, view.Conversions, view.Payout = figures.of(c)
	view.Limit = limitText(c)
	if p.has("reports/conversions") {
		view.Report = couponReport(c)
	}
	return p.showAs(httpStatus, "coupon", view)
}

// couponReport returns the address of the report with the conversions that the coupon's figures count: those
// of its offer, publisher and code, of all time.
func couponReport(c *couponv1.Coupon) string {
	filter := and("offer = "+quoted(idOf(c.GetOffer())), "publisher = "+quoted(idOf(c.GetPublisher())), "pub_unique3 = "+quoted(c.GetCode()))
	columns := "conversion_time,offer,publisher,pub_unique3,transaction_id,amount,payout,status,method"
	return at("reports", "conversions") + "?" + url.Values{"columns": {columns}, "filter": {filter}, "range": {"all_time"}}.Encode()
}

func saveCoupon(_ http.ResponseWriter, r *http.Request, p *page) error {
	stored, o, err := p.couponAndOffer()
	if err != nil {
		return err
	}
	errs := formErrors{}
	draft := p.couponFrom(r.PostForm, stored, o.GetCurrencyCode(), errs)
	_, failure := p.couponService().UpdateCoupon(p.saving(errs), &couponv1.UpdateCouponRequest{
		Coupon: draft, UpdateMask: &fieldmaskpb.FieldMask{Paths: couponMask()},
	})
	if failure == nil {
		return p.done(couponHref(stored), toast{Text: "Coupon saved."})
	}
	f := p.couponForm(stored, o, r.PostForm)
	code, err := f.refused(p, failure, errs, r.PostFormValue("etag"), func() form { return p.couponForm(stored, o, p.couponValues(stored)) })
	if err != nil {
		return err
	}
	return p.showCouponForm(code, stored, o, f)
}

func archiveCoupon(_ http.ResponseWriter, r *http.Request, p *page) error {
	c, err := p.couponService().ArchiveCoupon(r.Context(), &couponv1.ArchiveCouponRequest{
		Name: "offers/" + r.PathValue("offer") + "/coupons/" + r.PathValue("coupon"), Etag: r.PostFormValue("etag"),
	})
	if err != nil {
		return err
	}
	return p.done(couponHref(c), toast{Text: "Coupon " + c.GetCode() + " archived."})
}

func couponPNG(w http.ResponseWriter, _ *http.Request, p *page) error {
	return p.picture(w, "image/png", "png", qrcode.Code.PNG)
}

func couponSVG(w http.ResponseWriter, _ *http.Request, p *page) error {
	return p.picture(w, "image/svg+xml", "svg", qrcode.Code.SVG)
}

// picture answers with the QR code of a coupon's tracking link; with ?download as a file.
func (p *page) picture(w http.ResponseWriter, contentType, ending string, draw func(qrcode.Code, int) ([]byte, error)) error {
	const pixels = 1024
	c, err := p.addressedCoupon()
	if err != nil {
		return err
	}
	code, err := qrcode.New(c.GetTrackingLink())
	if err != nil {
		return p.refuse(http.StatusUnprocessableEntity, "There is no QR code of this link", sentence(err.Error()))
	}
	content, err := draw(code, pixels)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", contentType)
	if p.r.URL.Query().Has("download") {
		w.Header().Set("Content-Disposition", `attachment; filename="`+couponcode.Fold(c.GetCode())+"."+ending+`"`)
	}
	_, _ = w.Write(content) // who has gone needs no answer
	return nil
}
