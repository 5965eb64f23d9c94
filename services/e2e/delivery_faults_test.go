package e2e

import (
	"net/http"
	"testing"
	"time"
)

func tellAgain(t *testing.T, p player) {
	e := newEndpoint(t, answering(http.StatusInternalServerError))
	v := p.campaignFor(t, e.url+"/?id={delivery_id}", nil)
	p.mustPlay(t, v, []step{sale("A-1", "")})
	first, second := e.next(t), e.next(t)
	if first.header.Get("webhook-id") != second.header.Get("webhook-id") || first.rawQuery != second.rawQuery {
		t.Errorf("the second try is another: %v and %v", first, second)
	}
	p.mustPlay(t, v, []step{
		listed(ofConversion, []any{map[string]any{"state": "DELIVERED", "attemptCount": 2}}),
		fetched(map[string]any{"finishTime": "!present", "attempts": []any{
			map[string]any{"httpStatus": 500, "error": "~500", "latency": "!present", "attemptTime": "!present"},
			map[string]any{"httpStatus": 200, "error": "!absent", "latency": "!present", "attemptTime": "!present"},
		}}),
	})
	e.quiet(t)
}

func tellAfterSilence(t *testing.T, p player) {
	e := newEndpoint(t, hanging)
	v := p.campaignFor(t, e.url, nil)
	p.mustPlay(t, v, []step{sale("A-1", "")})
	start := time.Now()
	_, _ = e.next(t), e.next(t)
	if d := time.Since(start); d < 10*time.Second || d > 15*time.Second {
		t.Errorf("the second try came after %s, not after the 10 s that an answer may take and a second", d)
	}
	p.mustPlay(t, v, []step{
		listed(ofConversion, []any{map[string]any{"state": "DELIVERED"}}),
		fetched(map[string]any{"attempts": []any{map[string]any{"httpStatus": 0, "latency": `~^10\.`, "error": "~no answer within 10 s"}, map[string]any{"httpStatus": 200}}}),
	})
}

func tellAfterReset(t *testing.T, p player) {
	e := newEndpoint(t, resetting)
	v := p.campaignFor(t, e.url, map[string]any{"method": "POST"})
	p.mustPlay(t, v, []step{sale("A-1", "")})
	_, _ = e.next(t), e.next(t)
	p.mustPlay(t, v, []step{
		listed(ofConversion, []any{map[string]any{"state": "DELIVERED"}}),
		fetched(map[string]any{"attempts": []any{map[string]any{"httpStatus": 0, "error": "~closed"}, map[string]any{"httpStatus": 200}}}),
	})
}

func tellEndless(t *testing.T, p player) {
	ended := make(chan struct{})
	e := newEndpoint(t, endless(ended))
	v := p.campaignFor(t, e.url, nil)
	p.mustPlay(t, v, []step{
		sale("A-1", ""),
		listed(ofConversion, []any{map[string]any{"state": "DELIVERED", "attemptCount": 1}}),
		fetched(map[string]any{"attempts": []any{map[string]any{"httpStatus": 200}}}),
	})
	select {
	case <-ended:
	case <-time.After(tellPatience):
		t.Error("the answer is still being read")
	}
}

func tellRedirecting(t *testing.T, p player) {
	other := newEndpoint(t)
	e := newEndpoint(t, http.RedirectHandler(other.url, http.StatusFound).ServeHTTP)
	v := p.campaignFor(t, e.url, nil)
	p.mustPlay(t, v, []step{sale("A-1", "")})
	_, _ = e.next(t), e.next(t)
	p.mustPlay(t, v, []step{
		listed(ofConversion, []any{map[string]any{"state": "DELIVERED"}}),
		fetched(map[string]any{"attempts": []any{map[string]any{"httpStatus": 302, "error": "~302"}, map[string]any{"httpStatus": 200}}}),
	})
	other.quiet(t)
}

func tellGone(t *testing.T, p player) {
	e := newEndpoint(t, answering(http.StatusGone))
	v := p.campaignFor(t, e.url, nil)
	p.mustPlay(t, v, []step{
		sale("A-1", ""),
		listed(ofConversion, []any{map[string]any{"state": "DEAD", "attemptCount": 1, "dueTime": "!absent", "finishTime": "!present"}}),
	})
	e.next(t)
	e.quiet(t)
	p.mustPlay(t, v, []step{
		{
			Call: "tracking.v1.DeliveryService/ReplayDelivery", Request: map[string]any{"name": "${delivery}"},
			expectation: expectation{Response: map[string]any{"name": "${delivery}", "state": "DUE", "dueTime": "!present", "finishTime": "!absent", "attemptCount": 0}},
		},
		listed(ofConversion, []any{map[string]any{"state": "DELIVERED", "attemptCount": 1}}),
		fetched(map[string]any{"attempts": []any{map[string]any{"httpStatus": 410}, map[string]any{"httpStatus": 200}}}),
		{
			Call: "tracking.v1.DeliveryService/ReplayDelivery", Request: map[string]any{"name": "deliveries/none-0-${pub}"},
			expectation: expectation{Code: "NOT_FOUND", Reason: "DELIVERY_NOT_FOUND"},
		},
	})
	e.next(t)
}

