package coupons

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
	"github.com/couponlink/couponlink/services/internal/civilday"
)

// Dates in forms are days of the program's zone: a coupon starts when its Start Date begins, and expires
// when its Expiration Date ends.

func startField(value string) ui.Field {
	return ui.Field{Name: "start_time", Label: "Start Date", Kind: "date", Value: value, IsRequired: true, Hint: "When the coupon becomes valid: from the beginning of that day."}
}

func expireField(value string) ui.Field {
	return ui.Field{Name: "expire_time", Label: "Expiration Date", Kind: "date", Value: value, Hint: "When the coupon expires: at the end of that day. Empty: never."}
}

func internalNoteField(values url.Values) ui.Field {
	return ui.Field{Name: "internal_note", Label: "Internal Note", Kind: "textarea", Value: values.Get("internal_note"), Hint: "For your team. The publisher never sees it."}
}

func limitField(values url.Values) ui.Field {
	return ui.Field{Name: "usage_limit", Label: "Usage Limit", Value: values.Get("usage_limit"), Mode: "numeric", Hint: "How many sales the code can earn in all. Empty: any number."}
}

func dailyLimitField(values url.Values) ui.Field {
	return ui.Field{Name: "daily_usage_limit", Label: "Daily Usage Limit", Value: values.Get("daily_usage_limit"), Mode: "numeric", Hint: "How many sales it can earn on one day of the program. Empty: any number."}
}

// setLimit puts a usage limit into a form's values.
func setLimit(values url.Values, name string, limit int64) {
	if limit != 0 {
		values.Set(name, strconv.FormatInt(limit, 10))
	}
}

// limitText describes a coupon's usage limits in a few words; "" if it is unlimited.
func limitText(c *couponv1.Coupon) string {
	var parts []string
	if limit := c.GetUsageLimit(); limit != 0 {
		parts = append(parts, format.Number(limit)+" in all")
	}
	if limit := c.GetDailyUsageLimit(); limit != 0 {
		parts = append(parts, format.Number(limit)+" a day")
	}
	return strings.Join(parts, ", ")
}

func codeField(values url.Values) ui.Field {
	return ui.Field{
		Name: "code", Label: "Coupon Code", Kind: "code", Value: values.Get("code"), IsRequired: true, Placeholder: "SALEXYZ20",
		Hint: "Alphanumeric only, no special characters: 3 to 64 letters and digits. Capitals do not matter.",
	}
}

// pickedNames returns the names of a form's offer and publisher.
func pickedNames(p *ui.Page, scope scope, values url.Values) ui.Names {
	offers, publishers := []string{}, []string{}
	if id := values.Get("offer"); ui.IsID(id) && scope.isAll() {
		offers = append(offers, "offers/"+id)
	}
	if id := values.Get("publisher"); ui.IsID(id) {
		publishers = append(publishers, "publishers/"+id)
	}
	called := p.NamesOf(p.Request.Context(), offers, publishers)
	if !scope.isAll() {
		called[scope.offer.GetName()] = scope.offer.GetDisplayName()
	}
	return called
}

// startOf reads a Start Date. before is what it was: a moment that the API set within the day is kept.
func startOf(p *ui.Page, values url.Values, before time.Time, errs ui.Errors) time.Time {
	text := ui.Trimmed(values, "start_time")
	if text == p.DayText(before) && text != "" {
		return before
	}
	day, isDay := ui.DayOf(text, p.Zone)
	switch {
	case !isDay:
		errs.Add("start_time", "Write the day as 2026-11-30.")
	case day.IsZero():
		errs.Add("start_time", "Choose the day on which the coupon becomes valid.")
	}
	return day
}

// expireOf reads an Expiration Date, as startOf; zero for none.
func expireOf(p *ui.Page, values url.Values, before time.Time, errs ui.Errors) time.Time {
	text := ui.Trimmed(values, "expire_time")
	if text == "" {
		return time.Time{}
	}
	if !before.IsZero() && text == p.DayText(before.Add(-time.Millisecond)) {
		return before
	}
	day, isDay := ui.DayOf(text, p.Zone)
	if !isDay {
		errs.Add("expire_time", "Write the day as 2026-11-30.")
		return time.Time{}
	}
	return ui.DayAfter(day)
}

