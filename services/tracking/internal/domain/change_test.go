package domain_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/internal/propertytest"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

func usd(cents int64) money.Money {
	return money.Money{Currency: "USD", Units: cents / 100, Nanos: int32(cents%100) * 10_000_000}
}

var changeTime = time.Date(2026, 11, 22, 13, 0, 0, 0, time.UTC)

func by(actor, reason string) domain.By {
	return domain.By{Actor: actor, Time: changeTime, Reason: reason}
}

// credited is a sale of 100.00 USD that earns publisher 22 ten percent and costs twenty.
func credited() domain.Conversion {
	return domain.Conversion{
		ID: "c1", Offer: "10", Publisher: "22", Coupon: "offers/10/coupons/22.SALE20", CouponCode: "SALE20",
		Amount: usd(10000), Payout: usd(1000), Revenue: usd(2000), Status: domain.StatusPending, Outcome: domain.Attributed,
		Method: domain.CouponCode, Revision: 1,
		Basis: &domain.Basis{Rates: &domain.Rates{
			Payout:  money.Payout{Kind: money.Percent, Percent: 100_000},
			Revenue: money.Payout{Kind: money.Percent, Percent: 200_000},
		}},
	}
}

// fixed is the same sale with a fixed payout.
func fixed() domain.Conversion {
	c := credited()
	c.Payout = usd(500)
	c.Basis.Rates.Payout = money.Payout{Kind: money.Fixed, Fixed: usd(500)}
	return c
}

// amounting returns that sale with another amount.
func amounting(amount money.Money) domain.Conversion {
	c := fixed()
	c.Amount, c.Revenue = amount, amount
	return c
}

// held is a sale that nobody is credited with.
func held() domain.Conversion {
	c := credited()
	c.Publisher, c.Coupon, c.Outcome, c.Method, c.Reason, c.Payout = "", "", domain.Unattributed, domain.NoMethod, domain.UnknownCode, money.Money{}
	c.Basis.Rates.Payout = money.Payout{}
	return c
}

// changes are the steps of a test, and the conversion that they lead to.
type changes struct {
	says    string
	from    domain.Conversion
	steps   []step
	status  domain.Status
	payout  money.Money
	revenue money.Money
	changes int
	reason  string // of the last step's error
}

type step func(domain.Conversion) (domain.Conversion, error)

func approve(c domain.Conversion) (domain.Conversion, error) { return c.Approve(by("jo", "")) }

func reject(c domain.Conversion) (domain.Conversion, error) { return c.Reject(by("jo", "fraud")) }

func refundAll(c domain.Conversion) (domain.Conversion, error) {
	return c.Refund(money.Money{}, "", by("jo", ""))
}

func adjust(cents int64) step {
	return func(c domain.Conversion) (domain.Conversion, error) { return c.Adjust(usd(cents), by("jo", "")) }
}

func refund(cents int64, id string) step {
	return func(c domain.Conversion) (domain.Conversion, error) { return c.Refund(usd(cents), id, by("jo", "")) }
}

