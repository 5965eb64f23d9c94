package domain_test

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/attributiontest"
	"github.com/couponlink/couponlink/services/internal/couponcode"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/partner"
)

// TestAttributionCases plays the attribution cases over the decision itself, put together from what
// flow would gather.
func TestAttributionCases(t *testing.T) {
	for i, c := range attributiontest.Load(t) {
		t.Run(c.File+"/"+c.Name, func(t *testing.T) {
			conversion := attributed(t, c.Apart(fmt.Sprintf("c%d", i)))
			checkAttributed(t, c.Apart(fmt.Sprintf("c%d", i)), conversion)
			if t.Failed() {
				t.Logf("%s\n%+v", c.Says, conversion)
			}
		})
	}
}

// attributed returns the conversion of a case's sale. The click is made at the moment that the tests
// call sale.
func attributed(t *testing.T, c attributiontest.Case) domain.Conversion {
	t.Helper()
	var made *domain.Click
	if c.Click != nil {
		made = clicked(c)
	}
	params := url.Values{
		"coupon_code": {c.Sale.Codes()}, "pub_id": {c.Sale.Publisher}, "offer_id": {c.Offer.Name}, "transaction_id": {"A-1"},
		"click_id": {c.Sale.Click}, "timestamp": {sale.Add(c.Sale.Time.Or(0)).Format(time.RFC3339Nano)},
	}
	report, err := partner.ParsePostback(params, sale)
	if err != nil {
		t.Fatal(err)
	}
	w := c.AfterClick()
	claim := domain.Claim{
		Offer: offerIn(w), Time: report.Time, Code: report.Code, Publisher: report.Publisher, ClickID: report.ClickID,
		Coupons: couponsIn(w, report.Offer, report.Code),
	}
	elsewhere := func(code string) bool {
		return len(couponsIn(w, report.Offer, code)) == 0 && slices.ContainsFunc(w.Coupons, func(c attributiontest.Coupon) bool {
			return couponcode.Fold(c.Code) == couponcode.Fold(code)
		})
	}
	claim.CodeElsewhere = elsewhere(report.Code)
	for _, code := range report.More {
		claim.More = append(claim.More, domain.ClaimedCode{Code: code, Coupons: couponsIn(w, report.Offer, code), Elsewhere: elsewhere(code)})
	}
	if c.Sale.Click == attributiontest.Made {
		claim.Click = made
		claim.ClickApproved = made.Offer == c.Offer.Name && approvedIn(w, c.Offer.Name, made.Publisher)
		for _, coupon := range couponsIn(w, made.Offer, made.CouponCode) {
			if coupon.Name() == made.Coupon && made.Offer == c.Offer.Name {
				claim.ClickCoupon = &coupon
			}
		}
	}
	conversion, _ := domain.NewConversion("1", report, claim, domain.Attribute(claim), true, sale)
	return conversion
}

// clicked returns the click of a case, judged as things stood before it.
func clicked(c attributiontest.Case) *domain.Click {
	values := attributiontest.ClickValues()
	click := domain.Click{
		ID: attributiontest.Made, Offer: c.Click.Offer, Publisher: c.Click.Publisher, CouponCode: c.Click.Code, Time: sale,
		PubClickID: values["pub_click_id"], PubSubID: values["pub_sub_id"],
	}
	for i := range click.PubUniques {
		click.PubUniques[i] = values[fmt.Sprintf("pub_unique%d", i+1)]
	}
	active := c.Click.Offer != c.Offer.Name || offerIn(c.World).Active
	switch {
	case click.CouponCode != "":
		domain.JudgeCouponClick(&click, couponsIn(c.World, click.Offer, click.CouponCode))
	case !approvedIn(c.World, click.Offer, click.Publisher):
		click.Reason = domain.NotApproved
	}
	if !active {
		click.Reason = domain.OfferInactive
	}
	return &click
}

