package app_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/coupon/internal/app"
	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/access"
	"github.com/couponlink/couponlink/services/internal/apperr"
)

// limitedTo returns a context of a call by a limited caller.
func limitedTo(t *testing.T, role access.Role, publishers, offers string) context.Context {
	t.Helper()
	p := &access.Principal{Name: "keys/k", Role: role}
	if publishers != "" {
		p.Publishers = strings.Fields(publishers)
	}
	if offers != "" {
		p.Offers = strings.Fields(offers)
	}
	return access.With(t.Context(), p)
}

// asTold returns an error as its caller reads it, with "99" in place of an id, so that errors about two records can be
// compared.
func asTold(err error, id string) string {
	e := apperr.As(err)
	if e == nil {
		return fmt.Sprint(err)
	}
	return strings.ReplaceAll(fmt.Sprint(e.Kind, e.Reason, e.Message, e.Violations, e.Metadata), id, "99")
}

// calls are the calls about a coupon of a publisher on an offer.
func calls(ctx context.Context, s *app.Service, offer, publisher string) map[string]error {
	draft := domain.Coupon{Offer: offer, Publisher: publisher, Code: "NEW" + publisher + offer, Enabled: true}
	keep := func(c domain.Coupon) (domain.Coupon, error) { return c, nil }
	results := map[string]error{}
	_, results["get"] = s.Coupon(ctx, offer, publisher, "CODE1")
	_, results["create"] = s.CreateCoupon(ctx, draft)
	_, results["try"] = s.TryCoupon(ctx, draft)
	_, results["generate"] = s.GenerateCoupons(ctx, domain.Coupon{Offer: offer, Publisher: publisher, Enabled: true}, domain.Series{Count: 2, Length: 8})
	batch, err := s.CreateCoupons(ctx, app.Batch{Rows: []app.BatchRow{{Draft: draft}}})
	if results["batch"] = err; err == nil && batch[0].Fault != nil {
		results["batch"] = batch[0].Fault
	}
	_, results["update"] = s.UpdateCoupon(ctx, offer, publisher, "CODE1", keep, app.Update{Fields: []string{"enabled"}})
	_, results["try update"] = s.UpdateCoupon(ctx, offer, publisher, "CODE1", keep, app.Update{Fields: []string{"enabled"}, ValidateOnly: true})
	_, results["update with an etag"] = s.UpdateCoupon(ctx, offer, publisher, "CODE1", keep, app.Update{Etag: "x"})
	_, results["archive"] = s.ArchiveCoupon(ctx, offer, publisher, "CODE1", "")
	_, results["approval"] = s.Approval(ctx, offer, publisher)
	_, results["request an approval"] = s.CreateApproval(ctx, offer, publisher)
	_, results["approve"] = s.ApprovePublisher(ctx, offer, publisher)
	_, results["block"] = s.BlockPublisher(ctx, offer, publisher)
	_, results["update the approval"] = s.UpdateApproval(ctx, offer, publisher, func(a domain.Approval) (domain.Approval, error) { return a, nil }, app.Update{Fields: []string{"payout"}})
	return results
}

// TestForeignIsUnknown makes each call about a publisher or an offer that is not the caller's, and about one that does
// not exist. The answers are the same, and nothing is written.
func TestForeignIsUnknown(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	withParties(t, s, []string{"10", "11"}, []string{"22", "23"})
	for _, offer := range []string{"10", "11"} {
		for _, publisher := range []string{"22", "23"} {
			must(s.CreateCoupon(t.Context(), domain.Coupon{Offer: offer, Publisher: publisher, Code: "CODE1", Enabled: true}))(t)
		}
	}
	for name, c := range map[string]struct {
		ctx                                       context.Context
		foreignOffer, foreign, unknownO, unknownP string
	}{
		"a publisher":     {limitedTo(t, access.Manager, "publishers/22", ""), "10", "23", "10", "99"},
		"an offer":        {limitedTo(t, access.Manager, "", "offers/10"), "11", "22", "99", "22"},
		"both, publisher": {limitedTo(t, access.Manager, "publishers/22", "offers/10"), "10", "23", "10", "99"},
		"both, offer":     {limitedTo(t, access.Manager, "publishers/22", "offers/10"), "11", "22", "99", "22"},
	} {
		foreign, unknown := calls(c.ctx, s, c.foreignOffer, c.foreign), calls(c.ctx, s, c.unknownO, c.unknownP)
		for call, err := range foreign {
			got, want := asTold(err, c.foreign), asTold(unknown[call], c.unknownP)
			if c.foreignOffer != c.unknownO {
				got, want = asTold(err, c.foreignOffer), asTold(unknown[call], c.unknownO)
			}
			if err == nil || got != want {
				t.Errorf("%s: %s: %v, want as for an unknown one: %v", name, call, err, unknown[call])
			}
		}
	}
	for _, id := range []string{"22", "23"} {
		if c, err := s.Coupon(t.Context(), "11", id, "CODE1"); err != nil || c.Coupon.Archived {
			t.Errorf("the coupon of %s is %+v, %v", id, c, err)
		}
		if _, err := s.Coupon(t.Context(), "10", id, "NEW"+id+"10"); err == nil && id == "23" {
			t.Errorf("a coupon of %s was created", id)
		}
	}
	for call, err := range calls(limitedTo(t, access.Manager, "publishers/23", "offers/11"), s, "11", "23") {
		if e := apperr.As(err); err != nil && (e == nil || e.Kind == apperr.NotFound || e.Kind == apperr.PermissionDenied) {
			t.Errorf("%s of what is the caller's own: %v", call, err)
		}
	}
}

