package app_test

import (
	"slices"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/coupon/internal/app"
	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/apperr"
)

func TestCreatingACouponApprovesItsPublisher(t *testing.T) {
	s, _ := newService(t)
	withParties(t, s, []string{"10"}, []string{"22"})
	created := must(s.CreateCoupon(t.Context(), coupon("10", "22", " SaleXyz20 ")))(t)
	want := coupon("10", "22", "SaleXyz20")
	want.StartTime, want.CreateTime, want.UpdateTime, want.Revision = noon, noon, noon, 1
	if created.Coupon != want || len(created.With) != 0 {
		t.Errorf("got %+v, want %+v", created, want)
	}
	if got := must(s.Coupon(t.Context(), "10", "22", "salexyz20"))(t); got.Coupon != want {
		t.Errorf("read %+v, want %+v", got, want)
	}
	approval := must(s.Approval(t.Context(), "10", "22"))(t)
	if approval.State != domain.ApprovalApproved || approval.Source != domain.SourceCoupon {
		t.Errorf("got approval %+v", approval)
	}
}

func TestARefusedCouponLeavesNoTrace(t *testing.T) {
	s, _ := newService(t)
	withParties(t, s, []string{"10", "unique", "archived"}, []string{"22", "23", "archived"})
	must(s.CreateCoupon(t.Context(), coupon("10", "22", "SALEXYZ20")))(t)
	must(s.CreateCoupon(t.Context(), coupon("unique", "22", "SALEXYZ20")))(t)
	must(s.UpdateOffer(t.Context(), "unique", as(domain.Offer{ID: "unique", UniqueCodes: true}), app.Update{Fields: []string{"unique_codes"}}))(t)
	must(s.UpdateOffer(t.Context(), "archived", as(domain.Offer{ID: "archived", State: domain.OfferArchived}), app.Update{Fields: []string{"state"}}))(t)
	must(s.UpdatePublisher(t.Context(), "archived", as(domain.Publisher{ID: "archived", State: domain.PublisherArchived}), app.Update{Fields: []string{"state"}}))(t)
	must(s.BlockPublisher(t.Context(), "10", "23"))(t)

	for name, tc := range map[string]struct {
		draft  domain.Coupon
		kind   apperr.Kind
		reason string
	}{
		"special characters":    {coupon("10", "22", "SALE_XYZ20"), apperr.InvalidArgument, "INVALID_CODE"},
		"no offer":              {coupon("99", "22", "SALEABC20"), apperr.NotFound, "OFFER_NOT_FOUND"},
		"no publisher":          {coupon("10", "99", "SALEABC20"), apperr.NotFound, "PUBLISHER_NOT_FOUND"},
		"duplicate":             {coupon("10", "22", "SALEXYZ20"), apperr.AlreadyExists, "COUPON_EXISTS"},
		"duplicate, other case": {coupon("10", "22", "saleXyz20"), apperr.AlreadyExists, "COUPON_EXISTS"},
		"taken":                 {coupon("unique", "23", "SaleXyz20"), apperr.AlreadyExists, "CODE_TAKEN"},
		"offer archived":        {coupon("archived", "22", "SALEABC20"), apperr.FailedPrecondition, "OFFER_ARCHIVED"},
		"publisher archived":    {coupon("10", "archived", "SALEABC20"), apperr.FailedPrecondition, "PUBLISHER_ARCHIVED"},
		"blocked":               {coupon("10", "23", "SALEABC20"), apperr.FailedPrecondition, "PUBLISHER_BLOCKED"},
	} {
		_, err := s.CreateCoupon(t.Context(), tc.draft)
		t.Log(name)
		refused(t, err, tc.kind, tc.reason)
	}
	coupons, _ := list(t, s.Coupons, "", listRequest("offers/-", "", ""))
	if len(coupons) != 2 {
		t.Errorf("there are %d coupons, want 2: %+v", len(coupons), coupons)
	}
	approvals, _ := list(t, s.Approvals, "", listRequest("offers/-", "", ""))
	var got []string
	for _, a := range approvals {
		got = append(got, a.ID()+" "+string(a.State))
	}
	if want := []string{"10/22 APPROVED", "10/23 BLOCKED", "unique/22 APPROVED"}; !slices.Equal(got, want) {
		t.Errorf("got approvals %q, want %q", got, want)
	}
}

