package e2e

import (
	"net/http"
	"testing"
)

// TestTooManyBadTokens guesses postback tokens until it is told to wait. Nobody else is told to, and the right token is
// still accepted from the same address.
func TestTooManyBadTokens(t *testing.T) {
	const patience = 200
	s, _ := startTogether(t, t.TempDir(), nil)
	p := player{system: s, transport: "rest", suite: loadSuite(t)}
	v := p.prepare(t, []step{{Use: "campaign"}})
	guesser := map[string]string{"X-Forwarded-For": "203.0.113.7"}
	guess := step{HTTP: "GET /postback?coupon_code=${code}&token=00000000000000000000000000000000", Headers: guesser}
	refused := false
	for n := 0; n < patience && !refused; n++ {
		a, err := p.http(t.Context(), guess, v)
		if err != nil {
			t.Fatal(err)
		}
		refused = a.httpStatus == http.StatusTooManyRequests
		if !refused && a.httpStatus != http.StatusUnauthorized {
			t.Fatalf("a wrong token got %d %s", a.httpStatus, a.text)
		}
		if refused && (a.header.Get("Retry-After") == "" || match(map[string]any{"outcome": "REJECTED", "reason": "!present"}, a.value) != nil) {
			t.Errorf("the refusal has no Retry-After or no reason: %v %s", a.header, a.text)
		}
	}
	if !refused {
		t.Errorf("%d wrong tokens in a row were let through", patience)
	}
	p.mustPlay(t, v, []step{
		{Use: "no-conversions"},
		{
			HTTP:        "GET /postback?coupon_code=${code}&token=${token}&transaction_id=A-1",
			Headers:     map[string]string{"X-Forwarded-For": "203.0.113.8"},
			expectation: expectation{Response: map[string]any{"outcome": "ATTRIBUTED"}},
		},
		{
			HTTP: "GET /postback?coupon_code=${code}&token=${token}&transaction_id=A-2", Headers: guesser,
			expectation: expectation{Response: map[string]any{"outcome": "ATTRIBUTED"}},
		},
	})
}

