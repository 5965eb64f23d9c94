package rules_test

import (
	"encoding/json"
	"testing"

	"github.com/couponlink/couponlink/services/internal/deliveryurl"
	"github.com/couponlink/couponlink/services/tracking/internal/rules"
)

// TestPlanTellsNobodyOfAnothersClick: what a publisher put on its click stays its own when the sale is
// given to another, who has no click of the sale then.
func TestPlanTellsNobodyOfAnothersClick(t *testing.T) {
	url, err := deliveryurl.Compile("https://tracker.example.com/?click={pub_click_id}")
	if err != nil {
		t.Fatal(err)
	}
	c := credited()
	c.PubClickID, c.PubSubID, c.PubUniques = "abc", "sub", rules.Uniques{"1", "2", "3", "4", "5"}
	grounds := *c.Grounds
	grounds.Click = &rules.ConsideredClick{Click: "k", Publisher: "22"}
	c.Grounds = &grounds
	c, err = c.Reassign(rules.Offer{ID: "10"}, rules.Assignment{Publisher: "33"}, by("jo", ""))
	if err != nil {
		t.Fatal(err)
	}
	all := []rules.Status{rules.StatusPending, rules.StatusApproved, rules.StatusRejected}
	for _, picky := range []bool{false, true} {
		told := map[string]rules.PayloadData{}
		for _, d := range c.Plan(func(id string) (rules.Publisher, bool) {
			return rules.Publisher{ID: id, Active: true, PostbackURL: url, Statuses: all, OnlyWithClick: picky}, true
		}, changeTime) {
			var p rules.Payload
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
