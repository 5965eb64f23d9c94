package coupons

import (
	"net/url"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
	"github.com/couponlink/couponlink/services/internal/civilday"
	"github.com/couponlink/couponlink/services/internal/resource"
)

// Dates in forms are days of the program's zone: a coupon starts when its Start Date begins, and expires
// when its Expiration Date ends.

type (
	coupon   = couponv1.Coupon
	property = ui.Property[coupon]
)

// newSchema is the form of a new coupon, or of several alike, apart from its code, offer and publisher.
func newSchema(p *ui.Page) ui.Schema[coupon] {
	return ui.Schema[coupon]{{Title: "Validity", Properties: []property{startDate(p, nil), expirationDate(p, nil), usageLimit(), dailyUsageLimit(), discountProperty(), internalNote()}}}
}

// schema is the form of a stored coupon of an offer.
func schema(p *ui.Page, stored *coupon, o *couponv1.Offer) ui.Schema[coupon] {
	ofOffer := func(url.Values) string { return o.GetCurrencyCode() }
	return ui.Schema[coupon]{
		{Title: "Coupon", Properties: []property{
			startDate(p, stored), expirationDate(p, stored), usageLimit(), dailyUsageLimit(), internalNote(),
			ui.Checkbox(ui.Field{
				Name: "enabled", Label: "Enabled", Hint: "Switched off, the code gives no discount and earns nothing, until it is switched on again.",
			}, (*coupon).GetEnabled, func(c *coupon, is bool) { c.Enabled = &is }),
		}},
		{Title: "Discount", Text: "What the shopper gets. Shops ask for it with POST /v1/coupons:validate.", Properties: []property{discountProperty()}},
		{Title: "Payout", Text: "What a sale by this coupon earns, instead of what the publisher or the offer has.", Properties: []property{
			ui.Payout("payout", "Payout", "No own payout", ofOffer, func(c *coupon) **couponv1.Payout { return &c.Payout }),
		}},
		{Title: "Attribution", Text: "What differs from the offer.", Properties: settings(o)},
	}
}

// settings are what a coupon can have otherwise than its offer.
func settings(o *couponv1.Offer) []property {
	asOffer := func(f ui.Field) ui.Field {
		f.Choices = append([]ui.Choice{{Value: "", Label: "Same as the offer"}}, f.Choices...)
		return f
	}
	window, grace := ui.WindowField(), ui.GraceField()
	window.Hint += " Empty: " + format.Duration(o.GetClickWindow().AsDuration()) + ", the same as the offer."
	grace.Hint += " Empty: " + format.Duration(o.GetCouponGrace().AsDuration()) + ", the same as the offer."
	all := []property{
		ui.OptionalSelect(asOffer(ui.PrecedenceField()), func(c *coupon) **couponv1.Offer_Precedence { return &settingsOf(c).Precedence }),
		ui.OptionalSelect(asOffer(ui.StatusField()), func(c *coupon) **couponv1.Offer_ConversionStatus { return &settingsOf(c).DefaultConversionStatus }),
		ui.Duration(window, func(c *coupon) **durationpb.Duration { return &settingsOf(c).ClickWindow }),
		ui.Duration(grace, func(c *coupon) **durationpb.Duration { return &settingsOf(c).CouponGrace }),
		ui.Text(ui.Field{
			Name: "fallback_url", Label: "Fallback URL", Kind: "url", Hint: "Where visitors of this coupon's link go while it is not valid. Empty: the same as the offer.",
		}, func(c *coupon) *string { return &settingsOf(c).FallbackUrl }),
	}
	for i := range all {
		all[i] = all[i].In("settings")
	}
	return all
}

// settingsOf returns a coupon's own settings, which it then has.
func settingsOf(c *coupon) *couponv1.CouponSettings {
	if c.Settings == nil {
		c.Settings = &couponv1.CouponSettings{}
	}
	return c.Settings
}

// startDate is the first day of a coupon. stored is nil if it is new.
func startDate(p *ui.Page, stored *coupon) property {
	var before time.Time
	if stored != nil {
		before = stored.GetStartTime().AsTime().In(p.Zone)
	}
	f := ui.Field{Name: "start_time", Label: "Start Date", Kind: "date", IsRequired: true, Hint: "When the coupon becomes valid: from the beginning of that day."}
	return property{
		Path: f.Name,
		Fields: func(values url.Values) []ui.Field {
			shown := f
			shown.Value = values.Get(f.Name)
			if stored != nil && p.DayText(before) == shown.Value && !isDayBegin(before) {
				shown.Hint = "Now exactly " + format.DateTime(before, p.Zone) + "; another day begins at its beginning."
			}
			return []ui.Field{shown}
		},
		Get: func(c *coupon, values url.Values) { values.Set(f.Name, p.DayText(c.GetStartTime().AsTime())) },
		Set: func(values url.Values, c *coupon, errs ui.Errors) {
			c.StartTime = ui.StampOf(startOf(p, values, before, errs))
		},
	}
}

