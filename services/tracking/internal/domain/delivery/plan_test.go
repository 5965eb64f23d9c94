package delivery_test

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/deliveryurl"
	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/delivery"
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
	approve := func(c domain.Conversion) domain.Conversion { c, _ = c.Approve(by("")); return c }
	reject := func(c domain.Conversion) domain.Conversion { c, _ = c.Reject(by("no")); return c }
	refund := func(c domain.Conversion) domain.Conversion {
		c, _ = c.Refund(usd(5000), "", by(""))
		return c
	}
	rename := func(c domain.Conversion) domain.Conversion {
		c, _ = c.Reassign(domain.Offer{ID: "10"}, domain.Assignment{Publisher: "33"}, by(""))
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
			for _, d := range delivery.Planned(tt.conversion, find, changeTime) {
				var p delivery.Payload
				if err := json.Unmarshal([]byte(d.Payload), &p); err != nil {
					t.Fatal(err)
				}
				if p.Data.Status != d.Status || d.State != delivery.Due || d.DueTime != changeTime {
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

// everyone finds a publisher for each id, which is told of each status.
func everyone(url *deliveryurl.Template, version domain.PayloadVersion) func(id string) (domain.Publisher, bool) {
	return func(id string) (domain.Publisher, bool) {
		return domain.Publisher{
			ID: id, Active: true, PostbackURL: url, Payload: version,
			Statuses: []domain.Status{domain.StatusPending, domain.StatusApproved, domain.StatusRejected},
		}, true
	}
}

// TestPlanOfEverything: with PayloadV2 a publisher is told of everything that happens, with its type and number, also
// of what changes neither status nor payout. What nobody is told of has no number.
func TestPlanOfEverything(t *testing.T) {
	url, err := deliveryurl.Compile("https://tracker.example.com/?{type}&{sequence}&{amount}&{currency}&{refunded_amount}&{payout}&{payout_currency}")
	if err != nil {
		t.Fatal(err)
	}
	steps := []struct {
		change func(domain.Conversion) (domain.Conversion, error)
		// v2 and v1 are what its publishers are told of the change.
		v2, v1 []string
	}{
		{nil, []string{"22 conversion.created&1&100.00&USD&&10.00&USD"}, []string{"22 conversion.pending&&100.00&USD&&10.00&USD"}},
		{
			func(c domain.Conversion) (domain.Conversion, error) { return c.Approve(by("")) },
			[]string{"22 conversion.approved&2&100.00&USD&&10.00&USD"},
			[]string{"22 conversion.approved&&100.00&USD&&10.00&USD"},
		},
		{
			func(c domain.Conversion) (domain.Conversion, error) {
				return c.Refund(usd(5000), "r", by(""))
			},
			[]string{"22 conversion.refunded&3&100.00&USD&50.00&5.00&USD"},
			[]string{"22 conversion.approved&&100.00&USD&50.00&5.00&USD"},
		},
		{func(c domain.Conversion) (domain.Conversion, error) { // a conflict that nobody is told of
			c = c.WithConflict(domain.Report{TransactionID: "t"}, domain.Conversion{Amount: usd(1), ContentHash: "x"}, "", changeTime)
			return c.Resolve(1, domain.Dismissed, by(""))
		}, nil, nil},
		{
			func(c domain.Conversion) (domain.Conversion, error) {
				c.Basis.Rates.Payout = money.Payout{Kind: money.Fixed, Fixed: usd(500)}
				return c.Adjust(usd(12000), by(""))
			},
			[]string{"22 conversion.adjusted&4&120.00&USD&50.00&5.00&USD"},
			nil,
		},
		{
			func(c domain.Conversion) (domain.Conversion, error) { return c.Reject(by("no")) },
			[]string{"22 conversion.rejected&5&120.00&USD&50.00&&"},
			[]string{"22 conversion.rejected&&120.00&USD&50.00&&"},
		},
		{
			func(c domain.Conversion) (domain.Conversion, error) {
				return c.Reassign(domain.Offer{ID: "10"}, domain.Assignment{Publisher: "33"}, by(""))
			},
			[]string{"22 conversion.reassigned&6&120.00&USD&50.00&&", "33 conversion.reassigned&6&120.00&USD&50.00&&"},
			[]string{"22 conversion.rejected&&120.00&USD&50.00&&", "33 conversion.rejected&&120.00&USD&50.00&&"},
		},
	}
	c := credited()
	c.Amount = usd(10000)
	for number, step := range steps {
		c.Unplanned, c.PlanFrom = true, number
		if step.change != nil {
			if c, err = step.change(c); err != nil {
				t.Fatal(err)
			}
		}
		for version, want := range map[domain.PayloadVersion][]string{domain.PayloadV1: step.v1, domain.PayloadV2: step.v2} {
			var got []string
			for _, d := range delivery.Planned(c, everyone(url, version), changeTime) {
				macros, err := d.Macros()
				if err != nil {
					t.Fatal(err)
				}
				_, query, _ := strings.Cut(url.Expand(macros), "?")
				got = append(got, d.Publisher+" "+query)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s of change %d: got %q, want %q", version, number, got, want)
			}
		}
	}
}

// TestPlanOfAHeldSale: what happens to a sale while nobody is credited has no number, so that the first that a publisher
// is told of is the first.
func TestPlanOfAHeldSale(t *testing.T) {
	url, err := deliveryurl.Compile("https://tracker.example.com/?{type}&{sequence}")
	if err != nil {
		t.Fatal(err)
	}
	held := credited()
	held.Outcome, held.Publisher, held.Coupon, held.Payout = domain.Unattributed, "", "", money.Money{}
	if held, err = held.Refund(usd(1000), "r", by("")); err != nil {
		t.Fatal(err)
	}
	replayed, err := held.Replay(credited(), by(""))
	if err != nil {
		t.Fatal(err)
	}
	given, err := held.Reassign(domain.Offer{ID: "10"}, domain.Assignment{Publisher: "22"}, by(""))
	if err != nil {
		t.Fatal(err)
	}
	for want, c := range map[string]domain.Conversion{"conversion.created&1": replayed, "conversion.reassigned&1": given} {
		planned := delivery.Planned(c, everyone(url, domain.PayloadV2), changeTime)
		if len(planned) != 1 {
			t.Fatalf("%d deliveries, want %s", len(planned), want)
		}
		if head := planned[0].Head(); head.Type+"&"+strconv.Itoa(head.Sequence) != want {
			t.Errorf("got %+v, want %s", head, want)
		}
	}
}

// TestPayloads has both versions byte by byte: they are contracts.
func TestPayloads(t *testing.T) {
	const data = `"data":{"conversion":"conversions/00000000000000000000000000000000","event":"test","status":"APPROVED","method":"COUPON_CODE",` +
		`"offer":"offers/test","publisher":"publishers/22","couponCode":"TEST10","click":"00000000-0000-7000-8000-000000000000","pubClickId":"test",` +
		`"pubSubId":"test","pubUnique1":"test","pubUnique2":"test","pubUnique3":"TEST10","pubUnique4":"test","pubUnique5":"test","transactionId":"test",`
	for version, want := range map[domain.PayloadVersion]string{
		domain.PayloadV1: `{"type":"conversion.approved","timestamp":"2026-11-22T12:00:00Z",` + data +
			`"amount":"100.00","currency":"USD","refundedAmount":"","payout":"10.00","payoutCurrency":"USD","conversionTime":"2026-11-22T12:00:00Z"}}`,
		domain.PayloadV2: `{"type":"conversion.created","timestamp":"2026-11-22T12:00:00Z","sequence":1,` + data +
			`"amount":{"currencyCode":"USD","units":"100","nanos":0},"payout":{"currencyCode":"USD","units":"10","nanos":0},"conversionTime":"2026-11-22T12:00:00Z"}}`,
	} {
		if got := delivery.Test("22", version, time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)).Payload; got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", version, got, want)
		}
	}
}

func TestMacros(t *testing.T) {
	c := credited()
	c.Unplanned, c.Event, c.TransactionID, c.PubUniques[2], c.ConversionTime = true, "sale", "o-1", "SALE20", changeTime
	url, err := deliveryurl.Compile("https://t.example/?{conversion_id}&{status}&{payout}&{payout_currency}&{pub_unique3}&{transaction_id}&{conversion_time_unix}&{click_id}&{delivery_id}")
	if err != nil {
		t.Fatal(err)
	}
	planned := delivery.Planned(c, func(string) (domain.Publisher, bool) {
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
