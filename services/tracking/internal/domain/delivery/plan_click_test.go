package delivery_test

import (
	"encoding/json"
	"testing"

	"github.com/couponlink/couponlink/services/internal/deliveryurl"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/delivery"
)

// TestPlanTellsNobodyOfAnothersClick: what a publisher put on its click stays its own when the sale is
// given to another, who has no click of the sale then.
func TestPlanTellsNobodyOfAnothersClick(t *testing.T) {
	url, err := deliveryurl.Compile("https://tracker.example.com/?click={pub_click_id}")
	if err != nil {
		t.Fatal(err)
	}
	c := credited()
	c.PubClickID, c.PubSubID, c.PubUniques = "abc", "sub", domain.Uniques{"1", "2", "3", "4", "5"}
	grounds := *c.Basis
	grounds.Click = &domain.ConsideredClick{Click: "k", Publisher: "22"}
	c.Basis = &grounds
	c, err = c.Reassign(domain.Offer{ID: "10"}, domain.Assignment{Publisher: "33"}, by(""))
	if err != nil {
		t.Fatal(err)
	}
	all := []domain.Status{domain.StatusPending, domain.StatusApproved, domain.StatusRejected}
	for _, picky := range []bool{false, true} {
		told := map[string]delivery.Data{}
		for _, d := range delivery.Planned(c, func(id string) (domain.Publisher, bool) {
			return domain.Publisher{ID: id, Active: true, PostbackURL: url, Statuses: all, OnlyWithClick: picky}, true
		}, changeTime) {
			var p delivery.Payload
			if err := json.Unmarshal([]byte(d.Payload), &p); err != nil {
				t.Fatal(err)
			}
			told[d.Publisher] = p.Data
		}
		if p := told["22"]; p.PubClickID != "abc" || p.PubSubID != "sub" || p.PubUnique1 != "1" || p.PubUnique3 != "3" {
			t.Errorf("its own publisher is told %+v", p)
		}
		if p, ok := told["33"]; ok == picky || p.PubClickID != "" || p.PubSubID != "" || p.PubUnique1 != "" || p.PubUnique3 != "" || p.PubUnique5 != "" {
			t.Errorf("picky %v: the other is told (%v) %+v", picky, ok, p)
		}
	}
}

// TestPlanTellsNobodyOfAnothersCode: who loses a sale is told of the code that it was credited by, and not of the code
// of the one who gets it.
func TestPlanTellsNobodyOfAnothersCode(t *testing.T) {
	url, err := deliveryurl.Compile("https://tracker.example.com/?{coupon_code}&{pub_unique3}&{method}")
	if err != nil {
		t.Fatal(err)
	}
	c := credited()
	c.PubUniques[2] = c.CouponCode
	c, err = c.Reassign(domain.Offer{ID: "10"}, domain.Assignment{Publisher: "33", Coupon: &domain.Coupon{Offer: "10", Publisher: "33", Code: "OTHER"}}, by(""))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"22": "SALE20&SALE20&COUPON_CODE", "33": "OTHER&OTHER&MANUAL"}
	planned := delivery.Planned(c, func(id string) (domain.Publisher, bool) {
		return domain.Publisher{ID: id, Active: true, PostbackURL: url, Statuses: []domain.Status{domain.StatusPending, domain.StatusRejected}}, true
	}, changeTime)
	if len(planned) != len(want) {
		t.Errorf("%d deliveries, want %d", len(planned), len(want))
	}
	for _, d := range planned {
		macros, err := d.Macros()
		if err != nil {
			t.Fatal(err)
		}
		if got := url.Expand(macros); got != "https://tracker.example.com/?"+want[d.Publisher] {
			t.Errorf("publisher %s is told %s, want %s", d.Publisher, got, want[d.Publisher])
		}
	}
}
