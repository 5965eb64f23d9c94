package domain

import (
	"strings"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/internal/resource"
)

var noon = time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC)

func validOffer() Offer {
	o := DefaultOffer()
	o.DisplayName = "Aurora Shoes"
	o.LandingPageURL = "https://shop.example.com/?click={click_id}"
	return o
}

func TestCheckOffer(t *testing.T) {
	for name, tc := range map[string]struct {
		change        func(*Offer)
		reason, field string
	}{
		"as it comes":             {change: func(*Offer) {}},
		"everything set":          {change: everySetting},
		"no name":                 {func(o *Offer) { o.DisplayName = " " }, "INVALID_DISPLAY_NAME", "display_name"},
		"name of 200 characters":  {change: func(o *Offer) { o.DisplayName = strings.Repeat("ü", 200) }},
		"name of 201 characters":  {func(o *Offer) { o.DisplayName = strings.Repeat("ü", 201) }, "INVALID_DISPLAY_NAME", "display_name"},
		"name with a line break":  {func(o *Offer) { o.DisplayName = "a\nb" }, "INVALID_DISPLAY_NAME", "display_name"},
		"name not in UTF-8":       {func(o *Offer) { o.DisplayName = "a\xff" }, "INVALID_DISPLAY_NAME", "display_name"},
		"no landing page":         {func(o *Offer) { o.LandingPageURL = "" }, "INVALID_LANDING_PAGE_URL", "landing_page_url"},
		"landing page no URL":     {func(o *Offer) { o.LandingPageURL = "shop" }, "INVALID_LANDING_PAGE_URL", "landing_page_url"},
		"fallback no URL":         {func(o *Offer) { o.FallbackURL = "javascript:alert(1)" }, "INVALID_FALLBACK_URL", "fallback_url"},
		"unknown state":           {func(o *Offer) { o.State = "99" }, "INVALID_STATE", "state"},
		"unknown authentication":  {func(o *Offer) { o.PostbackAuth = "99" }, "INVALID_POSTBACK_AUTH", "postback_auth"},
		"unknown precedence":      {func(o *Offer) { o.Precedence = "99" }, "INVALID_PRECEDENCE", "precedence"},
		"unknown payout base":     {func(o *Offer) { o.PayoutBase = "99" }, "INVALID_PAYOUT_BASE", "payout_base"},
		"unknown status":          {func(o *Offer) { o.DefaultConversionStatus = "99" }, "INVALID_DEFAULT_CONVERSION_STATUS", "default_conversion_status"},
		"window of zero":          {func(o *Offer) { o.ClickWindow = 0 }, "INVALID_CLICK_WINDOW", "click_window"},
		"window of a second":      {change: func(o *Offer) { o.ClickWindow = time.Second }},
		"window of 1.5 s":         {func(o *Offer) { o.ClickWindow = 1500 * time.Millisecond }, "INVALID_CLICK_WINDOW", "click_window"},
		"window of 366 days":      {change: func(o *Offer) { o.ClickWindow = MaxWindow }},
		"window beyond":           {func(o *Offer) { o.ClickWindow = MaxWindow + time.Second }, "INVALID_CLICK_WINDOW", "click_window"},
		"negative grace":          {func(o *Offer) { o.CouponGrace = -time.Second }, "INVALID_COUPON_GRACE", "coupon_grace"},
		"payout over 100 percent": {func(o *Offer) { o.Payout = money.Payout{Kind: money.Percent, Percent: 1_000_001} }, "INVALID_PAYOUT", "payout.percent"},
		"payout negative": {func(o *Offer) {
			o.Payout = money.Payout{Kind: money.Fixed, Fixed: money.Money{Currency: "USD", Units: -1}}
		}, "INVALID_PAYOUT", "payout.fixed"},
		"payout without currency": {func(o *Offer) { o.Payout = money.Payout{Kind: money.Fixed} }, "INVALID_PAYOUT", "payout.fixed"},
		"payout with a cap": {change: func(o *Offer) {
			o.Payout = money.Payout{Kind: money.Percent, Percent: 1, Cap: money.Money{Currency: "JPY"}}
		}},
		"cap of a fixed payout": {func(o *Offer) {
			o.Payout = money.Payout{Kind: money.Fixed, Fixed: money.Money{Currency: "USD", Units: 1}, Cap: money.Money{Currency: "USD", Units: 1}}
		}, "INVALID_PAYOUT", "payout.cap"},
		"cap negative": {func(o *Offer) {
			o.Payout = money.Payout{Kind: money.Percent, Cap: money.Money{Currency: "USD", Nanos: -1}}
		}, "INVALID_PAYOUT", "payout.cap"},
		"cap in no currency": {func(o *Offer) {
			o.Payout = money.Payout{Kind: money.Percent, Cap: money.Money{Currency: "QQQ", Units: 1}}
		}, "INVALID_PAYOUT", "payout.cap"},
		"revenue over 100 percent": {func(o *Offer) { o.Revenue = money.Payout{Kind: money.Percent, Percent: 1_000_001} }, "INVALID_REVENUE", "revenue.percent"},
		"revenue with a bad cap": {func(o *Offer) {
			o.Revenue = money.Payout{Kind: money.Percent, Cap: money.Money{Currency: "QQQ"}}
		}, "INVALID_REVENUE", "revenue.cap"},
		"greatest amount of nothing": {change: func(o *Offer) { o.OpenPostbackMaxAmount = money.Money{Currency: "JPY"} }},
		"greatest amount negative": {func(o *Offer) {
			o.OpenPostbackMaxAmount = money.Money{Currency: "USD", Units: -1}
		}, "INVALID_OPEN_POSTBACK_MAX_AMOUNT", "open_postback_max_amount"},
		"greatest amount in no currency": {func(o *Offer) {
			o.OpenPostbackMaxAmount = money.Money{Currency: "QQQ", Units: 1}
		}, "INVALID_OPEN_POSTBACK_MAX_AMOUNT", "open_postback_max_amount"},
		"authentication by HMAC": {change: func(o *Offer) { o.PostbackAuth = AuthHMAC }},
		"unknown currency":       {func(o *Offer) { o.CurrencyCode = "QQQ" }, "INVALID_CURRENCY_CODE", "currency_code"},
	} {
		t.Run(name, func(t *testing.T) {
			offer := validOffer()
			tc.change(&offer)
			_, err := CheckOffer(offer)
			if tc.reason != "" {
				refused(t, err, apperr.InvalidArgument, tc.reason, tc.field)
			} else if err != nil {
				t.Fatal(err)
			}
		})
	}
}