func TestChanges(t *testing.T) {
	inEuro := func(c domain.Conversion) (domain.Conversion, error) {
		return c.Refund(money.Money{Currency: "EUR", Units: 1}, "", by("jo", ""))
	}
	tests := []changes{
		{"approved", credited(), []step{approve}, domain.StatusApproved, usd(1000), usd(2000), 1, ""},
		{"approving twice changes nothing", credited(), []step{approve, approve}, domain.StatusApproved, usd(1000), usd(2000), 1, ""},
		{"rejected: nothing is due", credited(), []step{reject}, domain.StatusRejected, money.Money{}, money.Money{}, 1, ""},
		{"rejecting twice changes nothing", credited(), []step{reject, reject}, domain.StatusRejected, money.Money{}, money.Money{}, 1, ""},
		{"a rejection is taken back", credited(), []step{reject, approve}, domain.StatusApproved, usd(1000), usd(2000), 2, ""},
		{"nobody to approve it for", held(), []step{approve}, domain.StatusPending, money.Money{}, usd(2000), 0, "CONVERSION_UNATTRIBUTED"},
		{"a held sale can be rejected", held(), []step{reject}, domain.StatusRejected, money.Money{}, money.Money{}, 1, ""},
		{"payout and revenue follow the amount", credited(), []step{adjust(5000)}, domain.StatusPending, usd(500), usd(1000), 1, ""},
		{"the same amount changes nothing", credited(), []step{adjust(10000)}, domain.StatusPending, usd(1000), usd(2000), 0, ""},
		{"a rejected one stays without", credited(), []step{reject, adjust(5000)}, domain.StatusRejected, money.Money{}, money.Money{}, 2, ""},
		{"refunded in part", credited(), []step{refund(2500, "")}, domain.StatusPending, usd(750), usd(1500), 1, ""},
		{"a repeat without an id changes nothing", credited(), []step{refund(2500, ""), refund(2500, "")}, domain.StatusPending, usd(750), usd(1500), 1, ""},
		{"two refunds by their ids", credited(), []step{refund(2500, "a"), refund(2500, "b")}, domain.StatusPending, usd(500), usd(1000), 2, ""},
		{"a repeat by its id", credited(), []step{refund(2500, "a"), refund(2500, "a")}, domain.StatusPending, usd(750), usd(1500), 1, ""},
		{"an id for another amount", credited(), []step{refund(2500, "a"), refund(2600, "a")}, domain.StatusPending, usd(750), usd(1500), 1, "REFUND_ID_TAKEN"},
		{"refunded in full", credited(), []step{refundAll}, domain.StatusPending, money.Money{}, money.Money{}, 1, ""},
		{"in full, twice", credited(), []step{refundAll, refundAll}, domain.StatusPending, money.Money{}, money.Money{}, 1, ""},
		{"the rest", credited(), []step{refund(2500, ""), refundAll}, domain.StatusPending, money.Money{}, money.Money{}, 2, ""},
		{"more than the sale", credited(), []step{refund(10001, "")}, domain.StatusPending, usd(1000), usd(2000), 0, "REFUND_TOO_LARGE"},
		{"more than is left", credited(), []step{refund(6000, ""), refund(5000, "")}, domain.StatusPending, usd(400), usd(800), 1, "REFUND_TOO_LARGE"},
		{"in another currency", credited(), []step{inEuro}, domain.StatusPending, usd(1000), usd(2000), 0, "CURRENCY_MISMATCH"},
		{"a fixed payout outlasts a part", fixed(), []step{refund(9999, "")}, domain.StatusPending, usd(500), money.Money{Currency: "USD"}, 1, ""},
		{"but not the whole", fixed(), []step{refundAll}, domain.StatusPending, money.Money{}, money.Money{}, 1, ""},
		{"an amount less than was refunded", credited(), []step{refund(6000, ""), adjust(5000)}, domain.StatusPending, usd(400), usd(800), 1, "LESS_THAN_REFUNDED"},
	}
	for _, tt := range tests {
		t.Run(tt.says, tt.check)
	}
}

func TestRefundsInFull(t *testing.T) {
	for _, tt := range []changes{
		{"a sale of zero, in full", amounting(usd(0)), []step{refundAll, refundAll}, domain.StatusPending, money.Money{}, money.Money{}, 1, ""},
		{"a sale of zero, by a zero", amounting(usd(0)), []step{refund(0, "a"), refund(0, "a")}, domain.StatusPending, money.Money{}, money.Money{}, 1, ""},
		{"a sale of no amount, in full", amounting(money.Money{}), []step{refundAll, refundAll}, domain.StatusPending, money.Money{}, money.Money{}, 1, ""},
		{"a sale of no amount, by a zero", amounting(money.Money{}), []step{refund(0, "a"), refundAll}, domain.StatusPending, money.Money{}, money.Money{}, 1, ""},
		{"a sale of no amount, and an approval", amounting(money.Money{}), []step{refundAll, approve}, domain.StatusApproved, money.Money{}, money.Money{}, 2, ""},
		{"a sale of no amount, in part", amounting(money.Money{}), []step{refund(100, "")}, domain.StatusPending, usd(500), money.Money{}, 0, "NO_AMOUNT"},
		{"what was given back in full stays so", amounting(money.Money{}), []step{refundAll, adjust(5000)}, domain.StatusPending, money.Money{}, money.Money{}, 2, ""},
	} {
		t.Run(tt.says, tt.check)
	}
}

