package presets_test

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/propertytest"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/presets"
)

var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func load(t *testing.T) presets.Presets {
	t.Helper()
	presets, err := presets.Load()
	if err != nil {
		t.Fatal(err)
	}
	return presets
}

// query returns a URL's parameters, with a preset's name where one is given.
func query(t *testing.T, preset, address string) url.Values {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	params := u.Query()
	if preset != "" {
		params.Set(presets.Parameter, preset)
	}
	return params
}

// said returns what a report says, by the names of our parameters.
func said(r domain.Report) map[string]string {
	all := map[string]string{
		"coupon_code": r.Code, "click_id": r.ClickID, "offer_id": r.Offer, "pub_id": r.Publisher, "transaction_id": r.TransactionID,
		"currency": r.Amount.Currency, "token": r.Token, "status": string(r.Status), "status_reason": r.StatusReason, "refund_id": r.RefundID,
	}
	if r.HasAmount {
		all["amount"] = r.AmountIn("USD").Decimal()
	}
	if r.Event != domain.DefaultEvent {
		all["event"] = r.Event
	}
	if !r.Time.IsZero() {
		all["timestamp"] = r.Time.Format(time.RFC3339)
	}
	if r.Test {
		all["test"] = "1"
	}
	maps.DeleteFunc(all, func(_, value string) bool { return value == "" })
	return all
}

func warnings(names []string) []string {
	var all []string
	for _, name := range names {
		all = append(all, `parameter "`+name+`" is not known and was ignored`)
	}
	return all
}

// TestExamples reads each preset's examples, as they come and as a replay reads them from the journal.
func TestExamples(t *testing.T) {
	all := load(t)
	for _, p := range all {
		used := map[string]bool{}
		for _, example := range p.Examples {
			params := query(t, p.Name, example.URL)
			journaled, err := url.ParseQuery(params.Encode())
			if err != nil {
				t.Fatal(err)
			}
			for _, came := range []url.Values{params, journaled} {
				report, err := all.Read(came, now)
				if got := said(report); err != nil || !maps.Equal(got, example.Report) {
					t.Errorf("%s: %s\n says %v, %v\nwant %v", p.Name, example.URL, got, err, example.Report)
				}
				if want := warnings(example.Unknown); !slices.Equal(report.Warnings, want) {
					t.Errorf("%s: %s\nwarns %q\n want %q", p.Name, example.URL, report.Warnings, want)
				}
			}
			for name := range params {
				used[name] = true
			}
		}
		for name, theirs := range p.Parameters {
			if !slices.ContainsFunc(theirs, func(sent string) bool { return used[sent] }) && !slices.Contains(p.Unconfirmed, theirs[0]) {
				t.Errorf("%s: no example has %s", p.Name, name)
			}
		}
	}
}

func TestTheSixPlatforms(t *testing.T) {
	var names []string
	for _, p := range load(t) {
		names = append(names, p.Name)
	}
	if want := []string{"affise", "cake", "everflow", "swaarm", "trackier", "tune"}; !slices.Equal(names, want) {
		t.Errorf("got %v, want %v", names, want)
	}
}

// TestTransactionID: TUNE's and Everflow's click id is never an order id, nor the other way round.
func TestTransactionID(t *testing.T) {
	all := load(t)
	for preset, want := range map[string]map[string]string{
		"tune": {"click_id": "X"}, "everflow": {"click_id": "X"}, "affise": {}, "trackier": {}, "swaarm": {}, "cake": {},
		"": {"transaction_id": "X"},
	} {
		report, err := all.Read(query(t, preset, "?transaction_id=X"), now)
		if got := said(report); err != nil || !maps.Equal(got, want) {
			t.Errorf("%q: got %v, %v, want %v", preset, got, err, want)
		}
	}
}

// TestOurOwnNames: a token, a test and, where the platform names no offer, the offer are said in our words.
func TestOurOwnNames(t *testing.T) {
	all := load(t)
	const address = "?token=abc&test=1&offer_id=10&coupon=A&code=B&pub_id=22&txn=1"
	for preset, want := range map[string]map[string]string{
		"affise": {"token": "abc", "test": "1", "offer_id": "10"},
		"cake":   {"token": "abc", "test": "1"},
		"tune":   {"token": "abc", "test": "1", "offer_id": "10"},
	} {
		report, err := all.Read(query(t, preset, address), now)
		if got := said(report); err != nil || !maps.Equal(got, want) {
			t.Errorf("%s: got %v, %v, want %v", preset, got, err, want)
		}
	}
}