func everySetting(o *Offer) {
	o.FallbackURL = "https://shop.example.com/sorry"
	o.State = OfferPaused
	o.PostbackAuth = AuthOpen
	o.Precedence = OnlyIfClicked
	o.CouponGrace = MaxWindow
	o.UniqueCodes = true
	o.Payout = money.Payout{Kind: money.Percent, Percent: 75_000}
	o.Revenue = money.Payout{Kind: money.Fixed, Fixed: money.Money{Currency: "EUR", Units: 5}}
	o.DefaultConversionStatus = StartApproved
	o.CurrencyCode = "JPY"
	o.OpenPostbackMaxAmount = money.Money{Currency: "JPY", Units: 50_000}
}

func TestCheckOfferTidiesUp(t *testing.T) {
	offer := validOffer()
	offer.DisplayName = "  Aurora Shoes "
	offer.CurrencyCode = "eur"
	offer.Payout = money.Payout{Kind: money.Fixed, Fixed: money.Money{Currency: "usd", Units: 5}}
	offer.Revenue = money.Payout{Kind: money.Percent, Percent: 1, Cap: money.Money{Currency: "jpy", Units: 5}}
	offer.OpenPostbackMaxAmount = money.Money{Currency: "eur", Units: 5}
	got, err := CheckOffer(offer)
	if err != nil {
		t.Fatal(err)
	}
	if got.DisplayName != "Aurora Shoes" || got.CurrencyCode != "EUR" || got.Payout.Fixed.Currency != "USD" || got.Revenue.Cap.Currency != "JPY" ||
		got.OpenPostbackMaxAmount.Currency != "EUR" {
		t.Errorf("got %+v", got)
	}
}

