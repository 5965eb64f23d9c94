package e2e

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// TestDeliveries reports sales over both transports, and checks the calls to the publishers' endpoints.
func TestDeliveries(t *testing.T) {
	t.Parallel()
	s, _ := startTogether(t, t.TempDir(), map[string]string{"COUPONLINK_ALLOWED_PRIVATE_HOSTS": "127.0.0.1/32"})
	for _, transport := range transports() {
		for name, test := range map[string]func(*testing.T, player){
			"by GET":                        tellByGet,
			"by POST":                       tellByPost,
			"of everything that happens":    tellEvents,
			"with the old payload":          tellOldPayload,
			"changes that race":             tellRaced,
			"signed, also in a rotation":    tellSigned,
			"on the chosen statuses":        tellChosenStatuses,
			"in order":                      tellInOrder,
			"of what has a click":           tellOnlyWithClick,
			"who lost and who got":          tellReassigned,
			"again after 500":               tellAgain,
			"again after no answer":         tellAfterSilence,
			"again after a reset":           tellAfterReset,
			"an endless answer":             tellEndless,
			"no redirect is followed":       tellRedirecting,
			"no more after 410, but replay": tellGone,
			"a test":                        tellTest,
			"replay by filter":              tellByFilter,
			"lists":                         tellLists,
		} {
			t.Run(name+"/"+transport, func(t *testing.T) {
				t.Parallel()
				test(t, player{system: s, transport: transport, suite: loadSuite(t)})
			})
		}
	}
}

// campaignFor creates an offer that pays 10 %, and a publisher with a coupon and this postback URL.
func (p player) campaignFor(t *testing.T, postbackURL string, delivery map[string]any) vars {
	t.Helper()
	return p.prepare(t, []step{
		{Use: "offer", But: map[string]any{"offer": map[string]any{"payout": map[string]any{"percent": "10"}}}},
		{Use: "publisher", But: map[string]any{"publisher": map[string]any{"postbackUrl": postbackURL, "delivery": delivery}}},
		{Use: "coupon"},
	})
}

// sale is the postback of a sale by the coupon. more is appended to its parameters. The step saves the conversion's
// name as ${conversion}.
func sale(transaction, more string) step {
	return step{
		HTTP: "GET /postback?coupon_code=${code}&token=${token}&transaction_id=" + transaction + "&amount=49.90" + more,
		Save: map[string]string{"conversion": "conversion"},
	}
}

// change calls a method that changes ${conversion}.
func change(method string, request map[string]any) step {
	fields := map[string]any{"name": "${conversion}"}
	maps.Copy(fields, request)
	return step{Call: "tracking.v1.ConversionService/" + method, Request: fields}
}

// listed waits for the wanted deliveries that match a filter. It saves the name of the latest as ${delivery}.
func listed(filter string, want any) step {
	return step{
		Call: "tracking.v1.DeliveryService/ListDeliveries", Request: map[string]any{"filter": filter}, Eventually: "10s",
		expectation: expectation{Response: map[string]any{"deliveries": want}},
		Save:        map[string]string{"delivery": "deliveries.0.name"},
	}
}

// fetched expects a state of ${delivery}.
func fetched(want map[string]any) step {
	return step{
		Call: "tracking.v1.DeliveryService/GetDelivery", Request: map[string]any{"name": "${delivery}"}, Eventually: "5s",
		expectation: expectation{Response: want},
	}
}

const ofConversion = `conversion = "${conversion}"`