// TestLimitedCallersAreNotToldWhoHasACode creates a code that another publisher has.
func TestLimitedCallersAreNotToldWhoHasACode(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	withParties(t, s, []string{"10", "11"}, []string{"22", "23"})
	unique := offer("12")
	unique.UniqueCodes = true
	must(s.CreateOffer(t.Context(), unique))(t)
	for _, offer := range []string{"10", "12"} {
		must(s.CreateCoupon(t.Context(), domain.Coupon{Offer: offer, Publisher: "23", Code: "MINE1", Enabled: true, StartTime: noon.Add(time.Hour), ExpireTime: noon.Add(2 * time.Hour)}))(t)
	}
	ctx := limitedTo(t, access.Manager, "publishers/22", "")
	shared, err := s.CreateCoupon(ctx, domain.Coupon{Offer: "10", Publisher: "22", Code: "MINE1", Enabled: true})
	if err != nil || len(shared.With) > 0 {
		t.Errorf("a shared code: %+v, %v", shared, err)
	}
	own := domain.Coupon{Offer: "12", Publisher: "22", Code: "MINE1", Enabled: true, StartTime: noon, ExpireTime: noon.Add(time.Minute)}
	must(s.CreateCoupon(ctx, own))(t)
	longer := func(c domain.Coupon) (domain.Coupon, error) { c.ExpireTime = time.Time{}; return c, nil }
	_, moved := s.UpdateCoupon(ctx, "12", "22", "MINE1", longer, app.Update{Fields: []string{"expire_time"}})
	_, tried := s.UpdateCoupon(ctx, "12", "22", "MINE1", longer, app.Update{Fields: []string{"expire_time"}, ValidateOnly: true})
	own.Code, own.ExpireTime = "MINE1", time.Time{}
	must(s.CreatePublisher(t.Context(), publisher("24")))(t)
	own.Publisher = "24"
	_, created := s.CreateCoupon(limitedTo(t, access.Manager, "publishers/24", ""), own)
	batch, err := s.CreateCoupons(limitedTo(t, access.Manager, "publishers/24", ""), app.Batch{Rows: []app.BatchRow{{Draft: own}}})
	if err != nil {
		t.Fatal(err)
	}
	for call, err := range map[string]error{"move": moved, "try a move": tried, "create": created, "batch": batch[0].Fault} {
		e := apperr.As(err)
		if e == nil || e.Reason != "CODE_TAKEN" || len(e.Violations) != 1 || len(e.Metadata) > 0 || strings.Contains(e.Message, "23") || strings.Contains(e.Message, "2026") {
			t.Errorf("%s: %v %+v", call, err, e)
		}
	}
	verdict, err := s.ValidateCoupon(ctx, "MINE1", "10", "", nil)
	if err != nil || !verdict.Valid || verdict.Coupon == nil || verdict.Coupon.Coupon.Publisher != "22" || len(verdict.Names) > 0 {
		t.Errorf("a validation: %+v, %v", verdict, err)
	}
}

// TestPublishersChangeTheirDeliverySettingsAlone changes a publisher as itself, as a limited manager and as a stranger.
func TestPublishersChangeTheirDeliverySettingsAlone(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	withParties(t, s, nil, []string{"22", "23"})
	change := func(do func(*domain.Publisher)) app.Draft[domain.Publisher] {
		return func(p domain.Publisher) (domain.Publisher, error) { do(&p); return p, nil }
	}
	for _, c := range []struct {
		role      access.Role
		publisher string
		field     string
		do        func(*domain.Publisher)
		reason    string
	}{
		{access.Publisher, "22", "postback_url", func(p *domain.Publisher) { p.PostbackURL = "https://mia.example/" }, ""},
		{access.Publisher, "22", "delivery", func(p *domain.Publisher) { p.Delivery.Method = domain.DeliverByPost }, ""},
		{access.Publisher, "22", "state", func(p *domain.Publisher) { p.State = domain.PublisherArchived }, "SETTING_OF_PROGRAM"},
		{access.Publisher, "22", "display_name", func(p *domain.Publisher) { p.DisplayName = "Bank" }, "SETTING_OF_PROGRAM"},
		{access.Publisher, "23", "postback_url", func(p *domain.Publisher) { p.PostbackURL = "https://mia.example/" }, "PUBLISHER_NOT_FOUND"},
		{access.Manager, "23", "display_name", func(p *domain.Publisher) { p.DisplayName = "Zoe" }, "PUBLISHER_NOT_FOUND"},
		{access.Manager, "22", "display_name", func(p *domain.Publisher) { p.DisplayName = "Zoe" }, ""},
	} {
		_, err := s.UpdatePublisher(limitedTo(t, c.role, "publishers/22", ""), c.publisher, change(c.do), app.Update{Fields: []string{c.field}})
		reason := ""
		if e := apperr.As(err); e != nil {
			reason = e.Reason
		}
		if reason != c.reason {
			t.Errorf("%s of %s as a limited %s: %v, want %q", c.field, c.publisher, c.role, err, c.reason)
		}
	}
	for name, err := range map[string]error{
		"publisher": errOf(s.CreatePublisher(limitedTo(t, access.Manager, "publishers/22", ""), publisher("24"))),
		"offer":     errOf(s.CreateOffer(limitedTo(t, access.Manager, "", "offers/10"), offer("24"))),
	} {
		if e := apperr.As(err); e == nil || e.Reason != "ROWS_LIMITED" {
			t.Errorf("a limited caller creates a %s: %v", name, err)
		}
	}
}

func errOf[T any](_ T, err error) error { return err }
