package domain_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/couponlink/couponlink/services/internal/propertytest"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/partner"
)

func TestCodesOfAPostback(t *testing.T) {
	for query, want := range map[string][]string{
		"coupon_code=SALE20":                                     {"SALE20"},
		"coupon_code=SALE20,FREESHIP":                            {"SALE20", "FREESHIP"},
		"coupon_code=SALE20%2C+FREESHIP":                         {"SALE20", "FREESHIP"},
		"coupon_code=SALE20%3BFREESHIP":                          {"SALE20", "FREESHIP"},
		"coupon_code=SALE20|FREESHIP":                            {"SALE20", "FREESHIP"},
		"coupon_code=SALE20+FREESHIP++A1B":                       {"SALE20", "FREESHIP", "A1B"},
		"coupon_code=SALE20%C2%A0FREESHIP":                       {"SALE20", "FREESHIP"},
		"coupon_code=SALE20%0AFREESHIP%0D%0AA1B%09C1D":           {"SALE20", "FREESHIP", "A1B", "C1D"},
		"coupon_code=A1B%EF%BC%8CC1D%E3%80%81E1F%EF%BC%9B":       {"A1B", "C1D", "E1F"},
		"coupon_code=,SALE20,,FREESHIP,":                         {"SALE20", "FREESHIP"},
		"coupon_code=SALE20&coupon_code=FREESHIP":                {"SALE20", "FREESHIP"},
		"coupon_code[]=SALE20&coupon_code[]=FREESHIP":            {"SALE20", "FREESHIP"},
		"coupon_code[0]=SALE20&coupon_code[1]=FREESHIP":          {"SALE20", "FREESHIP"},
		"coupon_code=SALE20&promo_code=FREESHIP":                 {"SALE20", "FREESHIP"},
		"coupon_code=SALE20,sale20&code=Sale20":                  {"SALE20"},
		"coupon_code=%E2%80%8BSALE20%E2%80%8B,%EF%BB%BFFREESHIP": {"SALE20", "FREESHIP"},
		`coupon_code=["SALE20","FREESHIP"]`:                      {"SALE20", "FREESHIP"},
		"coupon_code=SALE20,{coupon_2}":                          {"SALE20"},
		"coupon_code=SALE20+{{coupon_2}}":                        {"SALE20"},
		"coupon_code=SALE20,{{ coupon_2 }}":                      {"SALE20"},
		"coupon_code=(not+set)":                                  nil,
		"coupon_code={{+coupon+}}":                               nil,
		"coupon_code=*|COUPON|*":                                 nil,
		"coupon_code=,":                                          nil,
		"coupon_code=":                                           nil,
		"coupon_code=A,B,C,D,E,F,G,H,I,J":                        strings.Split("ABCDEFGHIJ", ""),
		"coupon_code=" + strings.Repeat("X", 64) + strings.Repeat(","+strings.Repeat("Y", 64), 3) + "," + strings.Repeat("Z", 64): {strings.Repeat("X", 64), strings.Repeat("Y", 64), strings.Repeat("Z", 64)},
	} {
		params, err := url.ParseQuery(query)
		if err != nil {
			params = partner.ParseQuery(query)
		}
		r, err := partner.ParsePostback(params, sale)
		if got := r.Codes().List(); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %q, %v; want %q", query, got, err, want)
		}
	}
}

// Codes in any order, with any separators, are the same content.
func TestContentOfCodesHasNoOrder(t *testing.T) {
	propertytest.Check(t, func(t *rapid.T) {
		codes := rapid.SliceOfNDistinct(rapid.StringMatching(`[A-Z]{3,6}1`), 1, 10, rapid.ID[string]).Draw(t, "codes")
		sent := func(codes []string) domain.Report {
			value := codes[0]
			for _, code := range codes[1:] {
				value += rapid.SampledFrom([]string{",", ";", "|", " ", ", ", " | "}).Draw(t, "separator") + code
			}
			r, err := partner.ParsePostback(url.Values{"coupon_code": {value}, "transaction_id": {"A-1"}}, sale)
			if err != nil || !slices.Equal(r.Codes().List(), codes) {
				t.Fatalf("%q: %q, %v", value, r.Codes(), err)
			}
			return r
		}
		hash := func(r domain.Report) string { return domain.ContentHash(r, domain.Conversion{}) }
		first := sent(codes)
		if again := sent(rapid.Permutation(codes).Draw(t, "again")); hash(again) != hash(first) {
			t.Fatalf("%q and %q are not the same", first.Codes(), again.Codes())
		}
		if other := sent(append([]string{"OTHER"}, codes[1:]...)); hash(other) == hash(first) {
			t.Fatalf("%q and %q are the same", first.Codes(), other.Codes())
		}
	})
}

func TestFatesOfCodes(t *testing.T) {
	c := claim(precedence(domain.CodeFirst))
	c.Code = "FREESHIP"
	first, second := coupon("22"), coupon("22")
	second.Code = "SECOND20"
	expired := changed(coupon("33"), func(c *domain.Coupon) { c.Code, c.Enabled = "OLD20", false })
	c.More = []domain.ClaimedCode{
		{Code: "salexyz20", Coupons: []domain.Coupon{first}},
		{Code: "SECOND20", Coupons: []domain.Coupon{second}},
		{Code: "OLD20", Coupons: []domain.Coupon{expired}},
		{Code: "BOOTS20", Elsewhere: true},
	}
	d := domain.Attribute(c)
	want := "Code SALEXYZ20 is publisher 22's and was valid at the time of the sale. Code FREESHIP is no coupon of offer 10. " +
		"Code SECOND20 is a valid coupon of publisher 22 too. Code OLD20 is disabled or archived. Code BOOTS20 is another offer's, not offer 10's."
	if d.Explanation != want {
		t.Errorf("got  %s\nwant %s", d.Explanation, want)
	}
	var fates []string
	for _, fate := range d.Basis.Codes {
		fates = append(fates, fmt.Sprint(fate.Code, " ", fate.Coupon, " ", fate.Reason))
	}
	if want := []string{
		"FREESHIP  UNKNOWN_CODE", "salexyz20 offers/10/coupons/22.SALEXYZ20 ", "SECOND20 offers/10/coupons/22.SECOND20 ",
		"OLD20 offers/10/coupons/33.OLD20 DISABLED", "BOOTS20  OTHER_OFFER",
	}; !slices.Equal(fates, want) {
		t.Errorf("got %q, want %q", fates, want)
	}
}

// Nearly every sale has one code, and must not pay for those that have several.
func TestOneCodeAllocatesNoMore(t *testing.T) {
	c := claim(precedence(domain.CodeFirst))
	c.Code, c.Coupons = "SALEXYZ20", []domain.Coupon{coupon("22")}
	r := domain.Report{Code: "SALEXYZ20", TransactionID: "A-1"}
	if n := testing.AllocsPerRun(100, func() { _ = r.Codes() }); n != 0 {
		t.Errorf("the codes of a report take %v allocations", n)
	}
	if n := testing.AllocsPerRun(100, func() { domain.Attribute(c) }); n > 6 {
		t.Errorf("a decision takes %v allocations", n)
	}
}
