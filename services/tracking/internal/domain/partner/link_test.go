package partner_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/couponlink/couponlink/services/internal/resource"
	"github.com/couponlink/couponlink/services/internal/trackinglink"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/partner"
)

func TestParseLink(t *testing.T) {
	ten := trackinglink.Link{Offer: "10", Publisher: "22", CouponCode: "SALEXYZ20"}
	sub := func(value string) trackinglink.Link { return trackinglink.Link{Offer: "10", PubSubID: value} }
	for _, tt := range []struct {
		query   string
		want    trackinglink.Link
		foreign bool
		dropped []string
	}{
		{query: "offer_id=10&pub_id=22&coupon_code=SALEXYZ20", want: ten},
		{
			query: "offer_id=10&pub_id=22&coupon_code=SALEXYZ20&pub_click_id=p&pub_sub_id=s&unique1=a&pub_unique2=b&unique3=c&pub_unique3=c&utm=x",
			want: trackinglink.Link{
				Offer: "10", Publisher: "22", CouponCode: "SALEXYZ20", PubClickID: "p", PubSubID: "s", PubUniques: [5]string{"a", "b", "c"},
			},
			foreign: true,
		},
		// Junk that is not ours.
		{query: "offer_id=10&pub_id=22&coupon_code=SALEXYZ20&foo=a;b", want: ten, foreign: true},
		{query: "offer_id=10&pub_id=22&coupon_code=SALEXYZ20&50%off", want: ten, foreign: true},
		{query: "&&offer_id=10&=x&pub_id=22&%&coupon_code=SALEXYZ20&", want: ten, foreign: true},
		{query: "?offer_id=10&amp;pub_id=22&amp;amp;coupon_code=SALEXYZ20", want: ten},
		{query: "Offer_ID=10&PUB_ID=22&coupon_code[]=SALEXYZ20", want: ten},
		{query: "offer_id%3D10%26pub_id%3d22%26coupon_code%3DSALEXYZ20", want: ten},
		{query: "offer_id=10&pub_id=22&coupon_code=%20SALEXYZ20+", want: ten},
		// Values that are not what they should be.
		{query: "offer_id=10&pub_sub_id=50%off", want: sub("50%off")},
		{query: "offer_id=10&pub_sub_id=a;b%3Bc", want: sub("a;b;c")},
		{query: "offer_id=10&pub_sub_id=%ff", want: sub("\uFFFD"), dropped: []string{"pub_sub_id had bytes that are not UTF-8"}},
		{query: "offer_id=10&pub_sub_id=%0a", want: sub("")},
		{query: "offer_id=10&pub_sub_id=a%0d%0Ab", want: sub("ab"), dropped: []string{"pub_sub_id had control characters"}},
		{
			query: "offer_id=10&pub_sub_id=" + strings.Repeat("x", 300), want: sub(strings.Repeat("x", 255)),
			dropped: []string{"pub_sub_id had 300 characters; the first 255 are kept"},
		},
		{
			query: "offer_id=10&pub_sub_id=" + strings.Repeat("%C3%A9", 256), want: sub(strings.Repeat("é", 255)),
			dropped: []string{"pub_sub_id had 256 characters; the first 255 are kept"},
		},
		{query: "offer_id=10&pub_id=a/b", want: trackinglink.Link{Offer: "10"}, dropped: []string{`pub_id "a/b" is not an id`}},
		{query: "offer_id={offer_id}&coupon_code=ABC", want: trackinglink.Link{CouponCode: "ABC"}, dropped: []string{`offer_id "{offer_id}" was not filled in`}},
		{query: "offer_id=10&pub_id=null&coupon_code=${code}&pub_sub_id=%7Bsub%7D&unique1=undefined", want: trackinglink.Link{Offer: "10"}, dropped: []string{
			`pub_id "null" was not filled in`, `coupon_code "${code}" was not filled in`, `pub_sub_id "{sub}" was not filled in`,
			`unique1 "undefined" was not filled in`,
		}},
		{query: "offer_id=10&pub_id=Anna", want: trackinglink.Link{Offer: "10", Publisher: "anna"}},
		// Of several, the first that is not empty.
		{
			query: "offer_id=10&offer_id=11&pub_id=&pub_id=22", want: trackinglink.Link{Offer: "10", Publisher: "22"},
			dropped: []string{`offer_id was sent more than once; "10" counts, "11" does not`},
		},
		{
			query: "offer_id=10&unique1=a&pub_unique1=b", want: trackinglink.Link{Offer: "10", PubUniques: [5]string{"a"}},
			dropped: []string{`pub_unique1 was sent more than once; "a" counts, "b" does not`},
		},
		// Around a code or an id.
		{query: "offer_id=10&pub_id=22&coupon_code=SALEXYZ20?utm_medium=mail", want: ten, foreign: true},
		{query: "offer_id=10&pub_id=22&coupon_code=SALEXYZ20%3Futm_medium%3Dmail", want: ten, foreign: true},
		{query: "coupon_code=SALEXYZ20&offer_id=10&pub_id=22?utm_medium=mail", want: ten, foreign: true},
		{query: "offer_id=10;pub_id=22;coupon_code=SALEXYZ20", want: ten},
		{query: "offer_id=10&pub_id=22.&coupon_code=(SALEXYZ20),", want: ten},
		{query: "offer_id=10/&pub_id=22/&coupon_code=%E2%80%9CSALEXYZ20%E2%80%9D%21", want: ten},
		// Text that is not a code is never guessed at.
		{query: "offer_id=10&coupon_code=SALE_XYZ20", want: trackinglink.Link{Offer: "10", CouponCode: "SALE_XYZ20"}},
		{query: "offer_id=10&coupon_code=%C3%89SALE", want: trackinglink.Link{Offer: "10", CouponCode: "ÉSALE"}},
	} {
		got := partner.ParseLink(tt.query)
		if got.Link != tt.want || got.Foreign != tt.foreign || !reflect.DeepEqual(got.Dropped, tt.dropped) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", tt.query, got, tt)
		}
	}
}

