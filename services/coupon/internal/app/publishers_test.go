package app_test

import (
	"strings"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/coupon/internal/app"
	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/outbound"
)

const postback = "https://track.example.com/pb?c={pub_click_id}"

// change returns publisher 22 with a postback URL, for an update of that alone.
func change(postbackURL string) (domain.Publisher, app.Update) {
	p := publisher("22")
	p.PostbackURL = postbackURL
	return p, app.Update{Fields: []string{"postback_url"}}
}

func TestDeliverySettings(t *testing.T) {
	s, now := newService(t)
	created := must(s.CreatePublisher(t.Context(), publisher("22")))(t)
	if created.PostbackURL != "" || created.Delivery != (domain.DeliverySettings{Method: domain.DeliverByGet, PayloadVersion: domain.PayloadV2}) || !isSecret(created.DeliverySecret) {
		t.Errorf("got %+v", created)
	}
	now.Advance(time.Minute)
	want := created
	want.PostbackURL, want.UpdateTime, want.Revision = postback, noon.Add(time.Minute), 2
	changed, update := change(postback)
	if got := must(s.UpdatePublisher(t.Context(), changed.ID, as(changed), update))(t); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	changed.Delivery = domain.DeliverySettings{Method: domain.DeliverByPost, Statuses: "REJECTED,PENDING,REJECTED", OnlyWithClick: true, PayloadVersion: domain.PayloadV1}
	got := must(s.UpdatePublisher(t.Context(), changed.ID, as(changed), app.Update{Fields: []string{"delivery"}}))(t)
	want.Delivery, want.Revision = changed.Delivery, 3
	want.Delivery.Statuses = "PENDING,REJECTED"
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if read := must(s.Publisher(t.Context(), "22"))(t); read != want {
		t.Errorf("got %+v, want %+v", read, want)
	}
	_, err := s.UpdatePublisher(t.Context(), changed.ID, as(changed), app.Update{Fields: []string{"delivery_secret"}})
	refused(t, err, apperr.InvalidArgument, "INVALID_UPDATE_MASK")
}

func TestPostbackURLsLeadOutOfTheNetwork(t *testing.T) {
	s, _ := newService(t)
	inside := publisher("22")
	inside.PostbackURL = "http://127.0.0.1:8080/pb"
	_, err := s.CreatePublisher(t.Context(), inside)
	refused(t, err, apperr.InvalidArgument, "INVALID_POSTBACK_URL")
	withParties(t, s, nil, []string{"22"})
	before := must(s.Publisher(t.Context(), "22"))(t)
	for _, url := range []string{"http://localhost/", "https://10.0.0.1/", "http://169.254.169.254/latest", "http://2130706433/", "javascript:alert(1)"} {
		changed, update := change(url)
		_, err := s.UpdatePublisher(t.Context(), changed.ID, as(changed), update)
		refused(t, err, apperr.InvalidArgument, "INVALID_POSTBACK_URL")
	}
	if got := must(s.Publisher(t.Context(), "22"))(t); got != before {
		t.Errorf("got %+v, want %+v", got, before)
	}
}

// If a host is no longer allowed, its publisher can still be changed otherwise, and archived.
func TestWhatIsNoLongerAllowedStaysUntilItIsChanged(t *testing.T) {
	store, now := openStore(t), newClock()
	allowed, err := outbound.ParseAllowed("tracker.internal")
	if err != nil {
		t.Fatal(err)
	}
	inside := publisher("22")
	inside.PostbackURL = "http://tracker.internal/pb"
	must(app.New(store, now.Now, time.UTC, allowed.CheckURL).CreatePublisher(t.Context(), inside))(t)
	s := newOn(store, now)
	inside.State = domain.PublisherArchived
	got := must(s.UpdatePublisher(t.Context(), inside.ID, as(inside), app.Update{Fields: []string{"state", "postback_url"}}))(t)
	if got.State != domain.PublisherArchived || got.PostbackURL != inside.PostbackURL {
		t.Errorf("got %+v", got)
	}
	inside.PostbackURL += "?c={click_id}"
	_, err = s.UpdatePublisher(t.Context(), inside.ID, as(inside), app.Update{Fields: []string{"postback_url"}})
	refused(t, err, apperr.InvalidArgument, "INVALID_POSTBACK_URL")
	if !strings.Contains(err.Error(), "COUPONLINK_ALLOWED_PRIVATE_HOSTS") {
		t.Errorf("got %q; want it to say how the host is allowed", err)
	}
}