// couponDraft reads the coupon of a form that makes one, or several alike.
func couponDraft(p *ui.Page, values url.Values, errs ui.Errors) *couponv1.Coupon {
	for name, text := range map[string]string{"offer": "Choose an offer.", "publisher": "Choose a publisher."} {
		switch id := ui.Trimmed(values, name); {
		case id == "":
			errs.Add(name, text)
		case !ui.IsID(id):
			errs.Add(name, "There is none like that. Choose one from the list, or write its id.")
		}
	}
	return &couponv1.Coupon{
		Publisher: "publishers/" + ui.Trimmed(values, "publisher"), InternalNote: values.Get("internal_note"),
		StartTime: ui.StampOf(startOf(p, values, time.Time{}, errs)), ExpireTime: ui.StampOf(expireOf(p, values, time.Time{}, errs)),
		UsageLimit: int64(wholeNumber(values, "usage_limit", errs)), DailyUsageLimit: int64(wholeNumber(values, "daily_usage_limit", errs)),
	}
}

// couponValues returns a coupon as the values of its form.
func couponValues(p *ui.Page, c *couponv1.Coupon) url.Values {
	values := url.Values{}
	values.Set("start_time", p.DayText(c.GetStartTime().AsTime()))
	values.Set("expire_time", p.DayText(lastMoment(c)))
	values.Set("internal_note", c.GetInternalNote())
	setLimit(values, "usage_limit", c.GetUsageLimit())
	setLimit(values, "daily_usage_limit", c.GetDailyUsageLimit())
	if c.GetEnabled() {
		values.Set("enabled", "on")
	}
	ui.SetPayout(values, "payout", c.GetPayout())
	s := c.GetSettings()
	if s == nil {
		s = &couponv1.CouponSettings{}
	}
	if s.Precedence != nil {
		values.Set("precedence", s.GetPrecedence().String())
	}
	if s.DefaultConversionStatus != nil {
		values.Set("default_conversion_status", s.GetDefaultConversionStatus().String())
	}
	if s.GetClickWindow() != nil {
		ui.SetDuration(values, "click_window", s.GetClickWindow().AsDuration())
	}
	if s.GetCouponGrace() != nil {
		ui.SetDuration(values, "coupon_grace", s.GetCouponGrace().AsDuration())
	}
	values.Set("fallback_url", s.GetFallbackUrl())
	return values
}

// couponFrom reads a coupon from its form's values. What cannot be read is noted in errs.
func couponFrom(p *ui.Page, values url.Values, stored *couponv1.Coupon, currency string, errs ui.Errors) *couponv1.Coupon {
	enabled := values.Get("enabled") != ""
	var end time.Time
	if stored.GetExpireTime() != nil {
		end = stored.GetExpireTime().AsTime()
	}
	c := &couponv1.Coupon{
		Name: stored.GetName(), Etag: values.Get("etag"), InternalNote: values.Get("internal_note"), Enabled: &enabled,
		StartTime: ui.StampOf(startOf(p, values, stored.GetStartTime().AsTime(), errs)), ExpireTime: ui.StampOf(expireOf(p, values, end, errs)),
		Payout: ui.PayoutOf(values, "payout", currency, errs), UsageLimit: int64(wholeNumber(values, "usage_limit", errs)),
		DailyUsageLimit: int64(wholeNumber(values, "daily_usage_limit", errs)),
	}
	s := &couponv1.CouponSettings{
		ClickWindow: ui.DurationOf(values, "click_window", errs), CouponGrace: ui.DurationOf(values, "coupon_grace", errs),
		FallbackUrl: ui.Trimmed(values, "fallback_url"),
	}
	if v, ok := couponv1.Offer_Precedence_value[values.Get("precedence")]; ok && v != 0 {
		s.Precedence = couponv1.Offer_Precedence(v).Enum()
	}
	if v, ok := couponv1.Offer_ConversionStatus_value[values.Get("default_conversion_status")]; ok && v != 0 {
		s.DefaultConversionStatus = couponv1.Offer_ConversionStatus(v).Enum()
	}
	if s.Precedence != nil || s.DefaultConversionStatus != nil || s.GetClickWindow() != nil || s.GetCouponGrace() != nil || s.GetFallbackUrl() != "" {
		c.Settings = s
	}
	return c
}

