package e2e

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// TestRefusalsAreLogged tries each door with a wrong secret: each try is one line in the log, with the caller's address
// and without the secret.
func TestRefusalsAreLogged(t *testing.T) {
	const wrong = "wrong-0123456789abcdef0123456789"
	s, process := startTogether(t, t.TempDir(), map[string]string{"COUPONLINK_TRUSTED_PROXIES": "127.0.0.1,198.51.100.0/24"})
	p := player{system: s, transport: "rest", suite: loadSuite(t)}
	v := p.prepare(t, []step{{Use: "campaign"}})
	from := map[string]string{"X-Forwarded-For": "192.0.2.1, 203.0.113.7, 198.51.100.1"}
	p.mustPlay(t, v, []step{
		{HTTP: "GET /v1/offers", Auth: "Bearer " + wrong, Headers: from, expectation: expectation{Status: http.StatusUnauthorized}},
		{HTTP: "GET /postback?coupon_code=${code}&offer_id=${offer}&token=" + wrong, Headers: from, expectation: expectation{Status: http.StatusUnauthorized}},
		{HTTP: "POST /console/login", Form: map[string]string{"key": wrong}, Headers: map[string]string{
			"X-Forwarded-For": from["X-Forwarded-For"], "Sec-Fetch-Site": "same-origin",
		}, expectation: expectation{Status: http.StatusUnprocessableEntity}},
	})
	player{system: s, transport: "grpc"}.mustPlay(t, v, []step{
		{Call: "coupon.v1.OfferService/ListOffers", Auth: "Bearer " + wrong, expectation: expectation{Code: "UNAUTHENTICATED"}},
	})
	process.askToStop(t) // the log comes through a pipe, and is complete once the process has ended
	if err := process.wait(t, stopPatience); err != nil {
		t.Errorf("it ended with %v", err)
	}
	log := process.log.String()
	for event, client := range map[string]string{"WRONG_KEY": "203.0.113.7", "WRONG_PROOF": "203.0.113.7", "FAILED_LOGIN": "203.0.113.7", "WRONG_KEY ": "127.0.0.1"} {
		line := regexp.MustCompile(`level=WARN msg="a call was refused" event=` + strings.TrimSpace(event) + ` client=` + regexp.QuoteMeta(client))
		if n := len(line.FindAllString(log, -1)); n != 1 {
			t.Errorf("%s from %s has %d lines, want 1", event, client, n)
		}
	}
	if strings.Contains(log, wrong) || strings.Contains(log, adminKey) {
		t.Error("the log has a secret")
	}
}