func TestSharedCodes(t *testing.T) {
	s, _ := newService(t)
	withParties(t, s, []string{"10", "11"}, []string{"22", "23", "24"})
	must(s.CreateCoupon(t.Context(), coupon("10", "23", "SALEXYZ20")))(t)
	must(s.CreateCoupon(t.Context(), coupon("11", "24", "SALEXYZ20")))(t)
	created := must(s.CreateCoupon(t.Context(), coupon("10", "22", "salexyz20")))(t)
	read := must(s.Coupon(t.Context(), "10", "22", "SALEXYZ20"))(t)
	updated := must(s.UpdateCoupon(t.Context(), "10", "22", "SALEXYZ20", as(coupon("10", "22", "SALEXYZ20")), app.Update{Fields: []string{"internal_note"}}))(t)
	unique := func(validateOnly bool) error {
		_, err := s.UpdateOffer(t.Context(), "10", as(domain.Offer{ID: "10", UniqueCodes: true}), app.Update{Fields: []string{"unique_codes"}, ValidateOnly: validateOnly})
		return err
	}
	refused(t, unique(false), apperr.FailedPrecondition, "CODES_SHARED")
	refused(t, unique(true), apperr.FailedPrecondition, "CODES_SHARED")
	if got := must(s.Offer(t.Context(), "10"))(t); got.UniqueCodes {
		t.Error("unique_codes was turned on all the same")
	}
	archived := must(s.ArchiveCoupon(t.Context(), "10", "22", "SALEXYZ20", ""))(t)
	for i, got := range []app.Shared{created, read, updated, archived} {
		if !slices.Equal(got.With, []string{"23"}) {
			t.Errorf("%d: shared with %q, want publisher 23", i, got.With)
		}
	}
	for _, validateOnly := range []bool{true, false} {
		if err := unique(validateOnly); err != nil {
			t.Errorf("with one of the two archived: %v", err)
		}
	}
}

func TestUniqueCodesAfterOneAnother(t *testing.T) {
	s, now := newService(t)
	withParties(t, s, []string{"10"}, []string{"22", "23"})
	must(s.UpdateOffer(t.Context(), "10", as(domain.Offer{ID: "10", UniqueCodes: true}), app.Update{Fields: []string{"unique_codes"}}))(t)
	must(s.CreateCoupon(t.Context(), coupon("10", "22", "SALE")))(t)
	now.Advance(time.Hour)
	_, err := s.CreateCoupon(t.Context(), coupon("10", "23", "SALE"))
	refused(t, err, apperr.AlreadyExists, "CODE_TAKEN")
	expiring := coupon("10", "22", "SALE")
	expiring.ExpireTime = now.Now().Add(time.Hour)
	must(s.UpdateCoupon(t.Context(), expiring.Offer, expiring.Publisher, expiring.Code, as(expiring), app.Update{Fields: []string{"expire_time"}}))(t)
	next := coupon("10", "23", "SALE")
	next.StartTime = expiring.ExpireTime
	must(s.CreateCoupon(t.Context(), next))(t)

	expiring.ExpireTime = expiring.ExpireTime.Add(time.Millisecond)
	for _, validateOnly := range []bool{true, false} {
		_, err := s.UpdateCoupon(t.Context(), expiring.Offer, expiring.Publisher, expiring.Code, as(expiring), app.Update{Fields: []string{"expire_time"}, ValidateOnly: validateOnly})
		refused(t, err, apperr.AlreadyExists, "CODE_TAKEN")
	}
	must(s.ArchiveCoupon(t.Context(), "10", "23", "SALE", ""))(t)
	must(s.UpdateCoupon(t.Context(), expiring.Offer, expiring.Publisher, expiring.Code, as(expiring), app.Update{Fields: []string{"expire_time"}, ValidateOnly: true}))(t)
	must(s.UpdateCoupon(t.Context(), expiring.Offer, expiring.Publisher, expiring.Code, as(expiring), app.Update{Fields: []string{"expire_time"}}))(t)
}