func (tt changes) check(t *testing.T) {
	c := tt.from
	var err error
	for _, step := range tt.steps {
		c, err = step(c)
	}
	if e := apperr.As(err); tt.reason != "" && (e == nil || e.Reason != tt.reason) || tt.reason == "" && err != nil {
		t.Errorf("the last step: %v, want %q", err, tt.reason)
	}
	if c.Status != tt.status || c.Payout != tt.payout || c.Revenue != tt.revenue {
		t.Errorf("%s, payout %s, revenue %s; want %s, %s, %s", c.Status, c.Payout, c.Revenue, tt.status, tt.payout, tt.revenue)
	}
	if len(c.Changes) != tt.changes || c.Revision != int64(1+tt.changes) {
		t.Errorf("%d changes, revision %d; want %d", len(c.Changes), c.Revision, tt.changes)
	}
}

func TestAChangeTellsWhoWhenFromAndTo(t *testing.T) {
	before := credited()
	c, err := before.Reject(by("jo@example.com", "returned goods"))
	if err != nil {
		t.Fatal(err)
	}
	change := c.Changes[0]
	want := domain.Change{Number: 1, Kind: domain.ChangeReject, By: by("jo@example.com", "returned goods"), From: before.State(), To: c.State()}
	if change != want {
		t.Errorf("got %+v\nwant %+v", change, want)
	}
	if c.StatusReason != "returned goods" || c.UpdateTime != changeTime || !c.Unplanned || c.PlanFrom != 1 {
		t.Errorf("got %q, %s, plan from %d", c.StatusReason, c.UpdateTime, c.PlanFrom)
	}
	if len(before.Changes) != 0 {
		t.Error("the conversion before was changed too")
	}
}

func TestReassign(t *testing.T) {
	offer := domain.Offer{ID: "10", Payout: money.Payout{Kind: money.Fixed, Fixed: usd(700)}, Revenue: money.Payout{Kind: money.Fixed, Fixed: usd(900)}, ETag: "e2"}
	coupon := &domain.Coupon{Offer: "10", Publisher: "33", Code: "Other33", Payout: money.Payout{Kind: money.Percent, Percent: 500_000}}
	c, err := held().Reassign(offer, domain.Assignment{Publisher: "33", Coupon: coupon}, by("jo", "asked the shop"))
	if err != nil {
		t.Fatal(err)
	}
	if c.Publisher != "33" || c.Coupon != coupon.Name() || c.CouponCode != "Other33" || c.PubUniques[2] != "Other33" ||
		c.Outcome != domain.Attributed || c.Method != domain.ByHand || c.Reason != "" || c.Payout != usd(5000) || c.Revenue != usd(900) {
		t.Errorf("got %+v", c)
	}
	again, err := c.Reassign(offer, domain.Assignment{Publisher: "33", Coupon: coupon}, by("jo", ""))
	if err != nil || again.Revision != c.Revision {
		t.Errorf("to whom has it already: revision %d, %v", again.Revision, err)
	}
	other, err := c.Reassign(offer, domain.Assignment{Publisher: "44", ApprovalPayout: money.Payout{Kind: money.Fixed, Fixed: usd(1)}}, by("jo", ""))
	if err != nil || other.Coupon != "" || other.Payout != usd(1) {
		t.Errorf("to a publisher: %+v, %v", other, err)
	}
}