// TestCouponServiceAway takes the coupon service away from the tracking service, which keeps working with
// what it knows. It keeps a sale with an unknown code, and judges it automatically once the coupon service is
// back. If the offer is unknown too, it stores nothing.
func TestCouponServiceAway(t *testing.T) {
	s, processes := startApart(t, nil)
	p := player{system: s, transport: "rest", suite: loadSuite(t)}
	v := p.prepare(t, []step{
		{Use: "campaign"},
		{Use: "second-publisher"},
		{Call: "coupon.v1.CouponService/CreateCoupon", Request: map[string]any{
			"parent": "offers/${offer}", "coupon": map[string]any{"code": "${code2}", "publisher": "publishers/${pub2}", "startTime": "${now-1h}"},
		}},
		{Use: "click"},
		{HTTP: "GET /postback?coupon_code=${code}&token=${token}&transaction_id=A-1"},
	})
	processes[0].kill()
	attributed := expectation{Response: map[string]any{"outcome": "ATTRIBUTED"}}
	held := expectation{
		Status:   http.StatusAccepted,
		Response: map[string]any{"outcome": "UNATTRIBUTED", "reason": "COUPON_SERVICE_AWAY", "conversion": "!present", "message": "!present"},
	}
	unavailable := expectation{
		Status: http.StatusServiceUnavailable, Header: map[string]any{"Retry-After": "!present"},
		Response: map[string]any{"outcome": "REJECTED", "reason": "!present", "message": "!present"},
	}
	p.mustPlay(t, v, []step{
		{Pause: "2500ms", Why: "until what is in memory is stale"},
		{Use: "click"},
		{HTTP: "GET /postback?coupon_code=${code}&token=${token}&transaction_id=A-2", expectation: attributed},
		{HTTP: "GET /postback?coupon_code=${code2}&offer_id=${offer}&token=${token}&transaction_id=A-3", expectation: held},
		{HTTP: "GET /postback?coupon_code=UNSEEN${CASE}&offer_id=${offer}&token=${token}&transaction_id=A-4", expectation: held},
		{HTTP: "GET /postback?coupon_code=UNSEEN${CASE}&offer_id=${offer}&token=${token}&transaction_id=A-4", expectation: expectation{Response: map[string]any{"outcome": "DUPLICATE"}}},
		{
			Call: "tracking.v1.ConversionService/RecordConversion", Request: map[string]any{"couponCode": "${code2}", "offer": "offers/${offer}", "transactionId": "A-5"},
			expectation: expectation{Response: map[string]any{"outcome": "UNATTRIBUTED", "conversion": map[string]any{"reason": "COUPON_SERVICE_AWAY"}}},
		},
		{HTTP: "GET /postback?coupon_code=${code}&token=unseen${CASE}&transaction_id=A-6", Why: "a token that cannot be checked", expectation: unavailable},
		{HTTP: "GET /click?offer_id=${offer2}&pub_id=${pub}", expectation: expectation{
			Status: http.StatusServiceUnavailable, Header: map[string]any{"Retry-After": "!present", "Location": "!absent"},
		}},
		{
			Call: "tracking.v1.ConversionService/ListConversions", Request: map[string]any{"filter": `offer = "offers/${offer}"`},
			expectation: expectation{Response: map[string]any{"conversions": map[string]any{"!len": 5}}},
		},
		{
			Call: "tracking.v1.PostbackService/ListPostbacks", Why: "the journal agrees",
			Request: map[string]any{"filter": `offer = "offers/${offer}"`, "orderBy": "create_time"},
			expectation: expectation{Response: map[string]any{"postbacks": []any{
				map[string]any{"transactionId": "A-1", "outcome": "ATTRIBUTED"},
				map[string]any{"transactionId": "A-2", "outcome": "ATTRIBUTED"},
				map[string]any{"transactionId": "A-3", "outcome": "UNATTRIBUTED", "reason": "COUPON_SERVICE_AWAY", "httpStatus": 202, "replay": "!absent"},
				map[string]any{"transactionId": "A-4", "outcome": "UNATTRIBUTED"},
				map[string]any{"transactionId": "A-4", "outcome": "DUPLICATE"},
			}}},
		},
		{
			Call: "coupon.v1.OfferService/GetOffer", Request: map[string]any{"name": "offers/${offer}"},
			expectation: expectation{Code: "UNAVAILABLE"},
		},
		{HTTP: "GET /readyz", expectation: expectation{Status: http.StatusServiceUnavailable}},
		{HTTP: "GET /healthz"},
	})
	processes[1].kill()
	processes[1].again(t)
	p.mustPlay(t, v, []step{
		{
			HTTP: "GET /postback?coupon_code=${code}&token=${token}&transaction_id=A-2", Why: "what was known is known after a restart too",
			Eventually: "20s", expectation: expectation{Response: map[string]any{"outcome": "DUPLICATE"}},
		},
		{HTTP: "GET /postback?coupon_code=${code}&token=${token}&transaction_id=A-7", expectation: attributed},
		{HTTP: "GET /postback?coupon_code=${code2}&offer_id=${offer}&token=${token}&transaction_id=A-8", expectation: held},
	})
	processes[0].again(t)
	p.judgedByThemselves(t, v)
}

// judgedByThemselves checks the sales that waited for the coupon service, after it is back.
func (p player) judgedByThemselves(t *testing.T, v vars) {
	t.Helper()
	p.mustPlay(t, v, []step{
		{
			Call: "tracking.v1.ConversionService/ListConversions", Request: map[string]any{"filter": `offer = "offers/${offer}"`, "orderBy": "create_time"},
			Why: "those that waited are judged by themselves", Eventually: "40s",
			expectation: expectation{Response: map[string]any{"conversions": []any{
				map[string]any{"transactionId": "A-1"},
				map[string]any{"transactionId": "A-2"},
				map[string]any{"transactionId": "A-3", "outcome": "ATTRIBUTED", "publisher": "publishers/${pub2}"},
				map[string]any{"transactionId": "A-4", "outcome": "UNATTRIBUTED", "reason": "UNKNOWN_CODE"},
				map[string]any{"transactionId": "A-5", "outcome": "ATTRIBUTED", "publisher": "publishers/${pub2}"},
				map[string]any{"transactionId": "A-7", "outcome": "ATTRIBUTED"},
				map[string]any{"transactionId": "A-8", "outcome": "ATTRIBUTED", "publisher": "publishers/${pub2}"},
			}}},
		},
		{
			Call: "tracking.v1.PostbackService/ListPostbacks", Request: map[string]any{"filter": `offer = "offers/${offer}" AND reason = "COUPON_SERVICE_AWAY" AND outcome = UNATTRIBUTED`, "orderBy": "create_time"},
			Why: "the journal learns the verdict just after the conversion", Eventually: "10s",
			expectation: expectation{Response: map[string]any{"postbacks": []any{
				map[string]any{"replay": map[string]any{"outcome": "ATTRIBUTED"}},
				map[string]any{"replay": map[string]any{"outcome": "UNCHANGED", "reason": "UNKNOWN_CODE"}},
				map[string]any{"replay": map[string]any{"outcome": "ATTRIBUTED"}},
			}}},
		},
	})
}