func tellTest(t *testing.T, p player) {
	e := newEndpoint(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		_, _ = w.Write([]byte("short and stout"))
	})
	v := p.campaignFor(t, e.url+"/?event={event}&status={status}&type={type}&sequence={sequence}", nil)
	test := step{Call: "tracking.v1.DeliveryService/TestDelivery", Request: map[string]any{"publisher": "publishers/${pub}"}}
	refused := test
	test.expectation = expectation{Response: map[string]any{
		"url":          e.url + "/?event=test&status=APPROVED&type=conversion.created&sequence=1",
		"attempt":      map[string]any{"httpStatus": 418, "latency": "!present", "error": "~418"},
		"responseBody": "short and stout",
	}}
	p.mustPlay(t, v, []step{test})
	secret := step{Call: "coupon.v1.PublisherService/GetPublisher", Request: map[string]any{"name": "publishers/${pub}"}, Save: map[string]string{"secret": "deliverySecret"}}
	none, unset := refused, refused
	none.Request = map[string]any{"publisher": "publishers/${pub3}"}
	none.expectation = expectation{Code: "NOT_FOUND", Reason: "PUBLISHER_NOT_FOUND"}
	unset.Request = map[string]any{"publisher": "publishers/${pub2}"}
	unset.expectation = expectation{Code: "FAILED_PRECONDITION", Reason: "NO_POSTBACK_URL"}
	p.mustPlay(t, v, []step{
		secret, none,
		{Use: "second-publisher"},
		unset,
		{
			Call: "tracking.v1.DeliveryService/ListDeliveries", Request: map[string]any{"filter": `publisher = "publishers/${pub}"`},
			expectation: expectation{Response: map[string]any{"deliveries": "!absent"}},
		},
	})
	expectSignatures(t, e.next(t), []string{v["secret"]}, nil)
	e.quiet(t)
}

func tellByFilter(t *testing.T, p player) {
	e := newEndpoint(t)
	v := p.campaignFor(t, e.url+"/?txn={transaction_id}", nil)
	p.mustPlay(t, v, []step{
		sale("A-1", ""), sale("A-2", ""), sale("A-3", ""),
		listed(`publisher = "publishers/${pub}" AND state = DELIVERED`, map[string]any{"!len": 3}),
	})
	before := map[string]string{}
	for range 3 {
		call := e.next(t)
		before[call.query.Get("txn")] = call.header.Get("webhook-id")
	}
	replay := func(validateOnly bool, filter, count string) step {
		return step{
			Call: "tracking.v1.DeliveryService/ReplayDeliveries", Request: map[string]any{"filter": filter, "validateOnly": validateOnly},
			expectation: expectation{Response: map[string]any{"replayedCount": count}},
		}
	}
	p.mustPlay(t, v, []step{
		{
			Call: "tracking.v1.DeliveryService/ReplayDeliveries", Request: map[string]any{"filter": " "},
			expectation: expectation{Code: "INVALID_ARGUMENT", Field: "filter"},
		},
		replay(true, `publisher = "publishers/${pub}" AND state = DELIVERED`, "3"),
	})
	e.quiet(t)
	p.mustPlay(t, v, []step{replay(false, `publisher = "publishers/${pub}" AND state = DELIVERED`, "3")})
	for range 3 {
		call := e.next(t)
		if txn := call.query.Get("txn"); before[txn] != call.header.Get("webhook-id") {
			t.Errorf("%s was delivered as %s, and again as %s", txn, before[txn], call.header.Get("webhook-id"))
		}
	}
	e.quiet(t)
	p.mustPlay(t, v, []step{replay(false, `publisher = "publishers/${pub}" AND state = DEAD`, "!absent")})
}

