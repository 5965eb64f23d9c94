package resource_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/couponcode"
	"github.com/couponlink/couponlink/services/internal/pasted"
	"github.com/couponlink/couponlink/services/internal/propertytest"
	"github.com/couponlink/couponlink/services/internal/resource"
)

func TestIsID(t *testing.T) {
	for _, id := range []string{"1", "10", "a", "aurora-shoes", "a-", strings.Repeat("a", 63)} {
		if !resource.IsID(id) {
			t.Errorf("%q is an id", id)
		}
	}
	for _, id := range []string{"", "-", "-a", "A", "a_b", "a b", "a/b", "ä", "a.b", strings.Repeat("a", 64), "a\xff"} {
		if resource.IsID(id) {
			t.Errorf("%q is no id", id)
		}
	}
}

func TestParseNames(t *testing.T) {
	offer := func(name string) (string, error) { return resource.ParseOffer("name", name) }
	publisher := func(name string) (string, error) { return resource.ParsePublisher("name", name) }
	approval := func(name string) (string, error) {
		o, p, err := resource.ParseApproval("name", name)
		return o + " " + p, err
	}
	coupon := func(name string) (string, error) {
		o, p, c, err := resource.ParseCoupon("name", name)
		return o + " " + p + " " + c, err
	}
	scan := func(name string) (string, error) {
		o, id, err := resource.ParseScan("name", name)
		return o + " " + id, err
	}
	given := func(parse func(field, name string) (string, error)) func(string) (string, error) {
		return func(name string) (string, error) { return parse("name", name) }
	}
	for _, tc := range []struct {
		parse      func(string) (string, error)
		name, want string
		says       string
	}{
		{parse: offer, name: "offers/10", want: "10"},
		{parse: offer, name: "10", says: "a bare id; write offers/10"},
		{parse: offer, name: "", says: "missing"},
		{parse: offer, name: "offers/", says: "write offers/{offer}"},
		{parse: offer, name: "offers/-", says: "write offers/{offer}"},
		{parse: offer, name: "offers/10/", says: "write offers/{offer}"},
		{parse: offer, name: "publishers/10", says: "not the name of an offer"},
		{parse: publisher, name: "publishers/22", want: "22"},
		{parse: publisher, name: "22", says: "a bare id; write publishers/22"},
		{parse: publisher, name: "publishers/Mia", says: "not the name of a publisher"},
		{parse: resource.ParseParent, name: "offers/-", want: ""},
		{parse: resource.ParseParent, name: "offers/10", want: "10"},
		{parse: resource.ParseParent, name: "offers/*", says: "write offers/{offer}"},
		{parse: approval, name: "offers/10/approvals/22", want: "10 22"},
		{parse: approval, name: "offers/10/approvals/", says: "not the name of an approval"},
		{parse: approval, name: "10/approvals/22", says: "not the name of an approval"},
		{parse: coupon, name: "offers/10/coupons/22.SALEXYZ20", want: "10 22 SALEXYZ20"},
		{parse: coupon, name: "offers/10/coupons/22.saleXyz20", want: "10 22 SALEXYZ20"},
		{parse: coupon, name: "offers/10/coupons/22.SALE_20", says: "not the name of a coupon"},
		{parse: coupon, name: "offers/10/coupons/22.SALE.20", says: "not the name of a coupon"},
		{parse: coupon, name: "offers/10/coupons/22", says: "not the name of a coupon"},
		{parse: coupon, name: "offers/10/coupons/22.SALE 20", says: "not the name of a coupon"},
		{parse: coupon, name: "offers/\u200B10/coupons/\uFEFF22. SALE\u2060", want: "10 22 SALE"},
		{parse: offer, name: "offers/\u200B10\u00A0", want: "10"},
		{parse: publisher, name: "publishers/\uFEFF22", want: "22"},
		{parse: approval, name: "offers/10\u200E/approvals/ 22", want: "10 22"},
		{parse: coupon, name: "offers/10/coupons/\xff.SALE", says: `"offers/10/coupons/\xff.SALE" is not`},
		{parse: scan, name: "offers/10/scans/ 01939f2e", want: "10 01939f2e"},
		{parse: scan, name: "offers/10/scans/a/b", says: "not the name of a scan"},
		{parse: given(resource.ParseConversion), name: "conversions/9f86\u00A0", want: "9f86"},
		{parse: given(resource.ParseConversion), name: "9f86", says: "not the name of a conversion; write conversions/"},
		{parse: given(resource.ParsePostback), name: "postbacks/a/b", says: "not the name of a postback"},
		{parse: given(resource.ParseDelivery), name: "deliveries/9f86-0-22", want: "9f86-0-22"},
		{parse: given(resource.ParseSavedReport), name: "savedReports/", says: "not the name of a saved report"},
	} {
		got, err := tc.parse(tc.name)
		if tc.says == "" {
			if err != nil || got != tc.want {
				t.Errorf("%q: got %q, %v; want %q", tc.name, got, err, tc.want)
			}
			continue
		}
		if e := apperr.As(err); e == nil || e.Reason != "INVALID_NAME" || len(e.Violations) != 1 || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%q: got %q; want it to say %q", tc.name, err, tc.says)
		}
	}
}