func TestUpdateCoupon(t *testing.T) {
	s, now := newService(t)
	withParties(t, s, []string{"10"}, []string{"22"})
	draft := coupon("10", "22", "SaleXyz20")
	draft.ExpireTime, draft.InternalNote = noon.Add(time.Hour), "autumn"
	created := must(s.CreateCoupon(t.Context(), draft))(t).Coupon

	now.Advance(time.Minute)
	change := coupon("10", "22", "SALEXYZ20")
	change.Enabled = false
	etag := domain.Etag(created.Name(), created.Revision)
	updated := must(s.UpdateCoupon(t.Context(), change.Offer, change.Publisher, change.Code, as(change), app.Update{Fields: []string{"enabled", "expire_time"}, Etag: etag}))(t).Coupon
	want := created
	want.Enabled, want.ExpireTime, want.UpdateTime, want.Revision = false, time.Time{}, noon.Add(time.Minute), 2
	if updated != want {
		t.Errorf("got %+v, want %+v", updated, want)
	}
	_, err := s.UpdateCoupon(t.Context(), change.Offer, change.Publisher, change.Code, as(change), app.Update{Fields: []string{"enabled"}, Etag: etag})
	refused(t, err, apperr.Aborted, "ETAG_MISMATCH")
	_, err = s.UpdateCoupon(t.Context(), change.Offer, change.Publisher, change.Code, as(change), app.Update{Fields: []string{"archived"}})
	refused(t, err, apperr.InvalidArgument, "INVALID_UPDATE_MASK")
	change.ExpireTime = noon.Add(-time.Hour)
	_, err = s.UpdateCoupon(t.Context(), change.Offer, change.Publisher, change.Code, as(change), app.Update{Fields: []string{"expire_time"}})
	refused(t, err, apperr.InvalidArgument, "INVALID_TIME_RANGE")
	_, err = s.UpdateCoupon(t.Context(), "10", "22", "OTHER", as(coupon("10", "22", "OTHER")), app.Update{Fields: []string{"enabled"}})
	refused(t, err, apperr.NotFound, "COUPON_NOT_FOUND")
	if got := must(s.Coupon(t.Context(), "10", "22", "SALEXYZ20"))(t).Coupon; got != want {
		t.Errorf("refused updates left %+v, want %+v", got, want)
	}

	change = coupon("10", "22", "SALEXYZ20")
	change.Settings = domain.CouponSettings{Precedence: domain.ClickFirst, CouponGrace: domain.OptionalDuration{IsSet: true, Value: time.Hour}}
	for _, settings := range []domain.CouponSettings{change.Settings, {}} {
		change.Settings = settings
		got := must(s.UpdateCoupon(t.Context(), change.Offer, change.Publisher, change.Code, as(change), app.Update{Fields: []string{"settings"}}))(t).Coupon
		if got.Settings != settings || got.ExpireTime != want.ExpireTime || got.Enabled {
			t.Errorf("got %+v, want settings %+v", got, settings)
		}
	}

	restarted := must(s.UpdateCoupon(t.Context(), "10", "22", "SALEXYZ20", as(coupon("10", "22", "SALEXYZ20")), app.Update{Fields: []string{"start_time"}}))(t).Coupon
	if !restarted.StartTime.Equal(noon.Add(time.Minute)) {
		t.Errorf("a start time that is named and unset became %v, want now", restarted.StartTime)
	}
}

func TestArchiveCoupon(t *testing.T) {
	s, now := newService(t)
	withParties(t, s, []string{"10"}, []string{"22"})
	created := must(s.CreateCoupon(t.Context(), coupon("10", "22", "SALEXYZ20")))(t).Coupon
	_, err := s.ArchiveCoupon(t.Context(), "10", "22", "SALEXYZ20", "stale")
	refused(t, err, apperr.Aborted, "ETAG_MISMATCH")
	_, err = s.ArchiveCoupon(t.Context(), "10", "22", "OTHER", "")
	refused(t, err, apperr.NotFound, "COUPON_NOT_FOUND")

	now.Advance(time.Minute)
	archived := must(s.ArchiveCoupon(t.Context(), "10", "22", "salexyz20", domain.Etag(created.Name(), 1)))(t)
	if !archived.Coupon.Archived || archived.Coupon.Revision != 2 {
		t.Errorf("got %+v", archived)
	}
	now.Advance(time.Minute)
	if again := must(s.ArchiveCoupon(t.Context(), "10", "22", "SALEXYZ20", ""))(t); again.Coupon != archived.Coupon {
		t.Errorf("archiving again changed %+v to %+v", archived.Coupon, again.Coupon)
	}
	_, err = s.UpdateCoupon(t.Context(), "10", "22", "SALEXYZ20", as(coupon("10", "22", "SALEXYZ20")), app.Update{Fields: []string{"enabled"}})
	refused(t, err, apperr.FailedPrecondition, "COUPON_ARCHIVED")
	_, err = s.CreateCoupon(t.Context(), coupon("10", "22", "SALEXYZ20"))
	refused(t, err, apperr.AlreadyExists, "COUPON_EXISTS")
}
