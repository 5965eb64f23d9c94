package domain_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/couponlink/couponlink/services/internal/deliveryurl"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

func TestPlan(t *testing.T) {
	url, err := deliveryurl.Compile("https://tracker.example.com/?status={status}&payout={payout}&click={pub_click_id}&id={delivery_id}")
	if err != nil {
		t.Fatal(err)
	}
	all := []domain.Status{domain.StatusPending, domain.StatusApproved, domain.StatusRejected}
	publisher := func(id string, statuses ...domain.Status) domain.Publisher {
		return domain.Publisher{ID: id, Active: true, PostbackURL: url, Statuses: statuses}
	}
	approve := func(c domain.Conversion) domain.Conversion { c, _ = c.Approve(by("jo", "")); return c }
	reject := func(c domain.Conversion) domain.Conversion { c, _ = c.Reject(by("jo", "no")); return c }
	refund := func(c domain.Conversion) domain.Conversion { c, _ = c.Refund(usd(5000), "", by("jo", "")); return c }
	rename := func(c domain.Conversion) domain.Conversion {
		c, _ = c.Reassign(domain.Offer{ID: "10"}, domain.Assignment{Publisher: "33"}, by("jo", ""))
		return c
	}
	created := credited()
	created.Unplanned = true
	clicked := created
	clicked.PubClickID = "abc"
	picky := publisher("22", all...)
	picky.OnlyWithClick = true
	gone := publisher("22", all...)
	gone.Active = false
	tests := []struct {
		says       string
		conversion domain.Conversion
		publishers []domain.Publisher
		want       []string
	}{
		{"the creation", created, []domain.Publisher{publisher("22", all...)}, []string{"c1-0-22 PENDING 10.00"}},
		{"a status that was not chosen", created, []domain.Publisher{publisher("22", domain.StatusApproved)}, nil},
		{"without a click, to one who wants it", created, []domain.Publisher{picky}, nil},
		{"with a click", clicked, []domain.Publisher{picky}, []string{"c1-0-22 PENDING 10.00"}},
		{"to one who has left", created, []domain.Publisher{gone}, nil},
		{"to nobody known", created, nil, nil},
		{"each change, as it was then", reject(approve(created)), []domain.Publisher{publisher("22", all...)}, []string{"c1-0-22 PENDING 10.00", "c1-1-22 APPROVED 10.00", "c1-2-22 REJECTED "}},
		{"a changed payout", refund(created), []domain.Publisher{publisher("22", all...)}, []string{"c1-0-22 PENDING 10.00", "c1-1-22 PENDING 5.00"}},
		{"only what is not planned", approve(credited()), []domain.Publisher{publisher("22", all...)}, []string{"c1-1-22 APPROVED 10.00"}},
		{"taken from one and given to another", rename(credited()), []domain.Publisher{publisher("22", all...), publisher("33", all...)}, []string{"c1-1-22 REJECTED ", "c1-1-33 PENDING "}},
	}
	for _, tt := range tests {
		t.Run(tt.says, func(t *testing.T) {
			find := func(id string) (domain.Publisher, bool) {
				i := slices.IndexFunc(tt.publishers, func(p domain.Publisher) bool { return p.ID == id })
				if i < 0 {
					return domain.Publisher{}, false
				}
				return tt.publishers[i], true
			}
			var got []string
			for _, d := range tt.conversion.Plan(find, changeTime) {
				var p domain.Payload
				if err := json.Unmarshal([]byte(d.Payload), &p); err != nil {
					t.Fatal(err)
				}
				if p.Data.Status != d.Status || d.State != domain.DeliveryDue || d.DueTime != changeTime {
					t.Errorf("got %+v", d)
				}
				got = append(got, d.ID+" "+string(d.Status)+" "+p.Data.Payout)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestMacros(t *testing.T) {
	c := credited()
	c.Unplanned, c.Event, c.TransactionID, c.PubUniques[2], c.ConversionTime = true, "sale", "o-1", "SALE20", changeTime
	url, err := deliveryurl.Compile("https://t.example/?{conversion_id}&{status}&{payout}&{payout_currency}&{pub_unique3}&{transaction_id}&{conversion_time_unix}&{click_id}&{delivery_id}")
	if err != nil {
		t.Fatal(err)
	}
	planned := c.Plan(func(string) (domain.Publisher, bool) {
		return domain.Publisher{ID: "22", Active: true, PostbackURL: url, Statuses: []domain.Status{domain.StatusPending}}, true
	}, changeTime)
	if len(planned) != 1 {
		t.Fatalf("got %d deliveries", len(planned))
	}
	macros, err := planned[0].Macros()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := url.Expand(macros), "https://t.example/?c1&PENDING&10.00&USD&SALE20&o-1&1795352400&&c1-0-22"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
