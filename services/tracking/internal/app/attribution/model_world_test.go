package attribution_test

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/deliveryurl"
	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/internal/trackinglink"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// world is what a history plays in: a small program with all that makes offers and coupons differ. It is
// the coupon service of the flow under test, and what the naive model looks things up in.
type world struct {
	// now is the time of both.
	now        time.Time
	zone       *time.Location
	landing    *trackinglink.Template
	offers     []*worldOffer
	coupons    []*worldCoupon
	publishers []worldPublisher
	// blocked and approved are by offer/publisher.
	approved map[string]bool
	// shares are what publishers earn by their approvals.
	shares map[string]share
}

type worldOffer struct {
	id         string
	auth       domain.PostbackAuth
	precedence string
	window     time.Duration
	grace      time.Duration
	payout     share
	revenue    share
	start      string
	currency   string
	active     bool
	revision   int
}

func (o *worldOffer) token() string { return "token-" + o.id }

type worldCoupon struct {
	offer     *worldOffer
	publisher string
	code      string
	// created and enabled change in the course of a history.
	created  bool
	enabled  bool
	from     time.Time
	to       time.Time // zero: it does not expire
	total    int
	daily    int
	revision int
	// limitsChanged says that the limits were others before.
	limitsChanged bool

	// Its own settings; zero: the offer's.
	precedence string
	window     time.Duration
	grace      *time.Duration
	start      string
	payout     share
}

func (c *worldCoupon) name() string {
	return "offers/" + c.offer.id + "/coupons/" + c.publisher + "." + strings.ToUpper(c.code)
}

type worldPublisher struct {
	id            string
	url           *deliveryurl.Template
	statuses      []domain.Status
	onlyWithClick bool
}

// newWorld returns a world whose offers have ids that begin with a prefix.
func newWorld(t testing.TB, prefix string) *world {
	t.Helper()
	landing, err := trackinglink.Compile("https://shop.example.com/?click={click_id}&code={coupon_code}")
	if err != nil {
		t.Fatal(err)
	}
	url, err := deliveryurl.Compile("https://publisher.example.com/?c={conversion_id}&s={status}")
	if err != nil {
		t.Fatal(err)
	}
	a := &worldOffer{
		id: prefix + "-a", auth: domain.AuthToken, precedence: "CODE_FIRST", window: time.Hour, grace: 30 * time.Minute, active: true,
		payout: share{percent: 75_000, most: cash{"EUR", 400}}, revenue: share{percent: 125_000}, start: "APPROVED", currency: "EUR",
	}
	b := &worldOffer{
		id: prefix + "-b", auth: domain.AuthOpen, precedence: "CLICK_FIRST", window: 2 * time.Hour, active: true,
		payout: share{fixed: cash{"USD", 150}}, revenue: share{fixed: cash{"USD", 300}}, start: "APPROVED", currency: "USD",
	}
	c := &worldOffer{
		id: prefix + "-c", auth: domain.AuthHMAC, precedence: "ONLY_IF_CLICKED", window: 24 * time.Hour, grace: time.Minute, active: true,
		payout: share{percent: 333_333}, start: "PENDING", currency: "JPY",
	}
	w := &world{
		now: time.Now().UTC().Truncate(24 * time.Hour).Add(12 * time.Hour), zone: time.FixedZone("", -5*60*60), landing: landing,
		offers: []*worldOffer{a, b, c},
		publishers: []worldPublisher{
			{id: "p1", url: url, statuses: []domain.Status{domain.StatusPending, domain.StatusApproved, domain.StatusRejected}},
			{id: "p2", url: url, statuses: []domain.Status{domain.StatusApproved}, onlyWithClick: true},
			{id: "p3"},
			{id: "p4", url: url, statuses: []domain.Status{domain.StatusApproved, domain.StatusRejected}},
		},
		approved: map[string]bool{a.id + "/p3": true},
		shares:   map[string]share{a.id + "/p2": {fixed: cash{"EUR", 200}}, c.id + "/p1": {percent: 500_000}},
	}
	for _, offer := range w.offers {
		w.approved[offer.id+"/p1"], w.approved[offer.id+"/p2"] = true, true
	}
	w.coupons = couponsOf(a, b, c, w.now)
	return w
}

// couponsOf returns the coupons of a new world; some are yet to be created.
func couponsOf(a, b, c *worldOffer, now time.Time) []*worldCoupon {
	hour, none := time.Hour, time.Duration(0)
	coupons := []*worldCoupon{
		{offer: a, publisher: "p1", code: "Shared"},
		{offer: a, publisher: "p2", code: "SHARED", grace: &none},
		{offer: a, publisher: "p1", code: "TOTAL", total: 3},
		{offer: a, publisher: "p2", code: "SOON", from: now.Add(hour)},
		{offer: a, publisher: "p3", code: "LATE"},
		{offer: b, publisher: "p1", code: "DAILY", daily: 2},
		{
			offer: b, publisher: "p2", code: "OWN", precedence: "CODE_FIRST", window: 10 * time.Minute, grace: &hour, to: now.Add(hour),
			start: "PENDING", payout: share{percent: 500_000, most: cash{"USD", 1000}},
		},
		{offer: b, publisher: "p4", code: "EXPIRES", to: now.Add(2 * hour)},
		{offer: b, publisher: "p1", code: "TWICE"},
		{offer: c, publisher: "p2", code: "TWICE", precedence: "CODE_FIRST"},
		{offer: c, publisher: "p1", code: "CLICKED"},
		{offer: c, publisher: "p1", code: "BOTH", precedence: "CLICK_FIRST", total: 3, daily: 1},
	}
	for _, coupon := range coupons {
		coupon.enabled = true
		coupon.created = coupon.publisher != "p3" && coupon.publisher != "p4"
		if coupon.from.IsZero() {
			coupon.from = now.Add(-48 * time.Hour)
		}
	}
	return coupons
}