func TestNamesAreReadAsWritten(t *testing.T) {
	propertytest.Check(t, func(t *rapid.T) {
		id := rapid.StringMatching(`[a-z0-9][a-z0-9-]{0,62}`)
		offer, publisher := id.Draw(t, "offer"), id.Draw(t, "publisher")
		code := rapid.StringMatching(`[A-Za-z0-9]{3,64}`).Draw(t, "code")
		o, p, c, err := resource.ParseCoupon("name", resource.Coupon(offer, publisher, code))
		if err != nil || o != offer || p != publisher || c != couponcode.Fold(code) {
			t.Fatalf("got %q %q %q %v", o, p, c, err)
		}
		o, p, err = resource.ParseApproval("name", resource.Approval(offer, publisher))
		if err != nil || o != offer || p != publisher {
			t.Fatalf("got %q %q %v", o, p, err)
		}
		if o, err = resource.ParseOffer("name", resource.Offer(offer)); err != nil || o != offer {
			t.Fatalf("got %q %v", o, err)
		}
		if p, err = resource.ParsePublisher("name", resource.Publisher(publisher)); err != nil || p != publisher {
			t.Fatalf("got %q %v", p, err)
		}
	})
}

func FuzzParseName(f *testing.F) {
	for _, seed := range []string{"offers/10", "offers/s\r", "offers/\u200B10/coupons/22\t. SALE", "offers/10/approvals/22", "offers/10/coupons/22.SALEXYZ20", "publishers/22", "offers/-", "/", "\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if offer, publisher, code, err := resource.ParseCoupon("name", name); err == nil {
			sameName(t, name, resource.Coupon(offer, publisher, code))
		}
		if offer, publisher, err := resource.ParseApproval("name", name); err == nil {
			sameName(t, name, resource.Approval(offer, publisher))
		}
		if offer, err := resource.ParseOffer("name", name); err == nil {
			sameName(t, name, resource.Offer(offer))
		}
		if publisher, err := resource.ParsePublisher("name", name); err == nil {
			sameName(t, name, resource.Publisher(publisher))
		}
	})
}

// sameName fails the test unless a name was read as it was written, apart from the case of a code and from
// pasted characters around each part, which may leave no other trace.
func sameName(t *testing.T, written, read string) {
	t.Helper()
	parts := strings.FieldsFunc(written, func(c rune) bool { return c == '/' || c == '.' })
	for i, part := range parts {
		parts[i] = pasted.Trim(part)
	}
	want := strings.FieldsFunc(read, func(c rune) bool { return c == '/' || c == '.' })
	if !slices.EqualFunc(parts, want, strings.EqualFold) {
		t.Fatalf("%q was read as %q", written, read)
	}
}
