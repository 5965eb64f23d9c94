package offers

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
	"github.com/couponlink/couponlink/services/internal/resource"
)

const offerPostbackPath = "offers/{offer}/postback"

func postbackRoutes() []ui.Route {
	return []ui.Route{
		ui.Get(offerPostbackPath, showOfferPostback),
		ui.Post(offerPostbackPath+"/test", testPostback),
		ui.Post(offerPostbackPath+"/rotate", rotateCredentials),
	}
}

type offerPostbackView struct {
	// URL is the address to paste, Bare the shortest that works, Try a command that sends a test.
	URL, Bare, Try string
	// Auth says how postbacks prove where they come from.
	Auth              string
	Secret, OldUntil  string
	Preset            postbackWords
	Presets           []ui.Tab
	Parameters        []postbackParameter
	Test              ui.Form
	Verdict           *postbackVerdict
	Rotate            string
	Overlaps          []ui.Choice
	Snippets          []snippet
	IsSigned, HasSite bool
}

// postbackVerdict is what a sale would come to.
type postbackVerdict struct {
	State       *ui.Badge
	Title, Text string
	Facts       []ui.Fact
	Warnings    []string
}

func showOfferPostback(_ http.ResponseWriter, _ *http.Request, p *ui.Page) error {
	o, err := p.Offer()
	if err != nil {
		return err
	}
	return showPostbackPage(p, http.StatusOK, o, testForm(o, url.Values{}), nil)
}

func showPostbackPage(p *ui.Page, httpStatus int, o *couponv1.Offer, test ui.Form, verdict *postbackVerdict) error {
	p.OfferPage(o, offerPostbackPath)
	words := presetOf(p.Request.URL.Query().Get("preset"))
	test.Action = ui.Href("offers", ui.IDOf(o.GetName()), "postback", "test") + presetQuery(words)
	view := offerPostbackView{
		Preset: words, Parameters: words.parameters(ui.IDOf(o.GetName())), Test: test, Verdict: verdict, Auth: o.GetPostbackAuth().String(),
		IsSigned: o.GetPostbackAuth() == couponv1.Offer_HMAC, Secret: o.GetPostbackSecret(), HasSite: p.PublicURL != "",
		Rotate:   ui.Href("offers", ui.IDOf(o.GetName()), "postback", "rotate"),
		Overlaps: []ui.Choice{{Value: "86400", Label: "1 day"}, {Value: "604800", Label: "7 days"}, {Value: "2592000", Label: "30 days"}, {Value: "0", Label: "not at all"}},
	}
	view.URL = postbackURL(p, o, words, []string{"coupon_code", "transaction_id", "amount", "currency", "click_id"}, nil)
	view.Bare = postbackURL(p, o, words, []string{"coupon_code"}, nil)
	view.Try = "curl '" + postbackURL(p, o, words, nil, []string{words.of("coupon_code"), "SALEXYZ20", words.of("amount"), "49.90", "test", "1"}) + "'"
	if until := o.GetPreviousCredentialsExpireTime(); until != nil && until.AsTime().After(p.Now()) {
		view.OldUntil = format.DateTime(until.AsTime(), p.Zone)
	}
	var err error
	if view.Snippets, err = snippetsOf(p, o); err != nil {
		return err
	}
	for _, one := range postbackPresets() {
		view.Presets = append(view.Presets, ui.Tab{
			Label: one.Title, Href: ui.Href("offers", ui.IDOf(o.GetName()), "postback") + presetQuery(one), IsCurrent: one.Preset == words.Preset,
		})
	}
	return p.ShowAs(httpStatus, "offer-postback", view)
}

func presetQuery(words postbackWords) string {
	if words.Preset == "" {
		return ""
	}
	return "?preset=" + url.QueryEscape(words.Preset)
}

// postbackURL returns the address that an advertiser calls for a sale of the offer. What it must fill in
// stands there in capitals.
func postbackURL(p *ui.Page, o *couponv1.Offer, words postbackWords, fill, filled []string) string {
	address := origin(p) + "/postback"
	if words.Preset != "" {
		address += "/" + words.Preset
	}
	var parts []string
	for _, one := range words.parameters(ui.IDOf(o.GetName())) {
		for _, ours := range fill {
			if words.of(ours) == one.Name {
				parts = append(parts, one.Name+"="+one.Example)
			}
		}
	}
	for i := 0; i+1 < len(filled); i += 2 {
		parts = append(parts, filled[i]+"="+url.QueryEscape(filled[i+1]))
	}
	if o.GetPostbackAuth() == couponv1.Offer_TOKEN {
		parts = append(parts, words.of("token")+"="+o.GetPostbackToken())
	} else {
		parts = append(parts, words.of("offer_id")+"="+url.QueryEscape(ui.IDOf(o.GetName())))
	}
	return address + "?" + strings.Join(parts, "&")
}

// origin is the address of this installation as the outside sees it; else as this request did.
func origin(p *ui.Page) string {
	if p.PublicURL != "" {
		return p.PublicURL
	}
	scheme := "http"
	if p.Request.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + p.Request.Host
}

