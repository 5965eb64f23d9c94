package edge

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/admission"
	"github.com/couponlink/couponlink/services/tracking/internal/dialect"
	"github.com/couponlink/couponlink/services/tracking/internal/flow"
	"github.com/couponlink/couponlink/services/tracking/internal/rules"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore"
)

const (
	keyBytes = "a key of an offer, 32 bytes long"
	form     = "application/x-www-form-urlencoded"
)

var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// oneOffer is a coupon service of one offer, under HMAC, with publisher 22's coupon SALEXYZ20.
type oneOffer struct{ flow.Catalog }

func (oneOffer) Offer(context.Context, string) (rules.Offer, error) {
	return rules.Offer{
		ID: "10", Active: true, Auth: rules.AuthHMAC, Precedence: rules.CodeFirst, ClickWindow: time.Hour, StartStatus: rules.StatusApproved, CurrencyCode: "USD",
		Credentials: rules.Credentials{Token: "token", Secret: "whsec_" + base64.StdEncoding.EncodeToString([]byte(keyBytes))},
	}, nil
}

func (oneOffer) Coupons(context.Context, string, string) ([]rules.Coupon, error) {
	return []rules.Coupon{{Offer: "10", Publisher: "22", Code: "SALEXYZ20", Enabled: true, Approved: true, OfferActive: true}}, nil
}

// LatestOffer implements flow.Catalog.
func (o oneOffer) LatestOffer(ctx context.Context, id string) (rules.Offer, error) {
	return o.Offer(ctx, id)
}

// tokenOffer is oneOffer with a token.
type tokenOffer struct{ oneOffer }

func (o tokenOffer) Offer(ctx context.Context, id string) (rules.Offer, error) {
	offer, err := o.oneOffer.Offer(ctx, id)
	offer.Auth, offer.Credentials.Token = rules.AuthToken, "s3cret"
	return offer, err
}

// LatestOffer implements flow.Catalog.
func (o tokenOffer) LatestOffer(ctx context.Context, id string) (rules.Offer, error) {
	return o.Offer(ctx, id)
}

func newFlow(t *testing.T) *flow.Service {
	t.Helper()
	return newFlowOf(t, oneOffer{})
}

func newFlowOf(t *testing.T, catalog flow.Catalog) *flow.Service {
	t.Helper()
	store, err := sqlitestore.Open(t.Context(), t.TempDir(), sqlitestore.Options{Retention: 24 * time.Hour, Calendar: rules.NewCalendar(time.UTC), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	presets, err := dialect.Load()
	if err != nil {
		t.Fatal(err)
	}
	return flow.New(flow.Config{
		Store: store, Catalog: catalog, Presets: presets, Now: func() time.Time { return now }, PublicURL: "https://go.example.com", Zone: time.UTC, After: time.After, Wake: func() {},
	})
}

// sum is the HMAC of a content by the offer's key.
func sum(content string) []byte {
	mac := hmac.New(sha256.New, []byte(keyBytes))
	mac.Write([]byte(content))
	return mac.Sum(nil)
}

// post is a signed POST, made some time ago.
func post(t *testing.T, query, body string, ago time.Duration) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/postback"+query, strings.NewReader(body))
	ts := strconv.FormatInt(now.Add(-ago).Unix(), 10)
	r.Header.Set("Content-Type", form)
	r.Header.Set("webhook-id", "msg_1")
	r.Header.Set("webhook-timestamp", ts)
	r.Header.Set("webhook-signature", "v1,AAAA v1,"+base64.StdEncoding.EncodeToString(sum("msg_1."+ts+"."+body)))
	return r
}

// get is a GET of a query as it stands.
func get(t *testing.T, query string) *http.Request {
	t.Helper()
	return httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/postback?"+query, nil)
}

// answered serves a request.
func answered(t *testing.T, h http.Handler, r *http.Request) (int, answer) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	var a answer
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
		t.Fatalf("%s: %v", w.Body, err)
	}
	return w.Code, a
}