func TestParseShortLink(t *testing.T) {
	for _, path := range []string{
		"SALEXYZ20", "SALEXYZ20/", "SALEXYZ20.", "SALEXYZ20,", "SALEXYZ20)", "(SALEXYZ20)", "SALEXYZ20]", "SALEXYZ20>", "SALEXYZ20!",
		"SALEXYZ20**", "“SALEXYZ20”", "SALEXYZ20 ", "SALEXYZ20\u200b", "SALEXYZ20…", "SALEXYZ20🎉", "SALEXYZ20/.", "SALEXYZ20&utm_medium=mail",
		"SALEXYZ20?utm_medium=mail", "SALEXYZ20#top",
	} {
		got := partner.ParseShortLink(path, "utm_source=x")
		want := map[bool]string{true: "mail"}[strings.Contains(path, "utm_medium")]
		if got.Link != (trackinglink.Link{CouponCode: "SALEXYZ20"}) || got.Query.Get("utm_source") != "x" || got.Query.Get("utm_medium") != want {
			t.Errorf("%q: got %+v", path, got)
		}
	}
	if got := partner.ParseShortLink("SALE/XYZ20", ""); got.Link.CouponCode != "SALE/XYZ20" {
		t.Errorf("got %+v", got)
	}
}

func TestLinksAreBounded(t *testing.T) {
	for name, query := range map[string]string{
		"nested": strings.Repeat("coupon_code=ABC?", 60_000), "encoded": strings.Repeat("a%3Db%26", 100_000),
		"repeated": strings.Repeat("pub_id=!&", 100_000), "long": "offer_id=10&pub_sub_id=" + strings.Repeat("x", 1<<20),
	} {
		got := partner.ParseLink(query)
		if len(got.Dropped) == 0 || len(got.Dropped) > 10 || len(got.Query) > 64<<10 {
			t.Errorf("%s: %d dropped, a query of %d bytes", name, len(got.Dropped), len(got.Query))
		}
	}
}

func FuzzParseLink(f *testing.F) {
	f.Add("SALE?a=b", "offer_id=10&pub_id=%zz&amp;coupon_code=A;b&x[]=1")
	f.Add("%", "offer_id%3D10%26&unique1=%ff%00")
	f.Fuzz(func(t *testing.T, code, query string) {
		for _, v := range []partner.Visited{partner.ParseLink(query), partner.ParseShortLink(code, query)} {
			texts := []string{v.Link.CouponCode, v.Link.PubClickID, v.Link.PubSubID}
			for _, text := range append(append(texts, v.Link.PubUniques[:]...), v.Dropped...) {
				if err := domain.CheckText("kept", firstBytes(text, 255)); err != nil {
					t.Errorf("%q is kept: %v", text, err)
				}
			}
			for _, id := range []string{v.Link.Offer, v.Link.Publisher} {
				if id != "" && !resource.IsID(id) {
					t.Errorf("%q is taken for an id", id)
				}
			}
		}
	})
}

// firstBytes returns the beginning of a text, whole characters of it.
func firstBytes(text string, n int) string {
	if len(text) <= n {
		return text
	}
	return strings.ToValidUTF8(text[:n], "")
}

// BenchmarkParseLink reads the query of most clicks: nothing in it needs a second look.
func BenchmarkParseLink(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		partner.ParseLink("offer_id=10&pub_id=22&coupon_code=SALEXYZ20&pub_click_id=0199c1f2-7a3b&unique1=a")
	}
}