// testForm is the form of a sale that is tried.
func testForm(o *couponv1.Offer, values url.Values) ui.Form {
	return ui.Form{
		ID: "postback-test-form", Save: "Test", Groups: []ui.Group{{Fields: []ui.Field{
			{Name: "coupon_code", Label: "Coupon Code", Kind: "code", Value: values.Get("coupon_code"), Placeholder: "SALEXYZ20", Hint: "One of this offer's codes."},
			{Name: "click", Label: "Click id", Kind: "code", Value: values.Get("click"), Hint: "If the shopper came by a tracking link."},
			{
				Name: "amount", Label: "Amount", Value: values.Get("amount"), Mode: "decimal", Placeholder: "49.90",
				Hint: "In " + format.OrElse(o.GetCurrencyCode(), "USD") + ".",
			},
			{Name: "transaction_id", Label: "Order number", Kind: "code", Value: values.Get("transaction_id"), Hint: "Of a sale that is known already: the answer says so."},
		}}},
	}
}

// testPostback tries a sale and stores nothing.
func testPostback(_ http.ResponseWriter, r *http.Request, p *ui.Page) error {
	o, err := p.Offer()
	if err != nil {
		return err
	}
	f, errs := testForm(o, r.PostForm), ui.Errors{}
	req := &trackingv1.RecordConversionRequest{
		Offer: o.GetName(), CouponCode: ui.Trimmed(r.PostForm, "coupon_code"), Click: ui.Trimmed(r.PostForm, "click"),
		TransactionId: ui.Trimmed(r.PostForm, "transaction_id"), ValidateOnly: true,
	}
	if text := ui.Trimmed(r.PostForm, "amount"); text != "" {
		req.Amount = ui.AmountOf(text, o.GetCurrencyCode(), "amount", errs)
	}
	resp, err := trackingv1.NewConversionServiceClient(p.Tracking).RecordConversion(r.Context(), req)
	if err == nil && len(errs) > 0 {
		err = ui.HeldBackError{}
	}
	if status.Code(err) == codes.Aborted {
		return showPostbackPage(p, http.StatusOK, o, f, &postbackVerdict{
			State: &ui.Badge{Text: "Conflict", Tone: "bad"}, Title: "A sale with this order number is known with different content",
			Text: "A postback would get the answer 409, and nothing would change. " + format.Sentence(status.Convert(err).Message()),
		})
	}
	if err != nil {
		if err := p.Gather(errs, err, f.Names()...); err != nil {
			return err
		}
		f.Fail(errs)
		return showPostbackPage(p, http.StatusUnprocessableEntity, o, f, nil)
	}
	return showPostbackPage(p, http.StatusOK, o, f, verdictOf(p, resp))
}

// verdictOf says in words what a sale would come to.
func verdictOf(p *ui.Page, resp *trackingv1.RecordConversionResponse) *postbackVerdict {
	c := resp.GetConversion()
	v := &postbackVerdict{
		State: ui.StateBadge(c.GetOutcome().String()), Title: "Nobody would be credited with this sale", Text: format.OrElse(c.GetExplanation(), resp.GetMessage()),
		Warnings: resp.GetWarnings(),
	}
	if c.GetOutcome() == trackingv1.Conversion_ATTRIBUTED {
		called := p.PublisherName(p.Request.Context(), ui.IDOf(c.GetPublisher()))
		v.Title = called + " would be credited with this sale"
		payout := "None"
		if m := c.GetPayout(); m != nil {
			payout = format.Money(m.GetCurrencyCode(), m.GetUnits(), m.GetNanos())
		}
		v.Facts = append(v.Facts, ui.Fact{Label: "Publisher", Value: called}, ui.Fact{Label: "Payout", Value: payout})
	}
	if code := c.GetPubUnique3(); code != "" {
		v.Facts = append(v.Facts, ui.Fact{Label: "Pub. Unique 3", Value: code, Hint: "As the Conversion Report would show it."})
	}
	if resp.GetOutcome() == trackingv1.RecordConversionResponse_DUPLICATE {
		v.State, v.Title = &ui.Badge{Text: "Known", Tone: "wait"}, "This sale is known already"
	}
	v.Text = format.Sentence(v.Text)
	for i := range v.Warnings {
		v.Warnings[i] = format.Sentence(v.Warnings[i])
	}
	return v
}

// rotateCredentials gives the offer a new token and secret.
func rotateCredentials(_ http.ResponseWriter, r *http.Request, p *ui.Page) error {
	seconds, err := strconv.ParseInt(r.PostFormValue("overlap"), 10, 32)
	if err != nil {
		return p.Refuse(http.StatusBadRequest, "This cannot be done", "Choose how long the old token still works.")
	}
	o, err := p.Offers.RotatePostbackCredentials(r.Context(), &couponv1.RotatePostbackCredentialsRequest{
		Name: resource.Offer(r.PathValue("offer")), Overlap: durationpb.New(time.Duration(seconds) * time.Second),
	})
	if err != nil {
		return err
	}
	text := "There is a new token and a new secret. The old ones no longer work."
	if seconds > 0 {
		text = "There is a new token and a new secret. The old ones work until " + format.DateTime(o.GetPreviousCredentialsExpireTime().AsTime(), p.Zone) + "."
	}
	return p.Done(ui.Href("offers", r.PathValue("offer"), "postback"), ui.Toast{Text: text})
}
