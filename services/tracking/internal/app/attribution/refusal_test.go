package attribution_test

import (
	"strings"
	"testing"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/partner"
)

// TestStrangersLearnNothing reports sales of what exists and what does not, of offers that take tokens and signatures:
// for each kind of proof that is wrong there is one answer.
func TestStrangersLearnNothing(t *testing.T) {
	c := hmacCatalog(t) // offer 10 takes signatures
	withToken := c.offers["10"]
	withToken.ID, withToken.Auth, withToken.Credentials.Token = "12", domain.AuthToken, "token12"
	c.offers["12"] = withToken
	for proof, prove := range map[string]func(*domain.Report){
		"none":      func(*domain.Report) {},
		"token":     func(r *domain.Report) { r.Token = "nonsense" },
		"signature": func(r *domain.Report) { r.Proof = partner.SignedMessage("m", "1", "v1,AAAA", nil) },
	} {
		answers := map[string][]string{}
		for _, r := range []domain.Report{
			{Offer: "99"},
			{Offer: "10"},
			{Offer: "12"},
			{Code: "NOSUCH"},
			{Code: "SALEXYZ20"},
			{Offer: "12", Code: "NOSUCH"},
			{Offer: "99", Code: "SALEXYZ20"},
			{ClickID: "nosuch"},
		} {
			prove(&r)
			_, err := newService(t, c).Report(t.Context(), r, nil)
			e := apperr.As(err)
			if e == nil || e.Kind != apperr.Unauthenticated {
				t.Fatalf("%s, %+v: got %v", proof, r, err)
			}
			text := e.Reason + " " + e.Message
			answers[text] = append(answers[text], r.Offer+"/"+r.Code)
		}
		if len(answers) != 1 {
			t.Errorf("%s: %d answers: %v", proof, len(answers), answers)
		}
		for text := range answers {
			if strings.Contains(text, "12") || strings.Contains(text, "99") {
				t.Errorf("%s: the answer names an offer: %s", proof, text)
			}
		}
	}
}
