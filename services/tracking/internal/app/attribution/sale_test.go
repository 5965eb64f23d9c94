package attribution_test

import (
	"cmp"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/couponcode"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/internal/trackinglink"
	"github.com/couponlink/couponlink/services/tracking/internal/app/attribution"
	"github.com/couponlink/couponlink/services/tracking/internal/app/clicks"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/partner"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore"
	"github.com/couponlink/couponlink/services/tracking/internal/storetest"
)

var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// catalog is a coupon service that a test writes by hand.
type catalog struct {
	offers    map[string]domain.Offer
	coupons   []domain.Coupon
	approvals map[string]bool         // by offer/publisher
	payouts   map[string]money.Payout // by offer/publisher
	err       error
	// away is the error of questions about coupons and publishers only.
	away error
}

func (c *catalog) Offer(_ context.Context, id string) (domain.Offer, error) {
	o, ok := c.offers[id]
	if !ok && c.err == nil {
		return o, domain.ErrNotFound
	}
	return o, c.err
}

func (c *catalog) LatestOffer(ctx context.Context, id string) (domain.Offer, error) {
	return c.Offer(ctx, id)
}

func (*catalog) KnowsToken(string) bool { return true }

func (*catalog) NoteTokenUse(string) {}

func (c *catalog) OfferByToken(_ context.Context, token string) (domain.Offer, error) {
	for _, o := range c.offers {
		if o.Credentials.Token == token || o.Credentials.PreviousToken != "" && o.Credentials.PreviousToken == token {
			return o, c.err
		}
	}
	return domain.Offer{}, domain.ErrNotFound
}

func (c *catalog) Coupons(_ context.Context, offer, code string) ([]domain.Coupon, error) {
	var found []domain.Coupon
	for _, coupon := range c.coupons {
		if (offer == "" || coupon.Offer == offer) && couponcode.Fold(coupon.Code) == couponcode.Fold(code) {
			found = append(found, coupon)
		}
	}
	return found, cmp.Or(c.away, c.err)
}

func (c *catalog) Standing(_ context.Context, offer, publisher string) (domain.Standing, error) {
	approved, ok := c.approvals[offer+"/"+publisher]
	if !ok && c.err == nil {
		return domain.Standing{}, domain.ErrNotFound
	}
	return domain.Standing{Approved: approved, Payout: c.payouts[offer+"/"+publisher]}, cmp.Or(c.away, c.err)
}

// newCatalog returns offers 10 (TOKEN) and 11 (OPEN), publishers 22 and 33 approved on both, and 22's
// coupons: SaleXYZ20 on 10, OPEN11 on 11, BOTH on each.
func newCatalog(t *testing.T) *catalog {
	t.Helper()
	landing, err := trackinglink.Compile("https://shop.example.com/?click={click_id}&code={coupon_code}")
	if err != nil {
		t.Fatal(err)
	}
	fallback, err := trackinglink.Compile("https://shop.example.com/sorry")
	if err != nil {
		t.Fatal(err)
	}
	offer := func(id string, auth domain.PostbackAuth) domain.Offer {
		return domain.Offer{
			ID: id, Active: true, Landing: landing, Fallback: fallback, Auth: auth, Credentials: domain.Credentials{Token: "token" + id}, Precedence: domain.CodeFirst,
			ClickWindow: time.Hour, StartStatus: domain.StatusApproved, CurrencyCode: "EUR",
		}
	}
	coupon := func(offer, code string) domain.Coupon {
		return domain.Coupon{Offer: offer, Publisher: "22", Code: code, StartTime: now.Add(-time.Hour), Enabled: true, Approved: true, OfferActive: true}
	}
	return &catalog{
		offers:    map[string]domain.Offer{"10": offer("10", domain.AuthToken), "11": offer("11", domain.AuthOpen)},
		coupons:   []domain.Coupon{coupon("10", "SaleXYZ20"), coupon("11", "OPEN11"), coupon("10", "BOTH"), coupon("11", "BOTH")},
		approvals: map[string]bool{"10/22": true, "10/33": true, "11/22": true, "11/33": true, "10/44": false},
	}
}

func newService(t *testing.T, catalog *catalog) *service {
	t.Helper()
	return newServiceOn(newStore(t), catalog)
}