// expirationDate is a coupon's last valid day. stored is nil if it is new.
func expirationDate(p *ui.Page, stored *coupon) property {
	var before time.Time
	if stored.GetExpireTime() != nil {
		before = stored.GetExpireTime().AsTime().In(p.Zone)
	}
	return property{
		Path: "expire_time",
		Fields: func(values url.Values) []ui.Field {
			f := expireField(values.Get("expire_time"))
			if !before.IsZero() && p.DayText(lastMoment(stored)) == f.Value && !isDayBegin(before) {
				f.Hint = "Now exactly until " + format.DateTime(before, p.Zone) + "; another day counts to its end. Empty: never."
			}
			return []ui.Field{f}
		},
		Get: func(c *coupon, values url.Values) { values.Set("expire_time", p.DayText(lastMoment(c))) },
		Set: func(values url.Values, c *coupon, errs ui.Errors) {
			c.ExpireTime = ui.StampOf(expireOf(p, values, before, errs))
		},
	}
}

func expireField(value string) ui.Field {
	return ui.Field{Name: "expire_time", Label: "Expiration Date", Kind: "date", Value: value, Hint: "When the coupon expires: at the end of that day. Empty: never."}
}

// isDayBegin reports whether a day begins at t, in its zone.
func isDayBegin(t time.Time) bool {
	return civilday.Begin(t.Year(), t.Month(), t.Day(), t.Location()).Equal(t)
}

func usageLimit() property {
	return ui.Count(ui.Field{
		Name: "usage_limit", Label: "Usage Limit", Hint: "How many sales the code can earn in all. Empty: any number.",
	}, func(c *coupon) *int64 { return &c.UsageLimit })
}

func dailyUsageLimit() property {
	return ui.Count(ui.Field{
		Name: "daily_usage_limit", Label: "Daily Usage Limit", Hint: "How many sales it can earn on one day of the program. Empty: any number.",
	}, func(c *coupon) *int64 { return &c.DailyUsageLimit })
}

func internalNote() property {
	return ui.Text(ui.Field{
		Name: "internal_note", Label: "Internal Note", Kind: "textarea", Hint: "For your team. The publisher never sees it.",
	}, func(c *coupon) *string { return &c.InternalNote })
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
	if id := values.Get("offer"); resource.IsID(id) && scope.isAll() {
		offers = append(offers, resource.Offer(id))
	}
	if id := values.Get("publisher"); resource.IsID(id) {
		publishers = append(publishers, resource.Publisher(id))
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
		errs.Add("start_time", "Enter the day as 2026-11-30.")
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
		errs.Add("expire_time", "Enter the day as 2026-11-30.")
		return time.Time{}
	}
	return ui.DayAfter(day)
}

// couponDraft reads the coupon of a form that makes one, or several alike.
func couponDraft(p *ui.Page, values url.Values) (*coupon, ui.Errors) {
	draft, errs := newSchema(p).Read(values)
	for name, text := range map[string]string{"offer": "Choose an offer.", "publisher": "Choose a publisher."} {
		switch id := ui.Trimmed(values, name); {
		case id == "":
			errs.Add(name, text)
		case !resource.IsID(id):
			errs.Add(name, "This is not an id. Choose one from the list, or enter its id.")
		}
	}
	draft.Publisher = resource.Publisher(ui.Trimmed(values, "publisher"))
	return draft, errs
}

// couponFrom reads a stored coupon's form. It has settings of its own only if one of them is set.
func couponFrom(s ui.Schema[coupon], values url.Values, stored *coupon) (*coupon, ui.Errors) {
	draft, errs := s.Read(values)
	draft.Name, draft.Etag = stored.GetName(), values.Get("etag")
	if proto.Equal(draft.GetSettings(), &couponv1.CouponSettings{}) {
		draft.Settings = nil
	}
	return draft, errs
}

// couponForm is the form of a stored coupon.
func couponForm(s ui.Schema[coupon], c *coupon, values url.Values) ui.Form {
	return ui.Form{
		ID: "coupon-form", Action: couponHref(c), Save: "Save", Reload: couponHref(c), Hidden: map[string]string{"etag": c.GetEtag()},
		Groups: s.Groups(values),
	}
}

// storedForm is the form of a coupon as it is stored.
func storedForm(s ui.Schema[coupon], c *coupon) ui.Form {
	return couponForm(s, c, s.Values(proto.CloneOf(c)))
}