func TestDeliverySecretRotation(t *testing.T) {
	s, now := newService(t)
	withParties(t, s, nil, []string{"22"})
	first := *must(s.LookupPublisher(t.Context(), "22"))(t)
	now.Advance(time.Minute)
	etag := domain.Etag("publishers/22", 1)
	rotated := must(s.RotateDeliverySecret(t.Context(), "22", time.Hour, etag))(t)
	want := first
	want.DeliverySecret, want.PreviousDeliverySecret = rotated.DeliverySecret, first.DeliverySecret
	want.UpdateTime, want.PreviousDeliverySecretExpireTime, want.Revision = noon.Add(time.Minute), noon.Add(61*time.Minute), 2
	if rotated != want || !isSecret(rotated.DeliverySecret) || rotated.DeliverySecret == first.DeliverySecret {
		t.Errorf("got %+v, want %+v", rotated, want)
	}
	// The clock stands still, so that answers in memory do not expire. It must see the rotation.
	if got := must(s.LookupPublisher(t.Context(), "22"))(t); *got != rotated {
		t.Errorf("got %+v, want %+v", got, rotated)
	}
	_, err := s.RotateDeliverySecret(t.Context(), "22", time.Hour, etag)
	refused(t, err, apperr.Aborted, "ETAG_MISMATCH")
	_, err = s.RotateDeliverySecret(t.Context(), "22", -time.Second, "")
	refused(t, err, apperr.InvalidArgument, "INVALID_OVERLAP")
	_, err = s.RotateDeliverySecret(t.Context(), "99", time.Hour, "")
	refused(t, err, apperr.NotFound, "PUBLISHER_NOT_FOUND")
	if got := must(s.Publisher(t.Context(), "22"))(t); got != rotated {
		t.Errorf("a refused rotation: got %+v, want %+v", got, rotated)
	}
	atOnce := must(s.RotateDeliverySecret(t.Context(), "22", 0, ""))(t)
	if atOnce.PreviousDeliverySecret != "" || !atOnce.PreviousDeliverySecretExpireTime.IsZero() {
		t.Errorf("without an overlap: got %+v", atOnce)
	}
}

// told checks the statuses that publisher 22 gets deliveries for, in each lookup.
func told(t *testing.T, s *app.Service, want domain.DeliveryStatuses) {
	t.Helper()
	found := must(s.LookupCode(t.Context(), "10", "SALEXYZ20"))(t)
	standing := must(s.LookupStanding(t.Context(), "10", "22"))(t)
	if len(found.Rows) != 1 || found.Rows[0].DeliverOn != want || standing.DeliverOn != want {
		t.Errorf("got %+v and %+v, want %q", found.Rows, standing, want)
	}
}

func TestLookupsSayOnWhatAPublisherIsTold(t *testing.T) {
	s, _ := newService(t)
	_, err := s.LookupPublisher(t.Context(), "22")
	refused(t, err, apperr.NotFound, "PUBLISHER_NOT_FOUND")
	withParties(t, s, []string{"10"}, []string{"22"})
	must(s.CreateCoupon(t.Context(), coupon("10", "22", "SALEXYZ20")))(t)
	told(t, s, "")
	changed, update := change(postback)
	must(s.UpdatePublisher(t.Context(), changed.ID, as(changed), update))(t)
	told(t, s, domain.AllDeliveryStatuses())
	changed.Delivery.Statuses = "APPROVED"
	updated := must(s.UpdatePublisher(t.Context(), changed.ID, as(changed), app.Update{Fields: []string{"delivery"}}))(t)
	told(t, s, "APPROVED")
	if got := must(s.LookupPublisher(t.Context(), "22"))(t); *got != updated {
		t.Errorf("got %+v, want %+v", got, updated)
	}
	changed.State = domain.PublisherArchived
	must(s.UpdatePublisher(t.Context(), changed.ID, as(changed), app.Update{Fields: []string{"state"}}))(t)
	told(t, s, "")
}

func TestLimitsOfACoupon(t *testing.T) {
	s, _ := newService(t)
	withParties(t, s, []string{"10"}, []string{"22"})
	limited := coupon("10", "22", "SALEXYZ20")
	limited.UsageLimit, limited.DailyUsageLimit = 100, 5
	created := must(s.CreateCoupon(t.Context(), limited))(t).Coupon
	if created.UsageLimit != 100 || created.DailyUsageLimit != 5 {
		t.Errorf("got %+v", created)
	}
	limited.UsageLimit, limited.DailyUsageLimit = 200, 0
	want := created
	want.UsageLimit, want.Revision = 200, 2
	if got := must(s.UpdateCoupon(t.Context(), limited.Offer, limited.Publisher, limited.Code, as(limited), app.Update{Fields: []string{"usage_limit"}}))(t).Coupon; got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	want.DailyUsageLimit, want.Revision = 0, 3
	if got := must(s.UpdateCoupon(t.Context(), limited.Offer, limited.Publisher, limited.Code, as(limited), app.Update{Fields: []string{"daily_usage_limit"}}))(t).Coupon; got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	limited.UsageLimit = -1
	_, err := s.UpdateCoupon(t.Context(), limited.Offer, limited.Publisher, limited.Code, as(limited), app.Update{Fields: []string{"usage_limit"}})
	refused(t, err, apperr.InvalidArgument, "INVALID_USAGE_LIMIT")
	verdict(t, s, true, domain.NoReason)
}