func tellByGet(t *testing.T, p player) {
	e := newEndpoint(t)
	v := p.campaignFor(t, e.url+"/pb/{pub_id}?conv={conversion_id}&event={event}&status={status}&method={method}&offer={offer_id}&code={coupon_code}"+
		"&click={click_id}&cid={pub_click_id}&sub={pub_sub_id}&u1={pub_unique1}&u3={pub_unique3}&txn={transaction_id}&amount={amount}&cur={currency}"+
		"&ref={refunded_amount}&payout={payout}&pcur={payout_currency}&at={conversion_time}&unix={conversion_time_unix}&id={delivery_id}", nil)
	p.mustPlay(t, v, []step{
		{HTTP: "GET ${link}&pub_click_id=a%20b%26c&pub_sub_id=news&unique1=%C3%BC", expectation: expectation{Status: http.StatusFound}, Capture: map[string]string{"click": "Location: cid=([0-9a-f-]{36})"}},
		sale("A%201%2F%C3%BC", "&click_id=${click}&currency=EUR&event=signup"),
		listed(ofConversion, []any{map[string]any{"state": "DELIVERED", "attemptCount": 1, "attempts": "!absent", "dueTime": "!absent", "finishTime": "!present"}}),
	})
	call := e.next(t)
	if call.method != http.MethodGet || call.path != "/pb/"+v["pub"] || call.body != "" {
		t.Errorf("the call was %s %s with the body %q", call.method, call.path, call.body)
	}
	id := strings.TrimPrefix(v["conversion"], "conversions/")
	for name, want := range map[string]string{
		"conv": id, "event": "signup", "status": "PENDING", "method": "COUPON_LINK", "offer": v["offer"], "code": v["code"], "click": v["click"],
		"cid": "a b&c", "sub": "news", "u1": "ü", "u3": v["code"], "txn": "A 1/ü", "amount": "49.90", "cur": "EUR", "ref": "",
		"payout": "4.99", "pcur": "EUR", "id": id + "-0-" + v["pub"],
	} {
		if got := call.query.Get(name); got != want {
			t.Errorf("%s is %q, not %q", name, got, want)
		}
	}
	p.mustPlay(t, v, []step{
		{
			Call: "tracking.v1.ConversionService/GetConversion", Request: map[string]any{"name": "${conversion}"},
			expectation: expectation{Response: map[string]any{"conversionTime": call.query.Get("at")}},
		},
		fetched(map[string]any{
			"name": "deliveries/" + call.header.Get("webhook-id"), "payload": "~" + v["conversion"],
			"attempts": []any{map[string]any{"httpStatus": 200, "latency": "!present", "attemptTime": "!present", "error": "!absent"}},
		}),
	})
	e.quiet(t)
}

func tellByPost(t *testing.T, p player) {
	e := newEndpoint(t)
	v := p.campaignFor(t, e.url+"/pb?s={status}", map[string]any{"method": "POST"})
	p.mustPlay(t, v, []step{sale("A-1", "")})
	call := e.next(t)
	if call.method != http.MethodPost || call.rawQuery != "s=PENDING" || call.header.Get("Content-Type") != "application/json" || !strings.HasPrefix(call.header.Get("User-Agent"), "Couponlink/") {
		t.Errorf("the call was %s ?%s with %v", call.method, call.rawQuery, call.header)
	}
	body, err := parseJSON([]byte(call.body))
	if err != nil {
		t.Fatalf("%v: %s", err, call.body)
	}
	want := map[string]any{"type": "conversion.created", "timestamp": "!present", "sequence": 1, "data": map[string]any{
		"conversion": v["conversion"], "event": "sale", "status": "PENDING", "method": "COUPON_CODE", "offer": "offers/" + v["offer"],
		"publisher": "publishers/" + v["pub"], "couponCode": v["code"], "click": "", "pubClickId": "", "pubUnique3": v["code"],
		"transactionId": "A-1", "refundedAmount": "!absent", "currency": "!absent",
		"amount":         map[string]any{"currencyCode": "USD", "units": "49", "nanos": 900000000},
		"payout":         map[string]any{"currencyCode": "USD", "units": "4", "nanos": 990000000},
		"conversionTime": "!present",
	}}
	if err := match(want, body); err != nil {
		t.Errorf("the body%v", err)
	}
}

func tellSigned(t *testing.T, p player) {
	post, get := newEndpoint(t), newEndpoint(t)
	publisher := step{
		Call: "coupon.v1.PublisherService/GetPublisher", Request: map[string]any{"name": "publishers/${pub}"},
		Save: map[string]string{"secret": "deliverySecret"},
	}
	v := p.campaignFor(t, post.url, map[string]any{"method": "POST"})
	p.mustPlay(t, v, []step{publisher, sale("A-1", "")})
	first := v["secret"]
	expectSignatures(t, post.next(t), []string{first}, nil)
	rotate := step{Call: "coupon.v1.PublisherService/RotateDeliverySecret", Request: map[string]any{"name": "publishers/${pub}", "overlap": "3600s"}, Save: map[string]string{"secret": "deliverySecret"}}
	p.mustPlay(t, v, []step{
		rotate,
		{Call: "coupon.v1.PublisherService/UpdatePublisher", Request: map[string]any{"publisher": map[string]any{
			"name": "publishers/${pub}", "postbackUrl": get.url + "/?code={coupon_code}&t={conversion_time}", "delivery": map[string]any{"method": "GET"},
		}}, Mask: []string{"postback_url", "delivery"}},
		{Pause: settleTime.String(), Why: "a change takes effect within that"},
		sale("A-2", ""),
	})
	second := v["secret"]
	expectSignatures(t, get.next(t), []string{first, second}, nil)
	rotate.Request = map[string]any{"name": "publishers/${pub}", "overlap": "0s"}
	p.mustPlay(t, v, []step{rotate, {Pause: settleTime.String(), Why: "a change takes effect within that"}, sale("A-3", "")})
	expectSignatures(t, get.next(t), []string{v["secret"]}, []string{first, second})
	post.quiet(t)
}

