package attribution_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/trackinglink"
	"github.com/couponlink/couponlink/services/tracking/internal/app/attribution"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/partner"
)

const secret = "whsec_c2VjcmV0IG9mIDMyIGJ5dGVzLCBvciBzbyBpdCBpcw=="

// signedAt is the proof of a POST.
func signedAt(id string, at time.Time) domain.Proof {
	key, _ := base64.StdEncoding.DecodeString(secret[len("whsec_"):])
	ts := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + ts + ".body"))
	return partner.SignedMessage(id, ts, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)), []byte("body"))
}

// hmacCatalog is newCatalog with offer 10 under HMAC.
func hmacCatalog(t *testing.T) *catalog {
	t.Helper()
	c := newCatalog(t)
	o := c.offers["10"]
	o.Auth, o.Credentials.Secret = domain.AuthHMAC, secret
	c.offers["10"] = o
	return c
}

func TestSignedReports(t *testing.T) {
	good := signedAt("msg_1", now)
	for says, tt := range map[string]struct {
		report domain.Report
		reason string
		guess  bool
	}{
		"the offer is settled by offer_id":            {domain.Report{Offer: "10", Code: "SALEXYZ20", Proof: good, TransactionID: "1"}, "", false},
		"or by the click":                             {domain.Report{ClickID: "visit", Proof: good, TransactionID: "2"}, "", false},
		"or by the code":                              {domain.Report{Code: "SALEXYZ20", Proof: good, TransactionID: "3"}, "", false},
		"or still by a token":                         {domain.Report{Token: "token10", Code: "SALEXYZ20", Proof: good, TransactionID: "4"}, "", false},
		"a token of no use beside a good signature":   {domain.Report{Offer: "10", Token: "old", Code: "SALEXYZ20", Proof: good, TransactionID: "5"}, "", false},
		"our own services need no signature":          {domain.Report{Offer: "10", Code: "SALEXYZ20", Trusted: true, TransactionID: "6"}, "", false},
		"a token does not help":                       {domain.Report{Token: "token10", Code: "SALEXYZ20"}, partner.MissingSignature, false},
		"no proof at all":                             {domain.Report{Offer: "10", Code: "SALEXYZ20"}, "MISSING_TOKEN", false},
		"signed too long ago":                         {domain.Report{Offer: "10", Proof: signedAt("m", now.Add(-time.Hour))}, partner.StaleSignature, false},
		"a wrong signature is a guess":                {domain.Report{Offer: "10", Proof: partner.SignedMessage("m", "1", "v1,AAAA", nil)}, partner.InvalidSignature, true},
		"a wrong token that should settle is a guess": {domain.Report{Token: "nonsense", Proof: good}, "INVALID_TOKEN", true},
		"a signature does not replace a token":        {domain.Report{Offer: "12", Proof: good}, partner.InvalidSignature, true},
	} {
		t.Run(says, func(t *testing.T) {
			c := hmacCatalog(t)
			other := c.offers["10"]
			other.ID, other.Auth, other.Credentials.Token = "12", domain.AuthToken, "token12"
			c.offers["12"] = other
			s := newService(t, c)
			if tt.report.ClickID != "" {
				tt.report.ClickID = visit(t, s, trackinglink.Link{Offer: "10", Publisher: "33"})
			}
			v, err := s.Report(t.Context(), tt.report, nil)
			e := apperr.As(err)
			if (e == nil) != (tt.reason == "") || e != nil && (e.Reason != tt.reason || e.Kind != apperr.Unauthenticated) || attribution.IsGuess(err) != tt.guess {
				t.Fatalf("got %v, a guess: %v", err, attribution.IsGuess(err))
			}
			if err == nil && (v.Outcome != attribution.Attributed || v.Conversion.Status != domain.StatusApproved) {
				t.Errorf("got %s, %s", v.Outcome, v.Conversion.Status)
			}
			if n := stored(t, s); (n == 1) != (err == nil) {
				t.Errorf("%d conversions are stored", n)
			}
		})
	}
}

// TestAMessageIsOneSale: the id that is signed makes each try of a message the same sale, whatever the
// header says that is not.
func TestAMessageIsOneSale(t *testing.T) {
	s := newService(t, hmacCatalog(t))
	for i, key := range []string{"a", "b"} {
		v, err := s.Report(t.Context(), domain.Report{Offer: "10", Code: "SALEXYZ20", IdempotencyKey: key, Proof: signedAt("msg_1", now.Add(time.Duration(i)*time.Second))}, nil)
		if want := []attribution.Outcome{attribution.Attributed, attribution.Duplicate}[i]; err != nil || v.Outcome != want {
			t.Errorf("try %d: got %s, %v, want %s", i, v.Outcome, err, want)
		}
	}
	if v, err := s.Report(t.Context(), domain.Report{Offer: "10", Code: "SALEXYZ20", Proof: signedAt("msg_2", now)}, nil); err != nil || v.Outcome != attribution.Attributed {
		t.Errorf("another message: got %s, %v", v.Outcome, err)
	}
}

func TestThePreviousTokenIsTakenUntilItExpires(t *testing.T) {
	for expire, reason := range map[time.Time]string{now.Add(time.Millisecond): "", now: "INVALID_TOKEN"} {
		c := newCatalog(t)
		o := c.offers["10"]
		o.Credentials = domain.Credentials{Token: "new", PreviousToken: "old", PreviousExpireTime: expire}
		c.offers["10"] = o
		s := newService(t, c)
		for _, r := range []domain.Report{{Token: "old", Code: "SALEXYZ20"}, {Offer: "10", Token: "old", Code: "SALEXYZ20"}} {
			_, err := s.Report(t.Context(), r, nil)
			if e := apperr.As(err); (e == nil) != (reason == "") || e != nil && e.Reason != reason {
				t.Errorf("until %s: got %v, want %q", expire, err, reason)
			}
		}
		if _, err := s.Report(t.Context(), domain.Report{Token: "new", Code: "SALEXYZ20"}, nil); err != nil {
			t.Errorf("the new token: %v", err)
		}
	}
}
