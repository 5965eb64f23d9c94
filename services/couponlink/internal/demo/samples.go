package demo

import (
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
)

const day = 24 * time.Hour

// decides is the time between a visitor's click and purchase.
const decides = 15 * time.Minute

// landing returns the URL of a shop's landing page. The shop receives the click id and the code in parameters named by
// us.
func landing(publicURL, shop, path string) string {
	return publicURL + ShopPath + shop + "/" + path + "?" + clickParameter + "={click_id}&promo={coupon_code}&src={pub_id}"
}

func percent(p string) *couponv1.Payout {
	return &couponv1.Payout{Kind: &couponv1.Payout_Percent{Percent: p}}
}

func fixed(currency string, units int64, nanos int32) *couponv1.Payout {
	return &couponv1.Payout{Kind: &couponv1.Payout_Fixed{Fixed: &couponv1.Money{CurrencyCode: currency, Units: units, Nanos: nanos}}}
}

type sampleOffer struct {
	id    string
	offer *couponv1.Offer
}

// offers returns the sample offers, with shops below a public URL. They differ in payout, precedence and proof of
// postbacks.
func offers(publicURL string) []sampleOffer {
	landing := func(shop, path string) string { return landing(publicURL, shop, path) }
	return []sampleOffer{
		{"aurora-shoes", &couponv1.Offer{
			DisplayName: "Aurora Running Shoes", LandingPageUrl: landing("aurora", "running"), FallbackUrl: publicURL + ShopPath + "aurora/",
			Payout: percent("8"), DefaultConversionStatus: couponv1.Offer_APPROVED,
		}},
		{"glow-skincare", &couponv1.Offer{
			DisplayName: "Glow & Co. Skincare", LandingPageUrl: landing("glow", "welcome"),
			Payout: percent("12.5"), UniqueCodes: true,
		}},
		{"beanwise-coffee", &couponv1.Offer{
			DisplayName: "Beanwise Coffee Subscription", LandingPageUrl: landing("beanwise", "subscribe"),
			Payout: fixed("USD", 10, 0), CouponGrace: durationpb.New(3 * day),
		}},
		{"linguapal-app", &couponv1.Offer{
			DisplayName: "LinguaPal Language App", LandingPageUrl: landing("linguapal", "start"),
			Payout: fixed("EUR", 6, 500_000_000), CurrencyCode: "EUR", ClickWindow: durationpb.New(7 * day),
		}},
		{"northpeak-outdoor", &couponv1.Offer{
			DisplayName: "Northpeak Outdoor", LandingPageUrl: landing("northpeak", "sale"),
			Payout: percent("7.5"), Precedence: couponv1.Offer_CLICK_FIRST,
		}},
		{"petbox-monthly", &couponv1.Offer{
			DisplayName: "Petbox Monthly", LandingPageUrl: landing("petbox", "join"),
			Payout: fixed("USD", 15, 0), PostbackAuth: couponv1.Offer_OPEN,
		}},
		{"lumen-desk-lamps", &couponv1.Offer{
			DisplayName: "Lumen Desk Lamps (paused for stock)", LandingPageUrl: landing("lumen", "lamps"),
			Payout: percent("5"), State: couponv1.Offer_PAUSED,
		}},
	}
}

type samplePublisher struct {
	id, name string
	// hears makes the publisher receive deliveries.
	hears bool
}

// publisher returns the publisher, with its endpoint below a public URL.
func (p samplePublisher) publisher(publicURL string) *couponv1.Publisher {
	publisher := &couponv1.Publisher{DisplayName: p.name}
	if p.hears {
		publisher.PostbackUrl = publicURL + deliveriesPath + "?order={transaction_id}&status={status}&payout={payout}&currency={payout_currency}&sub={pub_sub_id}"
	}
	return publisher
}