func tellLists(t *testing.T, p player) {
	e := newEndpoint(t, answering(http.StatusGone))
	v := p.campaignFor(t, e.url, nil)
	p.mustPlay(t, v, []step{
		sale("A-1", ""),
		listed(ofConversion, []any{map[string]any{"state": "DEAD"}}),
		sale("A-2", ""), change("ApproveConversion", nil),
		listed(`offer = "offers/${offer}" AND state = DELIVERED`, []any{
			map[string]any{"conversion": "${conversion}", "publisher": "publishers/${pub}", "offer": "offers/${offer}", "change": 1, "status": "APPROVED"},
			map[string]any{"conversion": "${conversion}", "change": 0, "status": "PENDING"},
		}),
		listed(`offer = "offers/${offer}" AND status = APPROVED`, map[string]any{"!len": 1}),
		listed(`offer = "offers/${offer}" AND state = DEAD`, map[string]any{"!len": 1}),
		listed(`name = "${delivery}"`, map[string]any{"!len": 1}),
		listed(`publisher = "publishers/${pub}" AND create_time > "${now-1h}"`, map[string]any{"!len": 3}),
		listed(ofConversion, map[string]any{"!len": 2}),
		{
			Call: "tracking.v1.DeliveryService/ListDeliveries", Request: map[string]any{"filter": `publisher = "publishers/${pub}"`, "orderBy": "create_time", "pageSize": 2},
			expectation: expectation{Response: map[string]any{"deliveries": []any{map[string]any{"state": "DEAD"}, map[string]any{"change": 0}}, "nextPageToken": "!present"}},
			Save:        map[string]string{"page": "nextPageToken"},
		},
		{
			Call: "tracking.v1.DeliveryService/ListDeliveries", Request: map[string]any{"filter": `publisher = "publishers/${pub}"`, "orderBy": "create_time", "pageSize": 2, "pageToken": "${page}"},
			expectation: expectation{Response: map[string]any{"deliveries": []any{map[string]any{"change": 1}}, "nextPageToken": "!absent"}},
		},
		{
			Call: "tracking.v1.DeliveryService/ListDeliveries", Request: map[string]any{"filter": "color = RED"},
			expectation: expectation{Code: "INVALID_ARGUMENT", Field: "filter"},
		},
		{
			Call: "tracking.v1.DeliveryService/GetDelivery", Request: map[string]any{"name": "deliveries/none"},
			expectation: expectation{Code: "NOT_FOUND", Reason: "DELIVERY_NOT_FOUND"},
		},
	})
}

// TestDeliveryInsideTheNetwork saves a postback URL on a loopback address while that is allowed, and then withdraws the
// permission. The URL is not called any more, and cannot be saved again.
func TestDeliveryInsideTheNetwork(t *testing.T) {
	t.Parallel()
	addrs, dataDir := freeAddrs(t, 3), t.TempDir()
	allowed := map[string]string{"COUPONLINK_ALLOWED_PRIVATE_HOSTS": "127.0.0.1/32"}
	s, process := startAt(t, addrs, dataDir, allowed)
	p := player{system: s, transport: "rest", suite: loadSuite(t)}
	e := newEndpoint(t)
	v := p.campaignFor(t, e.url, nil)
	process.kill()

	s, process = startAt(t, addrs, dataDir, nil)
	p.system = s
	refused := expectation{Code: "INVALID_ARGUMENT", Reason: "INVALID_POSTBACK_URL", Field: "postback_url"}
	p.mustPlay(t, v, []step{
		{Call: "coupon.v1.PublisherService/CreatePublisher", Request: map[string]any{
			"publisherId": "${pub2}", "publisher": map[string]any{"displayName": "Leo", "postbackUrl": e.url},
		}, expectation: refused},
		{Call: "coupon.v1.PublisherService/UpdatePublisher", Request: map[string]any{
			"publisher": map[string]any{"name": "publishers/${pub}", "postbackUrl": e.url + "/other"},
		}, Mask: []string{"postback_url"}, expectation: refused},
		sale("A-1", ""),
		listed(ofConversion+" AND state = DUE", []any{map[string]any{"attemptCount": "!present", "dueTime": "!present"}}),
		fetched(map[string]any{"attempts": map[string]any{"!has": []any{map[string]any{"httpStatus": 0, "error": "~inside the network"}}}}),
	})
	e.quiet(t)
	process.askToStop(t)
	if err := process.wait(t, stopPatience); err != nil {
		t.Errorf("the process ended with %v", err)
	}

	p.system, _ = startAt(t, addrs, dataDir, allowed)
	p.mustPlay(t, v, []step{{
		Call: "tracking.v1.DeliveryService/ReplayDelivery", Request: map[string]any{"name": "${delivery}"},
	}})
	e.next(t)
}