func TestAllFindingsComeAtOnce(t *testing.T) {
	_, err := CheckOffer(Offer{State: OfferActive, PostbackAuth: AuthToken, Precedence: CodeFirst, DefaultConversionStatus: StartPending, PayoutBase: AmountAsSent})
	refused(t, err, apperr.InvalidArgument, "INVALID_DISPLAY_NAME", "display_name")
	var fields []string
	for _, v := range apperr.As(err).Violations {
		fields = append(fields, v.Field)
	}
	if got, want := strings.Join(fields, " "), "display_name landing_page_url click_window currency_code"; got != want {
		t.Errorf("got violations on %q, want %q", got, want)
	}
}

func TestCheckCoupon(t *testing.T) {
	for name, tc := range map[string]struct {
		change        func(*Coupon)
		reason, field string
	}{
		"as it comes":                  {change: func(*Coupon) {}},
		"code with special characters": {func(c *Coupon) { c.Code = "SALE_XYZ20" }, "INVALID_CODE", "code"},
		"expires after it starts":      {change: func(c *Coupon) { c.ExpireTime = noon.Add(time.Millisecond) }},
		"expired long ago, an import of history": {change: func(c *Coupon) {
			c.StartTime, c.ExpireTime = noon.AddDate(-5, 0, 0), noon.AddDate(-4, 0, 0)
		}},
		"expires when it starts":   {func(c *Coupon) { c.ExpireTime = noon }, "INVALID_TIME_RANGE", "expire_time"},
		"expires before it starts": {func(c *Coupon) { c.ExpireTime = noon.Add(-time.Hour) }, "INVALID_TIME_RANGE", "expire_time"},
		"expires within the ms":    {func(c *Coupon) { c.ExpireTime = noon.Add(999 * time.Microsecond) }, "INVALID_TIME_RANGE", "expire_time"},
		"starts in 1999":           {func(c *Coupon) { c.StartTime = time.Date(1999, 12, 31, 23, 59, 59, 0, time.UTC) }, "INVALID_START_TIME", "start_time"},
		"expires in 10000":         {func(c *Coupon) { c.ExpireTime = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }, "INVALID_EXPIRE_TIME", "expire_time"},
		"note of 2000 characters":  {change: func(c *Coupon) { c.InternalNote = strings.Repeat("ü", 2000) }},
		"note of several lines":    {change: func(c *Coupon) { c.InternalNote = "a\r\n\tb" }},
		"note of 2001 characters":  {func(c *Coupon) { c.InternalNote = strings.Repeat("ü", 2001) }, "INVALID_INTERNAL_NOTE", "internal_note"},
		"note with a NUL":          {func(c *Coupon) { c.InternalNote = "a\x00" }, "INVALID_INTERNAL_NOTE", "internal_note"},
		"note not in UTF-8":        {func(c *Coupon) { c.InternalNote = "\xff" }, "INVALID_INTERNAL_NOTE", "internal_note"},
		"every setting of its own": {change: func(c *Coupon) {
			c.Settings = CouponSettings{
				Precedence: OnlyIfClicked, ClickWindow: duration(MaxWindow), CouponGrace: duration(0), DefaultConversionStatus: StartApproved,
				FallbackURL: "https://shop.example.com/?c={coupon_code}",
			}
		}},
		"precedence of its own, unknown": {func(c *Coupon) { c.Settings.Precedence = "99" }, "INVALID_SETTINGS", "settings.precedence"},
		"window of its own, zero":        {func(c *Coupon) { c.Settings.ClickWindow = duration(0) }, "INVALID_SETTINGS", "settings.click_window"},
		"window of its own, beyond": {func(c *Coupon) {
			c.Settings.ClickWindow = duration(MaxWindow + time.Second)
		}, "INVALID_SETTINGS", "settings.click_window"},
		"grace of its own, negative": {func(c *Coupon) { c.Settings.CouponGrace = duration(-time.Second) }, "INVALID_SETTINGS", "settings.coupon_grace"},
		"grace of its own, of 1.5 s": {func(c *Coupon) {
			c.Settings.CouponGrace = duration(1500 * time.Millisecond)
		}, "INVALID_SETTINGS", "settings.coupon_grace"},
		"status of its own, unknown": {func(c *Coupon) {
			c.Settings.DefaultConversionStatus = "REJECTED"
		}, "INVALID_SETTINGS", "settings.default_conversion_status"},
		"fallback of its own, no URL": {func(c *Coupon) { c.Settings.FallbackURL = "javascript:alert(1)" }, "INVALID_SETTINGS", "settings.fallback_url"},
		"payout of an unknown kind":   {func(c *Coupon) { c.Payout.Kind = "TIERED" }, "INVALID_PAYOUT", "payout"},
		"limits, the least":           {change: func(c *Coupon) { c.UsageLimit, c.DailyUsageLimit = 1, 1 }},
		"limits, the most":            {change: func(c *Coupon) { c.UsageLimit, c.DailyUsageLimit = MaxUsageLimit, MaxUsageLimit }},
		"limit, negative":             {func(c *Coupon) { c.UsageLimit = -1 }, "INVALID_USAGE_LIMIT", "usage_limit"},
		"limit, beyond":               {func(c *Coupon) { c.UsageLimit = MaxUsageLimit + 1 }, "INVALID_USAGE_LIMIT", "usage_limit"},
		"limit by day, negative":      {func(c *Coupon) { c.DailyUsageLimit = -1 }, "INVALID_DAILY_USAGE_LIMIT", "daily_usage_limit"},
		"limit by day, beyond":        {func(c *Coupon) { c.DailyUsageLimit = MaxUsageLimit + 1 }, "INVALID_DAILY_USAGE_LIMIT", "daily_usage_limit"},
		"payout of a tenth, percent":  {change: func(c *Coupon) { c.Payout = money.Payout{Kind: money.Percent, Percent: 100_000} }},
	} {
		t.Run(name, func(t *testing.T) {
			coupon := Coupon{Offer: "10", Publisher: "22", Code: "SALEXYZ20", StartTime: noon, Enabled: true}
			tc.change(&coupon)
			_, err := CheckCoupon(coupon)
			if tc.reason != "" {
				refused(t, err, apperr.InvalidArgument, tc.reason, tc.field)
			} else if err != nil {
				t.Fatal(err)
			}
		})
	}
}