func TestErrorsNameWhatWasSent(t *testing.T) {
	all := load(t)
	for _, tt := range []struct{ preset, address, reason, field string }{
		{"affise", "?clickid=a&sum=ten", "INVALID_AMOUNT", "sum"},
		{"affise", "?clickid=a&clickid=b", "DUPLICATE_PARAMETER", "clickid"},
		{"affise", "?clickid=a&click_id=b", "CONFLICTING_ALIASES", "click_id"},
		{"affise", "?clickid=a&status=9", "INVALID_STATUS", "status"},
		{"affise", "?clickid=a&status=1&status=3", "DUPLICATE_PARAMETER", "status"},
		{"affise", "?secure=a&token=b", "CONFLICTING_ALIASES", "token"},
		{"cake", "?r=1&p=-", "INVALID_AMOUNT", "p"},
		{"tune", "?adv_sub={adv_sub}", "INVALID_TRANSACTION_ID", "adv_sub"},
		{"tune", "?%ff=1", "INVALID_UTF8", ""},
		{"nope", "?clickid=a", "UNKNOWN_PRESET", ""},
	} {
		_, err := all.Read(query(t, tt.preset, tt.address), now)
		e := apperr.As(err)
		if e == nil || e.Reason != tt.reason || tt.field != "" && (e.Violations[0].Field != tt.field || !strings.HasPrefix(e.Message, tt.field+": ")) {
			t.Errorf("%s %s: got %v", tt.preset, tt.address, err)
		}
	}
	_, err := all.Read(query(t, "nope", ""), now)
	if e := apperr.As(err); e == nil || e.Kind != apperr.NotFound || !strings.Contains(e.Message, "affise, cake, everflow, swaarm, trackier, tune") {
		t.Errorf("an unknown preset: %v", err)
	}
	if _, err := all.Read(url.Values{presets.Parameter: {"tune", "cake"}}, now); !apperr.Is(err, apperr.InvalidArgument) {
		t.Errorf("two presets: %v", err)
	}
	if report, err := all.Read(query(t, "AFFISE", "?ClickId=a&click_id[]=a&clickid=a&clickid={clickid}"), now); err != nil || report.ClickID != "a" {
		t.Errorf("two names that say the same: %+v, %v", report, err)
	}
}

// TestOnlyItsOwnNamesCount: whatever is sent beside a preset's own names changes nothing but the warnings.
func TestOnlyItsOwnNamesCount(t *testing.T) {
	all := load(t)
	words := []string{
		"coupon_code", "coupon", "promo_code", "code", "click_id", "clickid", "cid", "oid", "pub_id", "transaction_id", "txn_id", "order_id",
		"amount", "sale_amount", "currency", "event", "timestamp", "status", "conversion_status", "status_reason", "reason", "refund_id", "x",
	}
	propertytest.Check(t, func(t *rapid.T) {
		p := rapid.SampledFrom(all).Draw(t, "preset")
		own := slices.Clone(p.Ignored)
		for _, theirs := range p.Parameters {
			own = append(own, theirs...)
		}
		params := url.Values{presets.Parameter: {p.Name}}
		for _, name := range rapid.SliceOfDistinct(rapid.SampledFrom(own), rapid.ID).Draw(t, "names") {
			params.Set(name, rapid.SampledFrom([]string{"", "1", "2"}).Draw(t, name))
		}
		before, errBefore := all.Read(params, now)
		for _, name := range rapid.SliceOfDistinct(rapid.SampledFrom(words), rapid.ID).Draw(t, "more") {
			if !slices.Contains(own, name) {
				params.Set(name, "other")
			}
		}
		after, errAfter := all.Read(params, now)
		if !maps.Equal(said(before), said(after)) || (errBefore == nil) != (errAfter == nil) {
			t.Fatalf("%s: %v, %v; with more %v, %v", p.Name, said(before), errBefore, said(after), errAfter)
		}
	})
}
