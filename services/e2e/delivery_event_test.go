package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
)

// event is the body of a delivery, as far as a publisher orders it.
type event struct {
	Type     string
	Sequence int
	Data     struct {
		Conversion, Status     string
		Amount, RefundedAmount *eventMoney
		Payout                 *eventMoney
	}
}

type eventMoney struct {
	CurrencyCode, Units string
	Nanos               int
}

func (m *eventMoney) String() string {
	if m == nil {
		return "-"
	}
	return fmt.Sprintf("%s.%02d %s", m.Units, m.Nanos/10_000_000, m.CurrencyCode)
}

func (e *event) String() string {
	return fmt.Sprintf("%d %s %s %v %v %v", e.Sequence, e.Type, e.Data.Status, e.Data.Amount, e.Data.RefundedAmount, e.Data.Payout)
}

// event returns the body of a POST, whose signature it verifies first.
func (c told) event(t *testing.T, secret string) event {
	t.Helper()
	if err := c.verify(t, secret); err != nil {
		t.Errorf("the delivery %s is not signed: %v", c.header.Get("webhook-id"), err)
	}
	var e event
	if err := json.Unmarshal([]byte(c.body), &e); err != nil {
		t.Fatalf("%v: %s", err, c.body)
	}
	return e
}

// secretOf saves the secret of ${pub} as ${secret}.
func secretOf() step {
	return step{
		Call: "coupon.v1.PublisherService/GetPublisher", Request: map[string]any{"name": "publishers/${pub}"},
		Save: map[string]string{"secret": "deliverySecret"},
	}
}

