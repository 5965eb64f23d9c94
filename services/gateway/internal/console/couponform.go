package console

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
	"github.com/couponlink/couponlink/services/internal/civilday"
)

// Dates in forms are days of the program's zone: a coupon starts when its Start Date begins, and expires
// when its Expiration Date ends.

func startField(value string) field {
	return field{Name: "start_time", Label: "Start Date", Kind: "date", Value: value, IsRequired: true, Hint: "When the coupon becomes valid: from the beginning of that day."}
}

func expireField(value string) field {
	return field{Name: "expire_time", Label: "Expiration Date", Kind: "date", Value: value, Hint: "When the coupon expires: at the end of that day. Empty: never."}
}

func internalNoteField(values url.Values) field {
	return field{Name: "internal_note", Label: "Internal Note", Kind: "textarea", Value: values.Get("internal_note"), Hint: "For your team. The publisher never sees it."}
}

func limitField(values url.Values) field {
	return field{Name: "usage_limit", Label: "Usage Limit", Value: values.Get("usage_limit"), Mode: "numeric", Hint: "How many sales the code can earn in all. Empty: any number."}
}

func dailyLimitField(values url.Values) field {
	return field{Name: "daily_usage_limit", Label: "Daily Usage Limit", Value: values.Get("daily_usage_limit"), Mode: "numeric", Hint: "How many sales it can earn on one day of the program. Empty: any number."}
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

func codeField(values url.Values) field {
	return field{
		Name: "code", Label: "Coupon Code", Kind: "code", Value: values.Get("code"), IsRequired: true, Placeholder: "SALEXYZ20",
		Hint: "Alphanumeric only, no special characters: 3 to 64 letters and digits. Capitals do not matter.",
	}
}

// offerField and publisherField are pickers; called are the names of what is picked.
func offerField(values url.Values, called names) field {
	id := values.Get("offer")
	return field{
		Name: "offer", Label: "Offer", Kind: "picker", Pick: at("pick", "offers"), Value: id, PickLabel: called["offers/"+id], IsRequired: true,
		Placeholder: "Search by name or id", Hint: "The offer this coupon applies to.",
	}
}

func publisherField(values url.Values, called names) field {
	id := values.Get("publisher")
	return field{
		Name: "publisher", Label: "Publisher", Kind: "picker", Pick: at("pick", "publishers"), Value: id, PickLabel: called["publishers/"+id], IsRequired: true,
		Placeholder: "Search by name or id", Hint: "The publisher who will use this coupon.",
	}
}

// pickedNames returns the names of a form's offer and publisher.
func (p *page) pickedNames(scope couponScope, values url.Values) names {
	offers, publishers := []string{}, []string{}
	if id := values.Get("offer"); isID(id) && scope.isAll() {
		offers = append(offers, "offers/"+id)
	}
	if id := values.Get("publisher"); isID(id) {
		publishers = append(publishers, "publishers/"+id)
	}
	called := p.namesOf(p.r.Context(), offers, publishers)
	if !scope.isAll() {
		called[scope.offer.GetName()] = scope.offer.GetDisplayName()
	}
	return called
}

// startOf reads a Start Date. before is what it was: a moment that the API set within the day is kept.
func (p *page) startOf(values url.Values, before time.Time, errs formErrors) time.Time {
	text := trimmed(values, "start_time")
	if text == p.dayText(before) && text != "" {
		return before
	}
	day, isDay := dayOf(text, p.zone)
	switch {
	case !isDay:
		errs.add("start_time", "Write the day as 2026-11-30.")
	case day.IsZero():
		errs.add("start_time", "Choose the day on which the coupon becomes valid.")
	}
	return day
}

// expireOf reads an Expiration Date, as startOf; zero for none.
func (p *page) expireOf(values url.Values, before time.Time, errs formErrors) time.Time {
	text := trimmed(values, "expire_time")
	if text == "" {
		return time.Time{}
	}
	if !before.IsZero() && text == p.dayText(before.Add(-time.Millisecond)) {
		return before
	}
	day, isDay := dayOf(text, p.zone)
	if !isDay {
		errs.add("expire_time", "Write the day as 2026-11-30.")
		return time.Time{}
	}
	return after(day)
}

// couponDraft reads the coupon of a form that makes one, or several alike.
func (p *page) couponDraft(values url.Values, errs formErrors) *couponv1.Coupon {
	for name, text := range map[string]string{"offer": "Choose an offer.", "publisher": "Choose a publisher."} {
		switch id := trimmed(values, name); {
		case id == "":
			errs.add(name, text)
		case !isID(id):
			errs.add(name, "There is none like that. Choose one from the list, or write its id.")
		}
	}
	return &couponv1.Coupon{
		Publisher: "publishers/" + trimmed(values, "publisher"), InternalNote: values.Get("internal_note"),
		StartTime: stampOf(p.startOf(values, time.Time{}, errs)), ExpireTime: stampOf(p.expireOf(values, time.Time{}, errs)),
		UsageLimit: int64(wholeNumber(values, "usage_limit", errs)), DailyUsageLimit: int64(wholeNumber(values, "daily_usage_limit", errs)),
	}
}

// couponErrorsOf is errorsOf for a coupon's making: it knows which field is meant where the service's words
// are about another resource.
func (p *page) couponErrorsOf(err error, fields ...string) (formErrors, bool) {
	st := status.Convert(err)
	errs, isAboutForm := p.errorsOf(err, fields...)
	if !isAboutForm && st.Code() != codes.NotFound {
		return nil, false
	}
	if isAboutForm && errs[""] == "" {
		return errs, true // which includes a form with nothing wrong in it
	}
	field := fieldOfReason(st)
	if field == "" {
		return errs, isAboutForm
	}
	if errs == nil {
		errs = formErrors{}
	}
	delete(errs, "")
	errs.add(field, p.worded(st, "", st.Message()))
	return errs, true
}

// gatherCoupon is gather for the creation of a coupon.
func (p *page) gatherCoupon(errs formErrors, failure error, fields ...string) error {
	said, isAboutForm := p.couponErrorsOf(failure, fields...)
	if !isAboutForm && len(errs) == 0 {
		return failure
	}
	errs.join(said)
	return nil
}

// fieldOfReason returns the form's field that a refusal's reason is about: PUBLISHER_BLOCKED is about
// `publisher`.
func fieldOfReason(st *status.Status) string {
	for _, detail := range st.Details() {
		info, ok := detail.(*errdetails.ErrorInfo)
		if !ok {
			continue
		}
		return fieldOfWord(info.GetReason())
	}
	return ""
}

func fieldOfWord(reason string) string {
	switch {
	case strings.HasPrefix(reason, "OFFER_"):
		return "offer"
	case strings.HasPrefix(reason, "PUBLISHER_"):
		return "publisher"
	case reason == "COUPON_EXISTS" || reason == "CODE_TAKEN" || reason == "INVALID_CODE":
		return "code"
	}
	return ""
}

// couponValues returns a coupon as the values of its form.
func (p *page) couponValues(c *couponv1.Coupon) url.Values {
	values := url.Values{}
	values.Set("start_time", p.dayText(c.GetStartTime().AsTime()))
	values.Set("expire_time", p.dayText(lastMoment(c)))
	values.Set("internal_note", c.GetInternalNote())
	setLimit(values, "usage_limit", c.GetUsageLimit())
	setLimit(values, "daily_usage_limit", c.GetDailyUsageLimit())
	if c.GetEnabled() {
		values.Set("enabled", "on")
	}
	setPayout(values, "payout", c.GetPayout())
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
		setDuration(values, "click_window", s.GetClickWindow().AsDuration())
	}
	if s.GetCouponGrace() != nil {
		setDuration(values, "coupon_grace", s.GetCouponGrace().AsDuration())
	}
	values.Set("fallback_url", s.GetFallbackUrl())
	return values
}