func TestSignedPostbacks(t *testing.T) {
	const body = "coupon_code=SALEXYZ20&offer_id=10&transaction_id=A+1"
	ts := strconv.FormatInt(now.Unix(), 10)
	good := body + "&ts=" + ts + "&sig=" + hex.EncodeToString(sum(body+"&ts="+ts))
	unsigned := post(t, "", body, 0)
	unsigned.Header.Del("webhook-signature")
	inHeaders := get(t, body+"&ts="+ts)
	inHeaders.Header = post(t, "", body, 0).Header
	changed := post(t, "", body, 0)
	changed.Body = post(t, "", body+"1", 0).Body
	for says, tt := range map[string]struct {
		request *http.Request
		status  int
		reason  string
	}{
		"a POST":                                 {post(t, "", body, 0), http.StatusOK, ""},
		"a GET":                                  {get(t, good), http.StatusOK, ""},
		"a GET, its parameters in another form":  {get(t, strings.Replace("ts="+ts+"&"+strings.Replace(good, "&ts="+ts, "", 1), "A+1", "A%201", 1)), http.StatusOK, ""},
		"a POST that was changed":                {changed, http.StatusUnauthorized, rules.InvalidSignature},
		"a POST with a query that is not signed": {post(t, "?pub_id=33", body, 0), http.StatusBadRequest, "UNSIGNED_PARAMETERS"},
		"a POST signed an hour ago":              {post(t, "", body, time.Hour), http.StatusUnauthorized, rules.StaleSignature},
		"a POST without a signature":             {unsigned, http.StatusUnauthorized, rules.MissingSignature},
		"a POST signed as a GET":                 {httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/postback?"+good, nil), http.StatusUnauthorized, rules.MissingSignature},
		"a GET signed as a POST":                 {inHeaders, http.StatusUnauthorized, rules.MissingSignature},
		"a GET with a parameter more":            {get(t, good+"&pub_id=33"), http.StatusUnauthorized, rules.InvalidSignature},
		"a GET with two signatures":              {get(t, good+"&sig=00"), http.StatusBadRequest, "DUPLICATE_PARAMETER"},
		"a token instead":                        {get(t, body+"&token=token"), http.StatusUnauthorized, rules.MissingSignature},
	} {
		status, a := answered(t, PartnerHandler(newFlow(t), knownRobots(t), admission.Partner{}), tt.request)
		if status != tt.status || a.Reason != tt.reason || len(a.Warnings) != 0 || a.Message == "" {
			t.Errorf("%s: got %d %+v, want %d %s", says, status, a, tt.status, tt.reason)
		}
	}
}

func TestWrongSignaturesAreGuesses(t *testing.T) {
	h := PartnerHandler(newFlow(t), knownRobots(t), admission.Partner{})
	for i := range badTokensAtOnce {
		if status, a := answered(t, h, get(t, "offer_id=10&ts=1&sig=00")); status != http.StatusUnauthorized {
			t.Fatalf("after %d: got %d %+v", i, status, a)
		}
	}
	if status, a := answered(t, h, get(t, "offer_id=10&ts=1&sig=00")); status != http.StatusTooManyRequests {
		t.Errorf("got %d %+v, want 429", status, a)
	}
}

func TestDecisionToProto(t *testing.T) {
	s := newFlow(t)
	v, err := s.Report(t.Context(), rules.Report{Offer: "10", Code: "SALEXYZ20", Trusted: true, TransactionID: "A-1"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := conversionToProto(v.Conversion)
	d := p.GetDecision()
	if d.GetRule() == "" || d.GetPrecedence() != "CODE_FIRST" || d.GetClickWindow().AsDuration() != time.Hour || d.GetCouponGrace() == nil || d.GetClick() != nil {
		t.Errorf("the decision is %v", d)
	}
	if c := d.GetCoupons(); len(c) != 1 || c[0].GetCoupon() != "offers/10/coupons/22.SALEXYZ20" || c[0].GetPublisher() != "publishers/22" || c[0].GetExpireTime() != nil || c[0].GetReason() != 0 {
		t.Errorf("the coupons are %v", c)
	}
	d = decisionToProto(&rules.Grounds{
		Click:   &rules.ConsideredClick{Click: "c", Publisher: "33", Coupon: "x", Time: now, Reason: rules.ClickTooOld},
		Coupons: []rules.ConsideredCoupon{{ExpireTime: now, Reason: rules.Expired}},
	})
	if c := d.GetClick(); c.GetReason().String() != "CLICK_TOO_OLD" || c.GetPublisher() != "publishers/33" || !c.GetClickTime().AsTime().Equal(now) {
		t.Errorf("the click is %v", c)
	}
	if c := d.GetCoupons()[0]; c.GetReason().String() != "EXPIRED" || !c.GetExpireTime().AsTime().Equal(now) {
		t.Errorf("the coupon is %v", c)
	}
	if conversionToProto(rules.Conversion{}).GetDecision() != nil {
		t.Error("a conversion without grounds shows a decision")
	}
}

func (oneOffer) Publisher(_ context.Context, id string) (rules.Publisher, error) {
	return rules.Publisher{ID: id, Active: true}, nil
}