// couponMask is what a coupon's form changes.
func couponMask() []string {
	return []string{"start_time", "expire_time", "internal_note", "enabled", "payout", "settings", "usage_limit", "daily_usage_limit"}
}

// couponForm is the form of a coupon that is there.
func couponForm(p *ui.Page, c *couponv1.Coupon, o *couponv1.Offer, values url.Values) ui.Form {
	start, end := startField(values.Get("start_time")), expireField(values.Get("expire_time"))
	if t := c.GetStartTime().AsTime().In(p.Zone); p.DayText(t) == start.Value && !civilday.Begin(t.Year(), t.Month(), t.Day(), p.Zone).Equal(t) {
		start.Hint = "Now exactly " + format.DateTime(t, p.Zone) + "; another day begins at its beginning."
	}
	if c.GetExpireTime() != nil {
		t := c.GetExpireTime().AsTime().In(p.Zone)
		if p.DayText(lastMoment(c)) == end.Value && !civilday.Begin(t.Year(), t.Month(), t.Day(), p.Zone).Equal(t) {
			end.Hint = "Now exactly until " + format.DateTime(t, p.Zone) + "; another day counts to its end. Empty: never."
		}
	}
	precedence, window, grace := ui.AttributionFields(values)[0], ui.AttributionFields(values)[1], ui.AttributionFields(values)[2]
	precedence.Choices = append([]ui.Choice{{Value: "", Label: "As the offer has it"}}, precedence.Choices...)
	conversions := ui.SalesFields(values)[1]
	conversions.Choices = append([]ui.Choice{{Value: "", Label: "As the offer has it"}}, conversions.Choices...)
	window.Hint += " Empty: " + format.Duration(o.GetClickWindow().AsDuration()) + ", as the offer has it."
	grace.Hint += " Empty: " + format.Duration(o.GetCouponGrace().AsDuration()) + ", as the offer has it."
	return ui.Form{
		ID: "coupon-form", Action: couponHref(c), Save: "Save", Reload: couponHref(c), Hidden: map[string]string{"etag": c.GetEtag()},
		Groups: []ui.Group{
			{Title: "Coupon", Fields: []ui.Field{
				start, end, limitField(values), dailyLimitField(values), internalNoteField(values),
				{Name: "enabled", Label: "Enabled", Kind: "checkbox", Value: values.Get("enabled"), Hint: "Switched off, the code gives no discount and earns nothing, until it is switched on again."},
			}},
			{Title: "Payout", Text: "What a sale by this coupon earns, instead of what the publisher or the offer has.", Fields: ui.PayoutFields("payout", "Payout", "No own payout", values)},
			{Title: "Attribution", Text: "What this coupon has otherwise than its offer.", Fields: []ui.Field{
				precedence, conversions, window, grace,
				{Name: "fallback_url", Label: "Fallback URL", Kind: "url", Value: values.Get("fallback_url"), Hint: "Where visitors of this coupon's link go while it is not valid. Empty: as the offer has it."},
			}},
		},
	}
}

// wholeNumber reads a whole number; empty is 0.
func wholeNumber(values url.Values, name string, errs ui.Errors) int32 {
	text := ui.Trimmed(values, name)
	if text == "" {
		return 0
	}
	n, err := strconv.ParseInt(strings.ReplaceAll(text, ",", ""), 10, 32)
	if err != nil {
		errs.Add(name, "Write a whole number, such as 100.")
	}
	return int32(n)
}
