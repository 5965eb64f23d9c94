package domain

import (
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
)

func TestCheckOverlap(t *testing.T) {
	for overlap, allowed := range map[time.Duration]bool{
		0: true, time.Second: true, DefaultOverlap: true, MaxOverlap: true,
		-time.Second: false, 1500 * time.Millisecond: false, MaxOverlap + time.Second: false,
	} {
		err := CheckOverlap(overlap)
		if allowed && err != nil {
			t.Errorf("%s: %v", overlap, err)
		}
		if !allowed {
			refused(t, err, apperr.InvalidArgument, "INVALID_OVERLAP", "overlap")
		}
	}
}

func TestRotate(t *testing.T) {
	first := Credentials{PostbackToken: "1", PostbackSecret: "one"}
	second := Credentials{PostbackToken: "2", PostbackSecret: "two"}
	third := Credentials{PostbackToken: "3", PostbackSecret: "three"}
	offer := Offer{ID: "10", Credentials: first, Revision: 7}

	rotated := Rotate(offer, second, time.Hour, noon)
	want := Offer{
		ID: "10", Credentials: second, Previous: first, PreviousExpireTime: noon.Add(time.Hour), UpdateTime: noon, Revision: 7,
	}
	if rotated != want {
		t.Errorf("got %+v, want %+v", rotated, want)
	}
	again := Rotate(rotated, third, time.Minute, noon)
	if again.Credentials != third || again.Previous != second || again.HasToken("1", noon) {
		t.Errorf("during an overlap: got %+v", again)
	}
	atOnce := Rotate(rotated, third, 0, noon)
	if atOnce.Previous != (Credentials{}) || !atOnce.PreviousExpireTime.IsZero() {
		t.Errorf("without an overlap: got %+v", atOnce)
	}
}

func TestTokensOfAnOffer(t *testing.T) {
	offer := Rotate(Offer{Credentials: Credentials{PostbackToken: "1"}}, Credentials{PostbackToken: "2"}, time.Hour, noon)
	over := noon.Add(time.Hour)
	for name, tc := range map[string]struct {
		token string
		now   time.Time
		want  bool
	}{
		"the present one":                       {"2", noon, true},
		"the present one, after the overlap":    {"2", over, true},
		"the one before":                        {"1", noon, true},
		"the one before, in the last ms":        {"1", over.Add(-time.Millisecond), true},
		"the one before, when the overlap ends": {"1", over, false},
		"another":                               {"3", noon, false},
		"none":                                  {"", noon, false},
		"none, after the overlap":               {"", over, false},
	} {
		if got := offer.HasToken(tc.token, tc.now); got != tc.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
	if got, until := offer.PreviousAt(noon); got.PostbackToken != "1" || !until.Equal(over) {
		t.Errorf("got %+v until %s", got, until)
	}
	if got, until := offer.PreviousAt(over); got != (Credentials{}) || !until.IsZero() {
		t.Errorf("after the overlap: got %+v until %s", got, until)
	}
}