// expectSignatures checks which secrets sign a call, and which do not.
func expectSignatures(t *testing.T, call told, by, notBy []string) {
	t.Helper()
	for _, secret := range by {
		if err := call.verify(t, secret); err != nil {
			t.Errorf("a call is not signed by its secret: %v; %v", err, call.header)
		}
	}
	for _, secret := range notBy {
		if call.verify(t, secret) == nil {
			t.Errorf("a call is signed by a secret that is over; %v", call.header)
		}
	}
	if n := len(strings.Fields(call.header.Get("webhook-signature"))); n != len(by) {
		t.Errorf("a call has %d signatures, not %d", n, len(by))
	}
}

func tellChosenStatuses(t *testing.T, p player) {
	e := newEndpoint(t)
	v := p.campaignFor(t, e.url+"/?status={status}", map[string]any{"statuses": []any{"APPROVED"}})
	p.mustPlay(t, v, []step{
		sale("A-1", ""), change("ApproveConversion", nil),
		change("RejectConversion", map[string]any{"reason": "goods came back"}),
	})
	if call := e.next(t); call.query.Get("status") != "APPROVED" {
		t.Errorf("the endpoint was told %s", call.rawQuery)
	}
	e.quiet(t)
	p.mustPlay(t, v, []step{listed(ofConversion, []any{map[string]any{"status": "APPROVED", "change": 1}})})
}

func tellInOrder(t *testing.T, p player) {
	e := newEndpoint(t, answering(http.StatusInternalServerError), answering(http.StatusOK), answering(http.StatusBadGateway))
	v := p.campaignFor(t, e.url+"/?told={status}+{payout}+{refunded_amount}", nil)
	p.mustPlay(t, v, []step{
		sale("A-1", ""), change("ApproveConversion", nil),
		change("RejectConversion", map[string]any{"reason": "goods came back"}),
		change("ApproveConversion", nil),
		change("RefundConversion", map[string]any{"amount": map[string]any{"units": "9", "nanos": 900000000}}),
		change("RefundConversion", nil),
	})
	var got []string
	for range 8 {
		got = append(got, e.next(t).query.Get("told"))
	}
	want := []string{
		"PENDING 4.99 ", "PENDING 4.99 ", "APPROVED 4.99 ", "APPROVED 4.99 ", "REJECTED  ", "APPROVED 4.99 ", "APPROVED 4.00 9.90", "APPROVED  49.90",
	}
	if !slices.Equal(got, want) {
		t.Errorf("the endpoint, which refused two, was told %q, not %q", got, want)
	}
	e.quiet(t)
}

func tellOnlyWithClick(t *testing.T, p player) {
	e := newEndpoint(t)
	v := p.campaignFor(t, e.url+"/?txn={transaction_id}&cid={pub_click_id}", map[string]any{"onlyWithClick": true})
	p.mustPlay(t, v, []step{
		sale("A-1", ""),
		{HTTP: "GET ${link}&pub_click_id=mine", expectation: expectation{Status: http.StatusFound}, Capture: map[string]string{"click": "Location: cid=([0-9a-f-]{36})"}},
		sale("A-2", "&click_id=${click}"),
	})
	if call := e.next(t); call.rawQuery != "txn=A-2&cid=mine" {
		t.Errorf("the endpoint was told %s", call.rawQuery)
	}
	e.quiet(t)
}

func tellReassigned(t *testing.T, p player) {
	from, to := newEndpoint(t), newEndpoint(t)
	const template = "/?pub={pub_id}&status={status}&payout={payout}&method={method}"
	v := p.campaignFor(t, from.url+template, nil)
	p.mustPlay(t, v, []step{
		{Use: "second-publisher", But: map[string]any{"publisher": map[string]any{"postbackUrl": to.url + template}}},
		sale("A-1", ""), change("ReassignConversion", map[string]any{"publisher": "publishers/${pub2}", "reason": "the shop says so"}),
	})
	for i, want := range []string{"status=PENDING&payout=4.99", "status=REJECTED&payout="} {
		if call := from.next(t); !strings.HasPrefix(call.rawQuery, "pub="+v["pub"]+"&"+want) {
			t.Errorf("call %d to whom it is taken from was %s", i+1, call.rawQuery)
		}
	}
	if call := to.next(t); call.rawQuery != "pub="+v["pub2"]+"&status=PENDING&payout=4.99&method=MANUAL" {
		t.Errorf("the one who got it was told %s", call.rawQuery)
	}
	from.quiet(t)
	to.quiet(t)
}