// tellEvents follows a sale through everything that can happen to it, and replays a delivery in the end.
func tellEvents(t *testing.T, p player) {
	e := newEndpoint(t)
	v := p.campaignFor(t, e.url, map[string]any{"method": "POST"})
	usd := func(units string) map[string]any { return map[string]any{"amount": map[string]any{"units": units}} }
	p.mustPlay(t, v, []step{
		secretOf(),
		{Use: "second-publisher"},
		sale("A-1", ""), change("ApproveConversion", nil), change("RefundConversion", usd("9")), change("AdjustConversion", usd("59")),
		change("RejectConversion", map[string]any{"reason": "goods came back"}),
		change("ReassignConversion", map[string]any{"publisher": "publishers/${pub2}", "reason": "the shop says so"}),
	})
	want := []string{
		"1 conversion.created PENDING 49.90 USD - 4.99 USD", "2 conversion.approved APPROVED 49.90 USD - 4.99 USD",
		"3 conversion.refunded APPROVED 49.90 USD 9.00 USD 4.09 USD", "4 conversion.adjusted APPROVED 59.00 USD 9.00 USD 5.00 USD",
		"5 conversion.rejected REJECTED 59.00 USD 9.00 USD -", "6 conversion.reassigned REJECTED 59.00 USD 9.00 USD -",
	}
	var got []string
	var refund told
	for range want {
		call := e.next(t)
		p.described(t, "ConversionEvent", call.body)
		body := call.event(t, v["secret"])
		if body.Data.Conversion != v["conversion"] {
			t.Errorf("the endpoint was told of %s", body.Data.Conversion)
		}
		if body.Type == "conversion.refunded" {
			refund = call
		}
		got = append(got, body.String())
	}
	if !slices.Equal(got, want) {
		t.Errorf("the endpoint was told\n%s\nnot\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	name := "deliveries/" + refund.header.Get("webhook-id")
	p.mustPlay(t, v, []step{{
		Call: "tracking.v1.DeliveryService/ReplayDelivery", Request: map[string]any{"name": name},
		expectation: expectation{Response: map[string]any{"name": name, "type": "conversion.refunded", "sequence": 3, "payload": "!present"}},
	}})
	again := e.next(t)
	if again.event(t, v["secret"]); again.body != refund.body || again.header.Get("webhook-id") != refund.header.Get("webhook-id") {
		t.Errorf("the replay of %s %s was %s %s", refund.header.Get("webhook-id"), refund.body, again.header.Get("webhook-id"), again.body)
	}
	e.quiet(t)
}

// described checks that the API reference has every key of a body under a schema, and that no required one is missing.
func (p player) described(t *testing.T, schema, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.system.base+"/openapi.json", nil)
	if err != nil {
		t.Fatal(err)
	}
	a, err := doHTTP(p.system.client, r)
	if err != nil {
		t.Fatal(err)
	}
	got, err := parseJSON([]byte(body))
	if err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	schemas, err := at(a.value, "components.schemas")
	if err != nil {
		t.Fatal(err)
	}
	describe(t, schemas, schema, got)
}

func describe(t *testing.T, schemas any, schema string, got any) {
	t.Helper()
	described, err := at(schemas, schema)
	if err != nil {
		t.Fatal(err)
	}
	values, _ := got.(map[string]any)
	of, _ := described.(map[string]any)
	properties, _ := of["properties"].(map[string]any)
	required, _ := of["required"].([]any)
	for _, name := range required {
		if _, ok := values[fmt.Sprint(name)]; !ok {
			t.Errorf("%v of %s is required, and missing", name, schema)
		}
	}
	for name, value := range values {
		property, ok := properties[name].(map[string]any)
		if !ok {
			t.Errorf("%s of %s is not described", name, schema)
			continue
		}
		if ref, ok := property["$ref"].(string); ok {
			describe(t, schemas, strings.TrimPrefix(ref, "#/components/schemas/"), value)
		}
	}
}

// tellOldPayload has a publisher that keeps the payload of version 1: changes of status and payout, with decimals.
func tellOldPayload(t *testing.T, p player) {
	e := newEndpoint(t)
	v := p.campaignFor(t, e.url+"/?type={type}&sequence={sequence}", map[string]any{"method": "POST", "payloadVersion": "V1"})
	p.mustPlay(t, v, []step{sale("A-1", ""), change("ApproveConversion", nil)})
	for _, status := range []string{"PENDING", "APPROVED"} {
		call := e.next(t)
		p.described(t, "ConversionEventV1", call.body)
		body, err := parseJSON([]byte(call.body))
		if err != nil {
			t.Fatalf("%v: %s", err, call.body)
		}
		of := "conversion." + strings.ToLower(status)
		want := map[string]any{"type": of, "timestamp": "!present", "sequence": "!absent", "data": map[string]any{
			"conversion": v["conversion"], "status": status, "amount": "49.90", "currency": "USD", "refundedAmount": "", "payout": "4.99", "payoutCurrency": "USD",
		}}
		if err := match(want, body); err != nil {
			t.Errorf("the body%v", err)
		}
		if call.rawQuery != "type="+of+"&sequence=" {
			t.Errorf("the query is %s", call.rawQuery)
		}
	}
	p.mustPlay(t, v, []step{{
		Call: "coupon.v1.PublisherService/UpdatePublisher", Request: map[string]any{"publisher": map[string]any{"name": "publishers/${pub}", "delivery": map[string]any{"payloadVersion": "V2"}}},
		expectation: expectation{Response: map[string]any{"delivery": map[string]any{"method": "POST", "payloadVersion": "V2"}}},
	}, {Pause: settleTime.String(), Why: "a change takes effect within that"}, change("RejectConversion", map[string]any{"reason": "goods came back"})})
	if call := e.next(t); call.rawQuery != "type=conversion.rejected&sequence=3" {
		t.Errorf("after the change the query is %s", call.rawQuery)
	}
}

// tellRaced refunds a sale in parts, approves and rejects it at the same moment, while the endpoint refuses every third
// call. The endpoint must get each number once, in order, and the last must be the sale as it is.
func tellRaced(t *testing.T, p player) {
	const parts = 12
	var refusals []http.HandlerFunc
	for i := range 3 * parts {
		refusals = append(refusals, answering(map[bool]int{true: http.StatusServiceUnavailable, false: http.StatusOK}[i%3 == 1]))
	}
	e := newEndpoint(t, refusals...)
	v := p.campaignFor(t, e.url, map[string]any{"method": "POST"})
	p.mustPlay(t, v, []step{secretOf(), sale("A-1", "")})
	changes := []step{change("ApproveConversion", nil)}
	for i := range parts {
		changes = append(changes, change("RefundConversion", map[string]any{"amount": map[string]any{"units": "1"}, "refundId": fmt.Sprint("r", i)}))
	}
	p.atOnce(t, changes, v)
	seen := map[string]bool{}
	var last event
	for last.Sequence < len(changes)+1 {
		call := e.next(t)
		body := call.event(t, v["secret"])
		repeated := seen[call.header.Get("webhook-id")]
		seen[call.header.Get("webhook-id")] = true
		if !repeated && body.Sequence != last.Sequence+1 || repeated && body.Sequence != last.Sequence {
			t.Fatalf("after %v came %v (again: %t)", &last, &body, repeated)
		}
		last = body
	}
	if last.Data.RefundedAmount.String() != "12.00 USD" || last.Data.Status != "APPROVED" {
		t.Errorf("the last was %v", &last)
	}
	p.mustPlay(t, v, []step{{
		Call: "tracking.v1.ConversionService/GetConversion", Request: map[string]any{"name": "${conversion}"},
		expectation: expectation{Response: map[string]any{
			"status": last.Data.Status, "payout": map[string]any{"units": last.Data.Payout.Units, "nanos": last.Data.Payout.Nanos},
		}},
	}})
}

// atOnce makes all calls at the same moment, and repeats those that the store was too busy for.
func (p player) atOnce(t *testing.T, calls []step, v vars) {
	t.Helper()
	start := make(chan struct{})
	errs := make(chan error, len(calls))
	var all sync.WaitGroup
	for _, st := range calls {
		own := maps.Clone(v)
		all.Go(func() {
			<-start
			errs <- p.untilDone(t.Context(), st, own)
		})
	}
	close(start)
	all.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
}

func (p player) untilDone(ctx context.Context, st step, v vars) error {
	const tries, pause = 50, 50 * time.Millisecond
	for range tries {
		a, err := p.call(ctx, st, v)
		if err != nil {
			return err
		}
		switch a.status.Code() {
		case codes.OK:
			return nil
		case codes.Unavailable:
		default:
			return fmt.Errorf("%s: %w", st.Call, a.status.Err())
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
	return fmt.Errorf("%s was not done in %d tries", st.Call, tries)
}