// having returns the coupons that have a code, on an offer, or on any.
func (w *world) having(offer *worldOffer, code string) []*worldCoupon {
	var found []*worldCoupon
	for _, c := range w.coupons {
		if c.created && (offer == nil || c.offer == offer) && strings.EqualFold(c.code, strings.TrimSpace(code)) {
			found = append(found, c)
		}
	}
	return found
}

func (w *world) offer(is func(*worldOffer) bool) *worldOffer {
	for _, o := range w.offers {
		if is(o) {
			return o
		}
	}
	return nil
}

func (w *world) deliver(publisher string) []domain.Status {
	for _, p := range w.publishers {
		if p.id == publisher && p.url != nil {
			return p.statuses
		}
	}
	return nil
}

// Offer implements attribution.CouponClient.
func (w *world) Offer(_ context.Context, id string) (domain.Offer, error) {
	o := w.offer(func(o *worldOffer) bool { return o.id == id })
	if o == nil {
		return domain.Offer{}, domain.ErrNotFound
	}
	return domain.Offer{
		ID: o.id, Active: o.active, Landing: w.landing, Auth: o.auth, Credentials: domain.Credentials{Token: o.token(), Secret: secret},
		Precedence: domain.Precedence(o.precedence), ClickWindow: o.window, CouponGrace: o.grace, Payout: o.payout.setting(), Revenue: o.revenue.setting(),
		StartStatus: domain.Status(o.start), CurrencyCode: o.currency, ETag: strconv.Itoa(o.revision),
	}, nil
}

// LatestOffer implements attribution.CouponClient.
func (w *world) LatestOffer(ctx context.Context, id string) (domain.Offer, error) {
	return w.Offer(ctx, id)
}

// KnowsToken implements attribution.CouponClient.
func (*world) KnowsToken(string) bool { return true }

// NoteTokenUse implements attribution.CouponClient.
func (*world) NoteTokenUse(string) {}

// OfferByToken implements attribution.CouponClient.
func (w *world) OfferByToken(ctx context.Context, token string) (domain.Offer, error) {
	o := w.offer(func(o *worldOffer) bool { return o.token() == token })
	if o == nil {
		return domain.Offer{}, domain.ErrNotFound
	}
	return w.Offer(ctx, o.id)
}

// Coupons implements attribution.CouponClient.
func (w *world) Coupons(_ context.Context, offer, code string) ([]domain.Coupon, error) {
	found := w.having(w.offer(func(o *worldOffer) bool { return o.id == offer }), code)
	coupons := make([]domain.Coupon, len(found))
	for i, c := range found {
		coupons[i] = domain.Coupon{
			Offer: c.offer.id, Publisher: c.publisher, Code: c.code, StartTime: c.from, ExpireTime: c.to, Enabled: c.enabled,
			Approved: w.approved[c.offer.id+"/"+c.publisher], OfferActive: c.offer.active, Payout: c.payout.setting(),
			ApprovalPayout: w.shares[c.offer.id+"/"+c.publisher].setting(),
			Settings:       domain.CouponSettings{Precedence: domain.Precedence(c.precedence), ClickWindow: c.window, CouponGrace: c.grace, StartStatus: domain.Status(c.start)},
			Limits:         domain.Limits{Total: int64(c.total), Daily: int64(c.daily)}, ETag: strconv.Itoa(c.revision), Deliver: w.deliver(c.publisher),
		}
	}
	return coupons, nil
}

// Standing implements attribution.CouponClient.
func (w *world) Standing(ctx context.Context, offer, publisher string) (domain.Standing, error) {
	if _, err := w.Publisher(ctx, publisher); err != nil {
		return domain.Standing{}, err
	}
	at := offer + "/" + publisher
	return domain.Standing{Approved: w.approved[at], Payout: w.shares[at].setting(), Deliver: w.deliver(publisher)}, nil
}

// Publisher implements attribution.CouponClient.
func (w *world) Publisher(_ context.Context, id string) (domain.Publisher, error) {
	for _, p := range w.publishers {
		if p.id == id {
			return domain.Publisher{ID: id, Active: true, PostbackURL: p.url, Statuses: p.statuses, OnlyWithClick: p.onlyWithClick}, nil
		}
	}
	return domain.Publisher{}, domain.ErrNotFound
}

// setting returns a share as the product has it.
func (s share) setting() money.Payout {
	switch {
	case s.percent != 0:
		return money.Payout{Kind: money.Percent, Percent: s.percent, Cap: s.most.money()}
	case s.fixed != (cash{}):
		return money.Payout{Kind: money.Fixed, Fixed: s.fixed.money()}
	default:
		return money.Payout{}
	}
}