// publishers are the sample publishers, by id.
var publishers = [...]samplePublisher{
	{id: "mia-runs", name: "Mia Runs", hears: true},
	{id: "trailhead-tom", name: "Trailhead Tom"},
	{id: "glow-with-ana", name: "Glow with Ana"},
	{id: "skin-deep-sam", name: "Skin Deep Sam"},
	{id: "caffeine-carl", name: "Caffeine Carl"},
	{id: "brew-diaries", name: "The Brew Diaries"},
	{id: "polyglot-priya", name: "Polyglot Priya"},
	{id: "weekend-wanderers", name: "Weekend Wanderers"},
	{id: "petparent-pete", name: "Pet Parent Pete"},
	{id: "tidy-desk-tina", name: "Tidy Desk Tina"},
	{id: "deal-desk", name: "The Deal Desk"},
	{id: "budget-bea", name: "Budget Bea"},
}

// sampleCoupon is a coupon whose dates are relative to now.
type sampleCoupon struct {
	offer, publisher, code string
	starts                 time.Duration
	// expires is 0 if the coupon does not expire.
	expires            time.Duration
	note               string
	disabled, archived bool
}

// coupons are the sample coupons, in every state. PETLOVE10 belongs to two publishers.
var coupons = [...]sampleCoupon{
	{offer: "aurora-shoes", publisher: "mia-runs", code: "MIA20", starts: -60 * day, note: "Spring half-marathon series"},
	{offer: "aurora-shoes", publisher: "trailhead-tom", code: "TOM20", starts: -45 * day, expires: 45 * day},
	{offer: "aurora-shoes", publisher: "deal-desk", code: "AURORA10", starts: -30 * day, expires: 60 * day},
	{offer: "aurora-shoes", publisher: "mia-runs", code: "MIAWINTER", starts: 30 * day, expires: 90 * day, note: "Not before the launch"},
	{offer: "glow-skincare", publisher: "glow-with-ana", code: "ANAGLOW15", starts: -90 * day},
	{offer: "glow-skincare", publisher: "skin-deep-sam", code: "SAMGLOW15", starts: -90 * day, expires: 30 * day},
	{offer: "glow-skincare", publisher: "budget-bea", code: "BEAGLOW", starts: -80 * day, disabled: true, note: "Off until the new contract is signed"},
	{offer: "beanwise-coffee", publisher: "caffeine-carl", code: "CARL5", starts: -120 * day},
	{offer: "beanwise-coffee", publisher: "brew-diaries", code: "BREWFREE", starts: -20 * day, expires: 20 * day, note: "First bag free"},
	{offer: "beanwise-coffee", publisher: "deal-desk", code: "BEANSALE", starts: -90 * day, expires: -10 * day},
	{offer: "linguapal-app", publisher: "polyglot-priya", code: "PRIYA30", starts: -40 * day},
	{offer: "linguapal-app", publisher: "weekend-wanderers", code: "WANDERTALK", starts: -15 * day, expires: 75 * day},
	{offer: "linguapal-app", publisher: "budget-bea", code: "BEATALKS", starts: -200 * day, expires: -100 * day, archived: true},
	{offer: "northpeak-outdoor", publisher: "trailhead-tom", code: "TOMPEAK", starts: -30 * day},
	{offer: "northpeak-outdoor", publisher: "weekend-wanderers", code: "WANDER15", starts: -30 * day, expires: 30 * day},
	{offer: "northpeak-outdoor", publisher: "mia-runs", code: "MIAPEAK", starts: 7 * day},
	{offer: "northpeak-outdoor", publisher: "trailhead-tom", code: "TOMWEEK", starts: -24 * day, expires: 4 * day, note: "Autumn sale; ask Tom whether he goes on"},
	{offer: "petbox-monthly", publisher: "petparent-pete", code: "PETLOVE10", starts: -60 * day},
	{offer: "petbox-monthly", publisher: "deal-desk", code: "PETLOVE10", starts: -10 * day},
	{offer: "petbox-monthly", publisher: "budget-bea", code: "BEAPETS", starts: -10 * day, expires: 10 * day},
	{offer: "lumen-desk-lamps", publisher: "tidy-desk-tina", code: "TINALIGHT", starts: -25 * day},
}