// offerIn returns the offer of the sale as it stands in a world.
func offerIn(w attributiontest.World) domain.Offer {
	o := offer()
	o.ID, o.Active = w.Offer.Name, w.Offer.State == "" || w.Offer.State == "ACTIVE"
	if w.Offer.Precedence != "" {
		o.Precedence = domain.Precedence(w.Offer.Precedence)
	}
	o.ClickWindow, o.CouponGrace = w.Offer.ClickWindow.Or(o.ClickWindow), w.Offer.CouponGrace.Or(o.CouponGrace)
	return o
}

// couponsIn returns the coupons of an offer that have a code.
func couponsIn(w attributiontest.World, offer, code string) []domain.Coupon {
	var coupons []domain.Coupon
	for _, c := range w.Coupons {
		if c.Offer != offer || couponcode.Fold(c.Code) != couponcode.Fold(code) {
			continue
		}
		coupon := domain.Coupon{
			Offer: c.Offer, Publisher: c.Publisher, Code: c.Code, StartTime: sale.Add(c.Start.Or(-30 * 24 * time.Hour)),
			Enabled: !c.Archived && (c.Enabled == nil || *c.Enabled), Approved: approvedIn(w, c.Offer, c.Publisher),
			OfferActive: c.Offer != w.Offer.Name || offerIn(w).Active,
			Settings:    domain.CouponSettings{Precedence: domain.Precedence(c.Precedence), ClickWindow: c.ClickWindow.Or(0)},
		}
		if c.Expire != nil {
			coupon.ExpireTime = sale.Add(c.Expire.Or(0))
		}
		if c.CouponGrace != nil {
			grace := c.CouponGrace.Or(0)
			coupon.Settings.CouponGrace = &grace
		}
		coupons = append(coupons, coupon)
	}
	return coupons
}

// approvedIn says whether a publisher takes part and is approved on an offer: by hand, or by a coupon.
func approvedIn(w attributiontest.World, offer, publisher string) bool {
	byCoupon := slices.ContainsFunc(w.Coupons, func(c attributiontest.Coupon) bool {
		return c.Offer == offer && c.Publisher == publisher
	})
	approval := ""
	if offer == w.Offer.Name {
		approval = w.Approvals[publisher]
	}
	return w.Publishers[publisher] != "ARCHIVED" && (approval == "APPROVED" || approval == "" && byCoupon)
}

func checkAttributed(t *testing.T, c attributiontest.Case, got domain.Conversion) {
	t.Helper()
	want := c.Want
	if string(got.Outcome) != want.Outcome || string(got.Method) != want.Method || string(got.Reason) != want.Reason ||
		got.Publisher != want.Publisher || got.Coupon != want.Coupon {
		t.Errorf("got %s %s %s, publisher %q, coupon %q", got.Outcome, got.Method, got.Reason, got.Publisher, got.Coupon)
	}
	if !slices.Equal(slices.Sorted(slices.Values(got.Candidates)), slices.Sorted(slices.Values(want.Candidates))) {
		t.Errorf("the candidates are %v", got.Candidates)
	}
	if got.Explanation == "" || got.Basis == nil || got.Basis.Rule == "" {
		t.Error("there is no explanation, or no rule")
	}
	if sent := append([]string{strings.TrimSpace(c.Sale.Code)}, c.Sale.More...); c.Sale.Code != "" && !slices.Equal(got.Codes.List(), sent) {
		t.Errorf("the codes are %q, want %q", got.Codes.List(), sent)
	}
	if told := len(got.Basis.Codes); len(c.Sale.More) > 0 && told != len(c.Sale.More)+1 || len(c.Sale.More) == 0 && told > 0 {
		t.Errorf("the fates of %d codes are told", told)
	}
	clickReason := domain.NoReason
	if got.Basis.Click != nil {
		clickReason = got.Basis.Click.Reason
	}
	if string(clickReason) != want.ClickReason {
		t.Errorf("the click did not count for %q", clickReason)
	}
	values := map[string]string{"pub_click_id": got.PubClickID, "pub_sub_id": got.PubSubID}
	for i, value := range got.PubUniques {
		values[fmt.Sprintf("pub_unique%d", i+1)] = value
	}
	if !maps.Equal(values, want.Values()) {
		t.Errorf("the click's values came as %v", values)
	}
}
