package console

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
)

const offerPostbackPath = "offers/{offer}/postback"

func offerPostbackRoutes() []route {
	return []route{
		get(offerPostbackPath, showOfferPostback),
		post(offerPostbackPath+"/test", testPostback),
		post(offerPostbackPath+"/rotate", rotateCredentials),
	}
}

type offerPostbackView struct {
	// URL is the address to paste, Bare the shortest that works, Try a command that sends a test.
	URL, Bare, Try string
	// Auth says how postbacks prove where they come from.
	Auth              string
	Secret, OldUntil  string
	Preset            postbackWords
	Presets           []tab
	Parameters        []postbackParameter
	Test              form
	Verdict           *postbackVerdict
	Rotate            string
	Overlaps          []choice
	IsSigned, HasSite bool
}

// postbackVerdict is what a sale would come to.
type postbackVerdict struct {
	State       *badge
	Title, Text string
	Facts       []fact
	Warnings    []string
}

func showOfferPostback(_ http.ResponseWriter, _ *http.Request, p *page) error {
	o, err := p.offer()
	if err != nil {
		return err
	}
	return p.showPostbackPage(http.StatusOK, o, testForm(o, url.Values{}), nil)
}

func (p *page) showPostbackPage(httpStatus int, o *couponv1.Offer, test form, verdict *postbackVerdict) error {
	p.offerPage(o, offerPostbackPath)
	words := presetOf(p.r.URL.Query().Get("preset"))
	test.Action = at("offers", idOf(o.GetName()), "postback", "test") + presetQuery(words)
	view := offerPostbackView{
		Preset: words, Parameters: words.parameters(idOf(o.GetName())), Test: test, Verdict: verdict, Auth: o.GetPostbackAuth().String(),
		IsSigned: o.GetPostbackAuth() == couponv1.Offer_HMAC, Secret: o.GetPostbackSecret(), HasSite: p.publicURL != "",
		Rotate:   at("offers", idOf(o.GetName()), "postback", "rotate"),
		Overlaps: []choice{{"86400", "1 day"}, {"604800", "7 days"}, {"2592000", "30 days"}, {"0", "not at all"}},
	}
	view.URL = p.postbackURL(o, words, []string{"coupon_code", "transaction_id", "amount", "currency", "click_id"}, nil)
	view.Bare = p.postbackURL(o, words, []string{"coupon_code"}, nil)
	view.Try = "curl '" + p.postbackURL(o, words, nil, []string{words.of("coupon_code"), "SALEXYZ20", words.of("amount"), "49.90", "test", "1"}) + "'"
	if until := o.GetPreviousCredentialsExpireTime(); until != nil && until.AsTime().After(p.now()) {
		view.OldUntil = format.DateTime(until.AsTime(), p.zone)
	}
	for _, one := range postbackPresets() {
		view.Presets = append(view.Presets, tab{
			Label: one.Title, Href: at("offers", idOf(o.GetName()), "postback") + presetQuery(one), IsCurrent: one.Preset == words.Preset,
		})
	}
	return p.showAs(httpStatus, "offer-postback", view)
}

func presetQuery(words postbackWords) string {
	if words.Preset == "" {
		return ""
	}
	return "?preset=" + url.QueryEscape(words.Preset)
}

// postbackURL returns the address that an advertiser calls for a sale of the offer. What it must fill in
// stands there in capitals.
func (p *page) postbackURL(o *couponv1.Offer, words postbackWords, fill, filled []string) string {
	address := p.origin() + "/postback"
	if words.Preset != "" {
		address += "/" + words.Preset
	}
	var parts []string
	for _, one := range words.parameters(idOf(o.GetName())) {
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
		parts = append(parts, words.of("offer_id")+"="+url.QueryEscape(idOf(o.GetName())))
	}
	return address + "?" + strings.Join(parts, "&")
}

// origin is the address of this installation as the outside sees it; else as this request did.
func (p *page) origin() string {
	if p.publicURL != "" {
		return p.publicURL
	}
	scheme := "http"
	if p.r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + p.r.Host
}

// testForm is the form of a sale that is tried.
func testForm(o *couponv1.Offer, values url.Values) form {
	return form{
		ID: "postback-test-form", Save: "Test", Groups: []group{{Fields: []field{
			{Name: "coupon_code", Label: "Coupon Code", Kind: "code", Value: values.Get("coupon_code"), Placeholder: "SALEXYZ20", Hint: "One of this offer's codes."},
			{Name: "click", Label: "Click id", Kind: "code", Value: values.Get("click"), Hint: "If the shopper came by a tracking link."},
			{
				Name: "amount", Label: "Amount", Value: values.Get("amount"), Mode: "decimal", Placeholder: "49.90",
				Hint: "In " + orElse(o.GetCurrencyCode(), "USD") + ".",
			},
			{Name: "transaction_id", Label: "Order number", Kind: "code", Value: values.Get("transaction_id"), Hint: "Of a sale that is known already: the answer says so."},
		}}},
	}
}