type sampleReport struct {
	id     string
	report *trackingv1.SavedReport
}

// reports returns new sample reports.
func reports() []sampleReport {
	return []sampleReport{
		{"publishers-30-days", &trackingv1.SavedReport{
			DisplayName: "Publishers, last 30 days", Range: trackingv1.SavedReport_LAST_30_DAYS, GroupBy: []string{"PUBLISHER"},
		}},
		{"mia20-this-month", &trackingv1.SavedReport{
			DisplayName: "MIA20 this month", Range: trackingv1.SavedReport_THIS_MONTH, Filter: `pub_unique3 = "MIA20"`,
			Columns: []string{"conversion_time", "transaction_id", "pub_unique3", "publisher", "amount", "payout", "status"},
		}},
	}
}

// sampleSale is a sale. If it has a click, the click follows the coupon's link or, without a code, a plain link.
type sampleSale struct {
	transaction            string
	offer, publisher, code string
	clicked                bool
	ago                    time.Duration
	currency               string
	units                  int64
	nanos                  int32
}

// sales are the sample sales: by code, by link, by click alone, and four that nobody can be credited with. The
// existence of the last one shows that the sales are loaded.
var sales = [...]sampleSale{
	{transaction: "AUR-10021", offer: "aurora-shoes", code: "MIA20", ago: 21 * day, currency: "USD", units: 129, nanos: 900_000_000},
	{transaction: "AUR-10044", offer: "aurora-shoes", code: "mia20", ago: 14 * day, currency: "USD", units: 89},
	{transaction: "AUR-10077", offer: "aurora-shoes", code: "TOM20", ago: 9 * day, currency: "USD", units: 149, nanos: 500_000_000},
	{transaction: "AUR-10102", offer: "aurora-shoes", publisher: "mia-runs", code: "MIA20", clicked: true, ago: 3 * day, currency: "USD", units: 109},
	{transaction: "GLW-5501", offer: "glow-skincare", code: "ANAGLOW15", ago: 12 * day, currency: "USD", units: 64},
	{transaction: "GLW-5519", offer: "glow-skincare", code: "SAMGLOW15", ago: 6 * day, currency: "USD", units: 42, nanos: 250_000_000},
	{transaction: "GLW-5533", offer: "glow-skincare", publisher: "glow-with-ana", code: "ANAGLOW15", clicked: true, ago: 26 * time.Hour, currency: "USD", units: 78},
	{transaction: "GLW-5540", offer: "glow-skincare", code: "BEAGLOW", ago: 2 * day, currency: "USD", units: 51},
	{transaction: "BW-880", offer: "beanwise-coffee", code: "CARL5", ago: 18 * day, currency: "USD", units: 24},
	{transaction: "BW-893", offer: "beanwise-coffee", code: "BREWFREE", ago: 4 * day, currency: "USD", units: 19, nanos: 900_000_000},
	{transaction: "BW-901", offer: "beanwise-coffee", code: "BEANSALE", ago: 1 * day, currency: "USD", units: 24},
	{transaction: "LP-3307", offer: "linguapal-app", code: "PRIYA30", ago: 8 * day, currency: "EUR", units: 59},
	{transaction: "LP-3312", offer: "linguapal-app", publisher: "weekend-wanderers", clicked: true, ago: 4 * day, currency: "EUR", units: 59},
	{transaction: "NP-7106", offer: "northpeak-outdoor", publisher: "trailhead-tom", code: "TOMPEAK", clicked: true, ago: 2 * day, currency: "USD", units: 212, nanos: 400_000_000},
	{transaction: "NP-7110", offer: "northpeak-outdoor", code: "NOSUCHCODE", ago: 3 * day, currency: "USD", units: 75},
	{transaction: "PB-204", offer: "petbox-monthly", code: "BEAPETS", ago: 5 * day, currency: "USD", units: 29},
	{transaction: "PB-209", offer: "petbox-monthly", code: "PETLOVE10", ago: 2 * day, currency: "USD", units: 29},
}