// couponFrom reads a coupon from its form's values. What cannot be read is noted in errs.
func (p *page) couponFrom(values url.Values, stored *couponv1.Coupon, currency string, errs formErrors) *couponv1.Coupon {
	enabled := values.Get("enabled") != ""
	var end time.Time
	if stored.GetExpireTime() != nil {
		end = stored.GetExpireTime().AsTime()
	}
	c := &couponv1.Coupon{
		Name: stored.GetName(), Etag: values.Get("etag"), InternalNote: values.Get("internal_note"), Enabled: &enabled,
		StartTime: stampOf(p.startOf(values, stored.GetStartTime().AsTime(), errs)), ExpireTime: stampOf(p.expireOf(values, end, errs)),
		Payout: payoutOf(values, "payout", currency, errs), UsageLimit: int64(wholeNumber(values, "usage_limit", errs)),
		DailyUsageLimit: int64(wholeNumber(values, "daily_usage_limit", errs)),
	}
	s := &couponv1.CouponSettings{
		ClickWindow: durationOf(values, "click_window", errs), CouponGrace: durationOf(values, "coupon_grace", errs),
		FallbackUrl: trimmed(values, "fallback_url"),
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
func (p *page) couponForm(c *couponv1.Coupon, o *couponv1.Offer, values url.Values) form {
	start, end := startField(values.Get("start_time")), expireField(values.Get("expire_time"))
	if t := c.GetStartTime().AsTime().In(p.zone); p.dayText(t) == start.Value && !civilday.Begin(t.Year(), t.Month(), t.Day(), p.zone).Equal(t) {
		start.Hint = "Now exactly " + format.DateTime(t, p.zone) + "; another day begins at its beginning."
	}
	if c.GetExpireTime() != nil {
		t := c.GetExpireTime().AsTime().In(p.zone)
		if p.dayText(lastMoment(c)) == end.Value && !civilday.Begin(t.Year(), t.Month(), t.Day(), p.zone).Equal(t) {
			end.Hint = "Now exactly until " + format.DateTime(t, p.zone) + "; another day counts to its end. Empty: never."
		}
	}
	precedence, window, grace := attributionFields(values)[0], attributionFields(values)[1], attributionFields(values)[2]
	precedence.Choices = append([]choice{{"", "As the offer has it"}}, precedence.Choices...)
	conversions := salesFields(values)[1]
	conversions.Choices = append([]choice{{"", "As the offer has it"}}, conversions.Choices...)
	window.Hint += " Empty: " + format.Duration(o.GetClickWindow().AsDuration()) + ", as the offer has it."
	grace.Hint += " Empty: " + format.Duration(o.GetCouponGrace().AsDuration()) + ", as the offer has it."
	return form{
		ID: "coupon-form", Action: couponHref(c), Save: "Save", Reload: couponHref(c), Hidden: map[string]string{"etag": c.GetEtag()},
		Groups: []group{
			{Title: "Coupon", Fields: []field{
				start, end, limitField(values), dailyLimitField(values), internalNoteField(values),
				{Name: "enabled", Label: "Enabled", Kind: "checkbox", Value: values.Get("enabled"), Hint: "Switched off, the code gives no discount and earns nothing, until it is switched on again."},
			}},
			{Title: "Payout", Text: "What a sale by this coupon earns, instead of what the publisher or the offer has.", Fields: payoutFields("payout", "Payout", "No own payout", values)},
			{Title: "Attribution", Text: "What this coupon has otherwise than its offer.", Fields: []field{
				precedence, conversions, window, grace,
				{Name: "fallback_url", Label: "Fallback URL", Kind: "url", Value: values.Get("fallback_url"), Hint: "Where visitors of this coupon's link go while it is not valid. Empty: as the offer has it."},
			}},
		},
	}
}

// wholeNumber reads a whole number; empty is 0.
func wholeNumber(values url.Values, name string, errs formErrors) int32 {
	text := trimmed(values, name)
	if text == "" {
		return 0
	}
	n, err := strconv.ParseInt(strings.ReplaceAll(text, ",", ""), 10, 32)
	if err != nil {
		errs.add(name, "Write a whole number, such as 100.")
	}
	return int32(n)
}