// testPostback tries a sale and stores nothing.
func testPostback(_ http.ResponseWriter, r *http.Request, p *page) error {
	o, err := p.offer()
	if err != nil {
		return err
	}
	f, errs := testForm(o, r.PostForm), formErrors{}
	req := &trackingv1.RecordConversionRequest{
		Offer: o.GetName(), CouponCode: trimmed(r.PostForm, "coupon_code"), Click: trimmed(r.PostForm, "click"),
		TransactionId: trimmed(r.PostForm, "transaction_id"), ValidateOnly: true,
	}
	if text := trimmed(r.PostForm, "amount"); text != "" {
		req.Amount = amountOf(text, o.GetCurrencyCode(), "amount", errs)
	}
	resp, err := trackingv1.NewConversionServiceClient(p.tracking).RecordConversion(r.Context(), req)
	if err == nil && len(errs) > 0 {
		err = heldBackError{}
	}
	if status.Code(err) == codes.Aborted {
		return p.showPostbackPage(http.StatusOK, o, f, &postbackVerdict{
			State: &badge{"Conflict", "bad"}, Title: "A sale with this order number is known with another content",
			Text: "A postback would get the answer 409, and nothing would change. " + sentence(status.Convert(err).Message()),
		})
	}
	if err != nil {
		if err := p.gather(errs, err, f.names()...); err != nil {
			return err
		}
		f.fail(errs)
		return p.showPostbackPage(http.StatusUnprocessableEntity, o, f, nil)
	}
	return p.showPostbackPage(http.StatusOK, o, f, p.verdictOf(resp))
}

// verdictOf says in words what a sale would come to.
func (p *page) verdictOf(resp *trackingv1.RecordConversionResponse) *postbackVerdict {
	c := resp.GetConversion()
	v := &postbackVerdict{
		State: stateBadge(c.GetOutcome().String()), Title: "Nobody would be credited with this sale", Text: orElse(c.GetExplanation(), resp.GetMessage()),
		Warnings: resp.GetWarnings(),
	}
	if c.GetOutcome() == trackingv1.Conversion_ATTRIBUTED {
		called := p.publisherName(p.r.Context(), idOf(c.GetPublisher()))
		v.Title = called + " would be credited with this sale"
		payout := "None"
		if m := c.GetPayout(); m != nil {
			payout = format.Money(m.GetCurrencyCode(), m.GetUnits(), m.GetNanos())
		}
		v.Facts = append(v.Facts, fact{Label: "Publisher", Value: called}, fact{Label: "Payout", Value: payout})
	}
	if code := c.GetPubUnique3(); code != "" {
		v.Facts = append(v.Facts, fact{Label: "Pub. Unique 3", Value: code, Hint: "As the Conversion Report would show it."})
	}
	if resp.GetOutcome() == trackingv1.RecordConversionResponse_DUPLICATE {
		v.State, v.Title = &badge{"Known", "wait"}, "This sale is known already"
	}
	v.Text = sentence(v.Text)
	for i := range v.Warnings {
		v.Warnings[i] = sentence(v.Warnings[i])
	}
	return v
}

// rotateCredentials gives the offer a new token and secret.
func rotateCredentials(_ http.ResponseWriter, r *http.Request, p *page) error {
	seconds, err := strconv.ParseInt(r.PostFormValue("overlap"), 10, 32)
	if err != nil {
		return p.refuse(http.StatusBadRequest, "This cannot be done", "Choose how long the old token still works.")
	}
	o, err := p.offers.RotatePostbackCredentials(r.Context(), &couponv1.RotatePostbackCredentialsRequest{
		Name: "offers/" + r.PathValue("offer"), Overlap: durationpb.New(time.Duration(seconds) * time.Second),
	})
	if err != nil {
		return err
	}
	text := "There is a new token and a new secret. The old ones are not taken any more."
	if seconds > 0 {
		text = "There is a new token and a new secret. The old ones are taken until " + format.DateTime(o.GetPreviousCredentialsExpireTime().AsTime(), p.zone) + "."
	}
	return p.done(at("offers", r.PathValue("offer"), "postback"), toast{Text: text})
}