func TestConflicts(t *testing.T) {
	content := credited()
	content.Amount, content.ContentHash = usd(6000), "other"
	report := domain.Report{Code: "SALE20"}
	c := credited().WithConflict(report, content, "p1", changeTime)
	c = c.WithConflict(report, content, "p2", changeTime)
	if len(c.Conflicts) != 1 || c.Conflicts[0].Count != 2 || c.Conflicts[0].Postback != "p1" || !c.Conflicted || c.Repeats(report, content) {
		t.Fatalf("got %+v", c.Conflicts)
	}
	accepted, err := c.Resolve(1, domain.Accepted, by("jo", "right"))
	if err != nil || accepted.Amount != usd(6000) || accepted.Payout != usd(600) || accepted.Conflicted || !accepted.Repeats(report, content) {
		t.Errorf("accepted: %+v, %v", accepted, err)
	}
	if c.Conflicts[0].Resolution != domain.Unresolved {
		t.Error("the conversion before was changed too")
	}
	dismissed, err := c.Resolve(1, domain.Dismissed, by("jo", "wrong"))
	if err != nil || dismissed.Amount != usd(10000) || dismissed.Conflicted || dismissed.Repeats(report, content) || len(dismissed.Changes) != 1 {
		t.Errorf("dismissed: %+v, %v", dismissed, err)
	}
	if _, err := dismissed.Resolve(1, domain.Accepted, by("jo", "")); !apperr.Is(err, apperr.FailedPrecondition) {
		t.Errorf("resolved twice: %v", err)
	}
	if _, err := c.Resolve(2, domain.Accepted, by("jo", "")); !apperr.Is(err, apperr.NotFound) {
		t.Errorf("no such conflict: %v", err)
	}
}

// TestARepeatHasTheFirstAmountOrThePresentOne: a repeat may have either of them, but none in between.
func TestARepeatHasTheFirstAmountOrThePresentOne(t *testing.T) {
	report := domain.Report{Code: "SALE20", HasAmount: true}
	reported := func(cents int64) domain.Conversion {
		c := domain.Conversion{Amount: usd(cents)}
		c.ContentHash = domain.ContentHash(report, c)
		return c
	}
	c := credited()
	c.ContentHash = reported(10000).ContentHash
	for _, cents := range []int64{9500, 9000} {
		var err error
		if c, err = c.Adjust(usd(cents), by("jo", "")); err != nil {
			t.Fatal(err)
		}
	}
	for cents, want := range map[int64]bool{10000: true, 9000: true, 9500: false, 8000: false} {
		if got := c.Repeats(report, reported(cents)); got != want {
			t.Errorf("a report of %d cents is a repeat: %v", cents, got)
		}
		update := domain.Report{Status: domain.ReportApproved, HasAmount: true, Amount: usd(cents)}
		if got := c.Contradicts(update, domain.Offer{}); got == want {
			t.Errorf("an approval of %d cents contradicts: %v", cents, got)
		}
	}
	other := report
	other.Code = "OTHER"
	if content := reported(9000); c.Repeats(other, domain.Conversion{Amount: content.Amount, ContentHash: domain.ContentHash(other, content)}) {
		t.Error("another code is a repeat")
	}
}

// TestWhatIsDueFollowsWhatIsLeft applies random changes and holds what is due against the rates.
func TestWhatIsDueFollowsWhatIsLeft(t *testing.T) {
	propertytest.Check(t, func(t *rapid.T) {
		c := credited()
		for range rapid.IntRange(1, 20).Draw(t, "steps") {
			before := c
			var err error
			cents := rapid.Int64Range(0, 20000).Draw(t, "cents")
			switch rapid.IntRange(0, 3).Draw(t, "step") {
			case 0:
				c, err = c.Approve(by("jo", ""))
			case 1:
				c, err = c.Reject(by("jo", "no"))
			case 2:
				c, err = c.Adjust(usd(cents), by("jo", ""))
			case 3:
				c, err = c.Refund(usd(cents), rapid.StringN(1, 3, 3).Draw(t, "id"), by("jo", ""))
			}
			if err != nil && c.Revision != before.Revision {
				t.Fatalf("a refused change changed something: %v", err)
			}
			left := c.Amount.Minus(c.Refunded)
			want, _ := c.Basis.Rates.Payout.Of(left)
			if c.Status == domain.StatusRejected || !c.Refunded.IsNone() && left.IsZero() {
				want = money.Money{}
			}
			if c.Payout != want || left.Units < 0 || left.Nanos < 0 {
				t.Fatalf("%s with %s left pays %s, want %s", c.Status, left, c.Payout, want)
			}
			if n := len(c.Changes); n > 0 && c.Changes[n-1].To != c.State() {
				t.Fatalf("the history ends with %+v, the conversion is %+v", c.Changes[n-1].To, c.State())
			}
			for i := 1; i < len(c.Changes); i++ {
				if c.Changes[i].From != c.Changes[i-1].To {
					t.Fatalf("change %d does not begin where %d ended", i+1, i)
				}
			}
		}
	})
}