func duration(d time.Duration) OptionalDuration { return OptionalDuration{IsSet: true, Value: d} }

func TestCheckApproval(t *testing.T) {
	a, err := CheckApproval(Approval{Payout: money.Payout{Kind: money.Percent, Percent: 1, Cap: money.Money{Currency: "eur", Units: 5}}})
	if err != nil || a.Payout.Cap.Currency != "EUR" {
		t.Errorf("got %+v, %v", a, err)
	}
	_, err = CheckApproval(Approval{Payout: money.Payout{Kind: money.Percent, Percent: -1}})
	refused(t, err, apperr.InvalidArgument, "INVALID_PAYOUT", "payout.percent")
}

func TestCheckCouponTidiesUp(t *testing.T) {
	berlin := time.FixedZone("CET", 3600)
	got, err := CheckCoupon(Coupon{
		Code: " SaleXyz20 ", StartTime: noon.Add(1500 * time.Microsecond).In(berlin), ExpireTime: NoExpiry(),
	})
	if err != nil {
		t.Fatal(err)
	}
	if got.Code != "SaleXyz20" || got.StartTime != noon.Add(time.Millisecond) || !got.ExpireTime.IsZero() {
		t.Errorf("got %+v", got)
	}
}

func TestEtag(t *testing.T) {
	name := resource.Coupon("10", "22", "SALEXYZ20")
	etag := Etag(name, 1)
	if etag != Etag(name, 1) || etag == Etag(name, 2) || etag == Etag(resource.Coupon("10", "23", "SALEXYZ20"), 1) || etag == "1" {
		t.Errorf("got %q", etag)
	}
	if err := MatchEtag("", name, 7); err != nil {
		t.Error(err)
	}
	if err := MatchEtag(etag, name, 1); err != nil {
		t.Error(err)
	}
	refused(t, MatchEtag(etag, name, 2), apperr.Aborted, "ETAG_MISMATCH", "")
}