func newStore(t *testing.T) storetest.Store {
	t.Helper()
	store, err := sqlitestore.Open(t.Context(), t.TempDir(), sqlitestore.Options{Retention: 24 * time.Hour, Calendar: rollup.NewCalendar(time.UTC), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

func newServiceOn(store storetest.Store, catalog *catalog) *service {
	return serve(attribution.Config{
		Store: store, Catalog: catalog, Now: func() time.Time { return now }, Zone: time.UTC, After: time.After, Wake: func() {},
	})
}

// stored returns how many conversions there are.
func stored(t *testing.T, s *service) int {
	t.Helper()
	page, _, err := s.Conversions(t.Context(), listing.Request{PageSize: 1000})
	if err != nil {
		t.Fatal(err)
	}
	return len(page)
}

func TestReportSettlesTheOfferFirst(t *testing.T) {
	tests := []struct {
		says    string
		report  domain.Report
		offer   string
		outcome attribution.Outcome
		reason  domain.Reason
	}{
		{"by offer_id", domain.Report{Offer: "10", Token: "token10", Code: "salexyz20"}, "10", attribution.Attributed, ""},
		{"else by the token", domain.Report{Token: "token10", Code: "BOTH"}, "10", attribution.Attributed, ""},
		{"else by the only offer that has the code", domain.Report{Code: "open11"}, "11", attribution.Attributed, ""},
		{"a code of another offer counts as unknown", domain.Report{Token: "token10", Code: "OPEN11"}, "10", attribution.Unattributed, domain.OtherOffer},
		{"a code of no offer", domain.Report{Token: "token10", Code: "NOSUCH"}, "10", attribution.Unattributed, domain.UnknownCode},
		{"a code that no coupon can have", domain.Report{Token: "token10", Code: "SALE_XYZ20"}, "10", attribution.Unattributed, domain.UnknownCode},
		{"a click id that is none of ours", domain.Report{Token: "token10", ClickID: "zzz"}, "10", attribution.Unattributed, domain.UnknownClick},
		{"nothing but the token", domain.Report{Token: "token10"}, "10", attribution.Unattributed, domain.NoReference},
	}
	for _, tt := range tests {
		t.Run(tt.says, func(t *testing.T) {
			s := newService(t, newCatalog(t))
			v, err := s.Report(t.Context(), tt.report, nil)
			if err != nil {
				t.Fatal(err)
			}
			if v.Conversion.Offer != tt.offer || v.Outcome != tt.outcome || v.Conversion.Reason != tt.reason {
				t.Errorf("got offer %s, %s, %s", v.Conversion.Offer, v.Outcome, v.Conversion.Reason)
			}
			if stored(t, s) != 1 {
				t.Error("the conversion is not stored")
			}
		})
	}
}

func TestReportRefuses(t *testing.T) {
	down := apperr.New(apperr.Unavailable, "COUPON_SERVICE_UNAVAILABLE", "down")
	tests := []struct {
		says   string
		report domain.Report
		err    error // of the catalog
		kind   apperr.Kind
		reason string
	}{
		{"an unknown offer", domain.Report{Offer: "99"}, nil, apperr.Unauthenticated, "MISSING_TOKEN"},
		{"an unknown offer, from one of our own services", domain.Report{Offer: "99", Trusted: true}, nil, apperr.NotFound, "OFFER_NOT_FOUND"},
		{"no token where one is wanted", domain.Report{Offer: "10", Code: "SALEXYZ20"}, nil, apperr.Unauthenticated, "MISSING_TOKEN"},
		{"the only offer with the code wants a token", domain.Report{Code: "SALEXYZ20"}, nil, apperr.Unauthenticated, "MISSING_TOKEN"},
		{"a token of no offer", domain.Report{Token: "nonsense", Code: "SALEXYZ20"}, nil, apperr.Unauthenticated, "INVALID_TOKEN"},
		{"a token of another offer", domain.Report{Offer: "10", Token: "token11"}, nil, apperr.Unauthenticated, "INVALID_TOKEN"},
		{"a wrong token, even on an open offer", domain.Report{Offer: "11", Token: "nonsense"}, nil, apperr.Unauthenticated, "INVALID_TOKEN"},
		{"a code of two offers", domain.Report{Code: "BOTH"}, nil, apperr.Unauthenticated, "MISSING_TOKEN"},
		{"a code of no offer", domain.Report{Code: "NOSUCH"}, nil, apperr.Unauthenticated, "MISSING_TOKEN"},
		{"nothing at all", domain.Report{}, nil, apperr.InvalidArgument, "OFFER_NOT_SETTLED"},
		{"the coupon service is out of reach", domain.Report{Offer: "10", Token: "token10", Code: "SALEXYZ20"}, down, apperr.Unavailable, "COUPON_SERVICE_UNAVAILABLE"},
	}
	for _, tt := range tests {
		t.Run(tt.says, func(t *testing.T) {
			c := newCatalog(t)
			c.err = tt.err
			s := newService(t, c)
			_, err := s.Report(t.Context(), tt.report, nil)
			if e := apperr.As(err); e == nil || e.Kind != tt.kind || e.Reason != tt.reason {
				t.Errorf("got error %v", err)
			}
			if stored(t, s) != 0 {
				t.Error("something is stored")
			}
		})
	}
}

func TestReportTwice(t *testing.T) {
	s := newService(t, newCatalog(t))
	report := domain.Report{Token: "token10", Code: "SALEXYZ20", TransactionID: "A-1", HasAmount: true, Amount: money.Money{Units: 49}}
	first, err := s.Report(t.Context(), report, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := first.Conversion.Amount; got != (money.Money{Currency: "EUR", Units: 49}) {
		t.Errorf("amount is %v: without a currency it is in the offer's", got)
	}
	again, err := s.Report(t.Context(), report, nil)
	if err != nil || again.Outcome != attribution.Duplicate || again.Conversion.ID != first.Conversion.ID {
		t.Errorf("got %s of %s, %v; want DUPLICATE of %s", again.Outcome, again.Conversion.ID, err, first.Conversion.ID)
	}
	report.Amount.Units = 50
	_, err = s.Report(t.Context(), report, nil)
	if e := apperr.As(err); e == nil || e.Kind != apperr.Aborted || e.Reason != "CONVERSION_CONFLICT" || e.Metadata["conversion"] != "conversions/"+first.Conversion.ID {
		t.Errorf("another amount: got %v", err)
	}
	if n := stored(t, s); n != 1 {
		t.Errorf("%d conversions are stored, want 1", n)
	}
}

func TestReportWithoutAnyKeyIsNewEachTimeAndSaysSo(t *testing.T) {
	s := newService(t, newCatalog(t))
	for range 2 {
		v, err := s.Report(t.Context(), domain.Report{Code: "OPEN11"}, nil)
		if err != nil || v.Outcome != attribution.Attributed || !v.Conversion.Undeduplicated || len(v.Warnings) != 1 {
			t.Fatalf("got %+v, %v", v, err)
		}
		if v.Conversion.Status != domain.StatusPending {
			t.Errorf("without a token the status is %s, want PENDING", v.Conversion.Status)
		}
	}
	if n := stored(t, s); n != 2 {
		t.Errorf("%d conversions are stored, want 2", n)
	}
	for range 2 {
		if _, err := s.Report(t.Context(), domain.Report{Code: "OPEN11", IdempotencyKey: "k"}, nil); err != nil {
			t.Fatal(err)
		}
	}
	if n := stored(t, s); n != 3 {
		t.Errorf("%d conversions are stored, want 3: an idempotency key makes the repeat one", n)
	}
}

func TestTestStoresNothing(t *testing.T) {
	s := newService(t, newCatalog(t))
	report := domain.Report{Token: "token10", Code: "SALEXYZ20", TransactionID: "A-1", Test: true}
	v, err := s.Report(t.Context(), report, nil)
	if err != nil || v.Outcome != attribution.Test || v.Conversion.Publisher != "22" || !strings.Contains(v.Message, "ATTRIBUTED") {
		t.Errorf("got %+v, %v", v, err)
	}
	if stored(t, s) != 0 {
		t.Error("a test is stored")
	}
	report.Test = false
	if _, err := s.Report(t.Context(), report, nil); err != nil {
		t.Fatal(err)
	}
	report.Test = true
	if v, err := s.Report(t.Context(), report, nil); err != nil || !strings.Contains(v.Message, "DUPLICATE") {
		t.Errorf("a test of what is stored: got %q, %v", v.Message, err)
	}
}

// visit clicks and returns the click's id.
func visit(t *testing.T, s *service, link trackinglink.Link) string {
	t.Helper()
	location, err := s.Click(t.Context(), clicks.Visit{Link: partner.Visited{Link: link}})
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(location, "click=")
	if !ok {
		t.Fatalf("no click id in %s", location)
	}
	id, _, _ := strings.Cut(rest, "&")
	return id
}

func TestClickThenSale(t *testing.T) {
	s := newService(t, newCatalog(t))
	linked := visit(t, s, trackinglink.Link{Offer: "10", Publisher: "22", CouponCode: "salexyz20", PubUniques: [5]string{"a"}})
	plain := visit(t, s, trackinglink.Link{Offer: "10", Publisher: "33"})
	tests := []struct {
		says      string
		report    domain.Report
		publisher string
		method    domain.Method
		unique3   string
	}{
		{"the coupon's own click and code", domain.Report{Token: "token10", ClickID: linked, Code: "SALEXYZ20"}, "22", domain.CouponLink, "SaleXYZ20"},
		{"the coupon's own click alone", domain.Report{Token: "token10", ClickID: linked, Event: "lead"}, "22", domain.CouponLink, "SaleXYZ20"},
		{"a plain click", domain.Report{Token: "token10", ClickID: plain}, "33", domain.ByClick, ""},
		{"the click id in upper case", domain.Report{Token: "token10", ClickID: strings.ToUpper(plain), Event: "lead"}, "33", domain.ByClick, ""},
		{"the offer settled by the click", domain.Report{Trusted: true, ClickID: plain, Event: "trial"}, "33", domain.ByClick, ""},
	}
	for _, tt := range tests {
		v, err := s.Report(t.Context(), tt.report, nil)
		if err != nil {
			t.Errorf("%s: %v", tt.says, err)
			continue
		}
		if c := v.Conversion; c.Publisher != tt.publisher || c.Method != tt.method || c.PubUniques[2] != tt.unique3 {
			t.Errorf("%s: got %s by %s, Pub. Unique 3 %q", tt.says, c.Publisher, c.Method, c.PubUniques[2])
		}
	}
}

// TestAClickInCapitalsIsTheSameClick: the sale is the same sale.
func TestAClickInCapitalsIsTheSameClick(t *testing.T) {
	s := newService(t, newCatalog(t))
	click := visit(t, s, trackinglink.Link{Offer: "10", Publisher: "33"})
	for i, id := range []string{click, strings.ToUpper(click)} {
		v, err := s.Report(t.Context(), domain.Report{Token: "token10", ClickID: id}, nil)
		if err != nil || (v.Outcome == attribution.Duplicate) != (i == 1) {
			t.Errorf("by %s: %s, %v", id, v.Outcome, err)
		}
	}
	if n := stored(t, s); n != 1 {
		t.Errorf("%d conversions are stored, want 1", n)
	}
}

func TestClickGoesSomewhereWhateverItIsWorth(t *testing.T) {
	const landing, fallback = "https://shop.example.com/?click=", "https://shop.example.com/sorry"
	c := newCatalog(t)
	s := newService(t, c)
	tests := []struct {
		says string
		link trackinglink.Link
		goes string
	}{
		{"a valid coupon", trackinglink.Link{Offer: "10", Publisher: "22", CouponCode: "SALEXYZ20"}, landing},
		{"an approved publisher without a code", trackinglink.Link{Offer: "10", Publisher: "33"}, landing},
		{"an unknown code", trackinglink.Link{Offer: "10", Publisher: "22", CouponCode: "NOSUCH"}, fallback},
		{"a publisher who is not approved", trackinglink.Link{Offer: "10", Publisher: "44"}, fallback},
		{"an unknown publisher", trackinglink.Link{Offer: "10", Publisher: "55"}, fallback},
		{"no publisher", trackinglink.Link{Offer: "10"}, fallback},
	}
	for _, tt := range tests {
		location, err := s.Click(t.Context(), clicks.Visit{Link: partner.Visited{Link: tt.link}})
		if err != nil || !strings.HasPrefix(location, tt.goes) {
			t.Errorf("%s: goes to %q, %v; want %s", tt.says, location, err, tt.goes)
		}
	}
	if _, err := s.Click(t.Context(), clicks.Visit{Link: partner.Visited{Link: trackinglink.Link{Offer: "99"}}}); !apperr.Is(err, apperr.NotFound) {
		t.Errorf("an unknown offer: got %v, want NotFound", err)
	}
}

func TestBuildLink(t *testing.T) {
	s := newService(t, newCatalog(t))
	url, short, err := s.BuildLink(t.Context(), trackinglink.Link{Offer: "10", Publisher: "22", CouponCode: "salexyz20"})
	if err != nil || url != "https://go.example.com/click?offer_id=10&pub_id=22&coupon_code=SaleXYZ20" || short != "https://go.example.com/c/SaleXYZ20" {
		t.Errorf("got %q, %q, %v", url, short, err)
	}
	if _, short, err = s.BuildLink(t.Context(), trackinglink.Link{Offer: "10", Publisher: "22", CouponCode: "BOTH"}); err != nil || short != "" {
		t.Errorf("a code of two coupons: got short form %q, %v", short, err)
	}
	for _, tt := range []struct {
		link   trackinglink.Link
		reason string
	}{
		{trackinglink.Link{Offer: "99", Publisher: "22"}, "OFFER_NOT_FOUND"},
		{trackinglink.Link{Offer: "10", Publisher: "99"}, "PUBLISHER_NOT_FOUND"},
		{trackinglink.Link{Offer: "10", Publisher: "33", CouponCode: "SALEXYZ20"}, "COUPON_NOT_FOUND"},
	} {
		_, _, err := s.BuildLink(t.Context(), tt.link)
		if e := apperr.As(err); e == nil || e.Reason != tt.reason {
			t.Errorf("%+v: got %v, want %s", tt.link, err, tt.reason)
		}
	}
}

func (c *catalog) Publisher(_ context.Context, id string) (domain.Publisher, error) {
	return domain.Publisher{ID: id, Active: true}, c.err
}
