package app_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/couponlink/couponlink/services/coupon/internal/app"
	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/couponcode"
	"github.com/couponlink/couponlink/services/internal/propertytest"
)

// withMixedParties stores offers and publishers. Some of them cannot have coupons. Only the offers' ids begin
// with a prefix, since publishers are stored only once.
func withMixedParties(t *testing.T, s *app.Service, prefix string) {
	t.Helper()
	withParties(t, s, []string{prefix + "10", prefix + "unique", prefix + "archived"}, nil)
	must(s.UpdateOffer(t.Context(), prefix+"unique", as(domain.Offer{ID: prefix + "unique", UniqueCodes: true}), app.Update{Fields: []string{"unique_codes"}}))(t)
	must(s.UpdateOffer(t.Context(), prefix+"archived", as(domain.Offer{ID: prefix + "archived", State: domain.OfferArchived}), app.Update{Fields: []string{"state"}}))(t)
	must(s.BlockPublisher(t.Context(), prefix+"10", "24"))(t)
}

// batchOf is a batch of some coupons.
func batchOf(drafts ...domain.Coupon) app.Batch {
	b := app.Batch{}
	for _, draft := range drafts {
		b.Rows = append(b.Rows, app.BatchRow{Draft: draft})
	}
	return b
}

// outcome summarizes a result.
func outcome(r app.BatchResult) string {
	if r.Fault != nil {
		return fmt.Sprint(r.Fault.Kind, " ", r.Fault.Reason, " ", r.Fault.Message, r.Fault.Violations, r.Fault.Metadata)
	}
	return fmt.Sprintf("%+v", r.Shared)
}

// everyCoupon summarizes all coupons and approvals of the offers of withMixedParties.
func everyCoupon(t *testing.T, s *app.Service, prefix string) string {
	t.Helper()
	var all []string
	for _, id := range []string{"10", "unique", "archived"} {
		coupons, _ := list(t, s.Coupons, prefix+id, listRequest("offers/"+prefix+id, "", "publisher, code"))
		approvals, _ := list(t, s.Approvals, prefix+id, listRequest("offers/"+prefix+id, "", ""))
		all = append(all, fmt.Sprintf("%+v\n%+v", coupons, approvals))
	}
	return strings.Join(all, "\n")
}

// A batch returns and stores the same as a sequence of CreateCoupon calls.
func TestABatchIsManyCreates(t *testing.T) {
	many, _ := newService(t)
	one, _ := newService(t)
	for _, s := range []*app.Service{many, one} {
		withParties(t, s, nil, []string{"22", "23", "24"})
	}
	round := 0
	propertytest.Check(t, func(rt *rapid.T) {
		round++
		prefix := fmt.Sprint("r", round, "-")
		withMixedParties(t, many, prefix)
		withMixedParties(t, one, prefix)
		drafts := rapid.SliceOfN(draftsOf(prefix), 1, 15).Draw(rt, "drafts")
		empty := everyCoupon(t, many, prefix)
		dry := batchOf(drafts...)
		dry.ValidateOnly = true
		judged := must(many.CreateCoupons(t.Context(), dry))(t)
		if left := everyCoupon(t, many, prefix); left != empty {
			rt.Fatalf("judging stored %s", left)
		}
		results := must(many.CreateCoupons(t.Context(), batchOf(drafts...)))(t)
		for i, d := range drafts {
			shared, err := one.CreateCoupon(t.Context(), d)
			want := outcome(app.BatchResult{Shared: shared, Fault: apperr.As(err)})
			if got := outcome(results[i]); got != want || outcome(judged[i]) != want {
				rt.Fatalf("row %d, %+v:\n%s\njudged\n%s\nwant\n%s", i, d, got, outcome(judged[i]), want)
			}
		}
		if got, want := everyCoupon(t, many, prefix), everyCoupon(t, one, prefix); got != want {
			rt.Fatalf("stored is\n%s\nwant\n%s", got, want)
		}
	})
}

// draftsOf returns valid and invalid coupons on the offers of withMixedParties.
func draftsOf(prefix string) *rapid.Generator[domain.Coupon] {
	return rapid.Custom(func(t *rapid.T) domain.Coupon {
		return coupon(
			prefix+rapid.SampledFrom([]string{"10", "10", "unique", "archived", "99"}).Draw(t, "offer"),
			rapid.SampledFrom([]string{"22", "23", "24", "99"}).Draw(t, "publisher"),
			rapid.SampledFrom([]string{"SALE", "sale", " Other ", "A_B_C", "AB"}).Draw(t, "code"))
	})
}

func TestAnAtomicBatchIsAllOrNothing(t *testing.T) {
	s, _ := newService(t)
	withParties(t, s, nil, []string{"22", "23", "24"})
	withMixedParties(t, s, "")
	empty := everyCoupon(t, s, "")
	for name, tc := range map[string]struct {
		batch  app.Batch
		index  string
		reason string
	}{
		"stands":          {batchOf(coupon("10", "22", "NEW"), coupon("10", "24", "NEW"), coupon("10", "22", "_")), "1", "PUBLISHER_BLOCKED"},
		"malformed":       {batchOf(coupon("10", "22", "NEW"), coupon("10", "22", "A_B_C")), "1", "INVALID_CODE"},
		"within itself":   {batchOf(coupon("10", "22", "NEW"), coupon("10", "23", "NEW"), coupon("10", "22", "new")), "2", "COUPON_EXISTS"},
		"unique":          {batchOf(coupon("unique", "22", "NEW"), coupon("unique", "23", "new")), "1", "CODE_TAKEN"},
		"fault of a form": {app.Batch{Rows: []app.BatchRow{{Unread: apperr.Invalid("INVALID_NAME", "publisher", "no")}}}, "0", "INVALID_NAME"},
	} {
		for _, dry := range []bool{false, true} {
			tc.batch.Atomic, tc.batch.ValidateOnly = true, dry
			_, err := s.CreateCoupons(t.Context(), tc.batch)
			t.Log(name, dry, err)
			refused(t, err, apperr.FailedPrecondition, "BATCH_REFUSED")
			if e := apperr.As(err); e.Metadata["index"] != tc.index || e.Metadata["refused_with"] != tc.reason {
				t.Errorf("got %v, want %s %s", e.Metadata, tc.index, tc.reason)
			}
		}
	}
	if left := everyCoupon(t, s, ""); left != empty {
		t.Errorf("refused batches left %s", left)
	}
	good := batchOf(coupon("10", "22", "NEW"), coupon("10", "23", "NEW"), coupon("unique", "22", "NEW"))
	good.Atomic = true
	results := must(s.CreateCoupons(t.Context(), good))(t)
	if len(results) != 3 || results[0].Fault != nil || !slices.Equal(results[1].Shared.With, []string{"22"}) {
		t.Errorf("got %+v", results)
	}
}

func TestBatchBounds(t *testing.T) {
	s, _ := newService(t)
	withParties(t, s, []string{"10"}, []string{"22"})
	for _, count := range []int{0, domain.MaxBatchCoupons + 1} {
		_, err := s.CreateCoupons(t.Context(), app.Batch{Rows: make([]app.BatchRow, count)})
		refused(t, err, apperr.InvalidArgument, "INVALID_REQUESTS")
	}
	var drafts []domain.Coupon
	for i := range domain.MaxBatchCoupons {
		drafts = append(drafts, coupon("10", "22", fmt.Sprint("SALE", i)))
	}
	for i, r := range must(s.CreateCoupons(t.Context(), batchOf(drafts...)))(t) {
		if r.Fault != nil || r.Shared.Coupon.Code != drafts[i].Code || !r.Shared.Coupon.StartTime.Equal(noon) {
			t.Fatalf("row %d: %+v", i, r)
		}
	}
}

// brokenStore is a store that cannot write coupons.
type brokenStore struct{ app.Store }

var errBroken = errors.New("broken")

func (brokenStore) CreateCoupons(context.Context, []domain.Coupon, func(*domain.Standings) ([]domain.Plan, error)) ([]domain.Plan, error) {
	return nil, errBroken
}

func TestAFaultOfTheStoreIsTheBatchs(t *testing.T) {
	s := newOn(brokenStore{openStore(t)}, newClock())
	if results, err := s.CreateCoupons(t.Context(), batchOf(coupon("10", "22", "SALE"))); !errors.Is(err, errBroken) || results != nil {
		t.Errorf("got %+v, %v", results, err)
	}
	if codes, err := s.GenerateCoupons(t.Context(), coupon("10", "22", ""), domain.Series{Count: 1}); !errors.Is(err, errBroken) || codes != nil {
		t.Errorf("got %v, %v", codes, err)
	}
}

// The clock stands still, so that answers in memory do not expire.
func TestNoAnswerIsBehindABulkWrite(t *testing.T) {
	s, _ := newService(t)
	withParties(t, s, []string{"10"}, []string{"22"})
	verdict(t, s, false, domain.UnknownCode)
	must(s.CreateCoupons(t.Context(), batchOf(coupon("10", "22", "SALEXYZ20"))))(t)
	verdict(t, s, true, domain.NoReason)
	s.SetRandom(bytes.NewReader(make([]byte, 4)))
	if got := must(s.ValidateCoupon(t.Context(), "2222", "10", "", nil))(t); got.Valid {
		t.Fatalf("got %+v", got)
	}
	must(s.GenerateCoupons(t.Context(), coupon("10", "22", ""), domain.Series{Count: 1, Length: 4}))(t)
	if got := must(s.ValidateCoupon(t.Context(), "2222", "10", "", nil))(t); !got.Valid {
		t.Errorf("got %+v", got)
	}
}

func TestGenerateThousands(t *testing.T) {
	s, _ := newService(t)
	withParties(t, s, []string{"10"}, []string{"22"})
	draft := coupon("10", "22", "")
	draft.InternalNote, draft.UsageLimit = "cards", 1
	began := time.Now()
	codes := must(s.GenerateCoupons(t.Context(), draft, domain.Series{Count: domain.MaxSeriesCount, Prefix: "Card", Length: 6}))(t)
	t.Logf("%d codes: %v", len(codes), time.Since(began))
	folded := map[string]bool{}
	for _, code := range codes {
		folded[couponcode.Fold(code)] = true
	}
	if len(codes) != domain.MaxSeriesCount || len(folded) != len(codes) {
		t.Fatalf("%d codes, %d different", len(codes), len(folded))
	}
	for _, code := range []string{codes[0], codes[len(codes)-1]} {
		want := draft
		want.Code, want.StartTime, want.CreateTime, want.UpdateTime, want.Revision = code, noon, noon, noon, 1
		if got := must(s.Coupon(t.Context(), "10", "22", strings.ToLower(code)))(t); got.Coupon != want || !strings.HasPrefix(code, "Card") {
			t.Errorf("got %+v, want %+v", got.Coupon, want)
		}
	}
	if a := must(s.Approval(t.Context(), "10", "22"))(t); a.State != domain.ApprovalApproved || a.Source != domain.SourceCoupon || a.Revision != 1 {
		t.Errorf("got %+v", a)
	}
}

// bytesOf returns random bytes that generate codes of four equal characters: 0 gives 2222, 1 gives 3333.
func bytesOf(kinds ...byte) io.Reader {
	var all []byte
	for _, kind := range kinds {
		all = append(all, kind, kind, kind, kind)
	}
	return bytes.NewReader(all)
}

func TestGeneratedCodesAreFree(t *testing.T) {
	s, _ := newService(t)
	withParties(t, s, []string{"10", "11"}, []string{"22", "23"})
	for _, c := range []domain.Coupon{coupon("10", "22", "a2222"), coupon("10", "23", "A3333"), coupon("11", "22", "A5555")} {
		must(s.CreateCoupon(t.Context(), c))(t)
	}
	s.SetRandom(bytesOf(0, 1, 1, 2, 2, 0, 3, 4)) // 2222 and 3333 are taken; 4444 comes twice; 5555 is another offer's.
	codes := must(s.GenerateCoupons(t.Context(), coupon("10", "22", ""), domain.Series{Count: 3, Prefix: "A", Length: 4}))(t)
	if slices.Sort(codes); !slices.Equal(codes, []string{"A4444", "A5555", "A6666"}) {
		t.Errorf("got %q", codes)
	}
}

// fullStore is a store where every code is taken.
type fullStore struct{ app.Store }

func (s fullStore) CreateCoupons(
	ctx context.Context, drafts []domain.Coupon, plan func(*domain.Standings) ([]domain.Plan, error),
) ([]domain.Plan, error) {
	return s.Store.CreateCoupons(ctx, drafts, func(standings *domain.Standings) ([]domain.Plan, error) {
		for _, draft := range drafts {
			draft.Publisher = "other"
			standings.AddHolder(draft)
		}
		return plan(standings)
	})
}

func TestRefusedSeries(t *testing.T) {
	s, _ := newService(t)
	withParties(t, s, nil, []string{"22", "23", "24"})
	withMixedParties(t, s, "")
	empty := everyCoupon(t, s, "")
	for name, tc := range map[string]struct {
		draft  domain.Coupon
		series domain.Series
		kind   apperr.Kind
		reason string
	}{
		"no offer":         {coupon("99", "22", ""), domain.Series{Count: 2}, apperr.NotFound, "OFFER_NOT_FOUND"},
		"no publisher":     {coupon("10", "99", ""), domain.Series{Count: 2}, apperr.NotFound, "PUBLISHER_NOT_FOUND"},
		"blocked":          {coupon("10", "24", ""), domain.Series{Count: 2}, apperr.FailedPrecondition, "PUBLISHER_BLOCKED"},
		"archived":         {coupon("archived", "22", ""), domain.Series{Count: 2}, apperr.FailedPrecondition, "OFFER_ARCHIVED"},
		"a code":           {coupon("10", "22", "SALE"), domain.Series{Count: 2}, apperr.InvalidArgument, "INVALID_CODE"},
		"easy to guess":    {coupon("10", "22", ""), domain.Series{Count: 1000, Length: 4}, apperr.InvalidArgument, "INVALID_LENGTH"},
		"none":             {coupon("10", "22", ""), domain.Series{}, apperr.InvalidArgument, "INVALID_COUNT"},
		"a special prefix": {coupon("10", "22", ""), domain.Series{Count: 1, Prefix: "SALE-"}, apperr.InvalidArgument, "INVALID_PREFIX"},
	} {
		_, err := s.GenerateCoupons(t.Context(), tc.draft, tc.series)
		t.Log(name)
		refused(t, err, tc.kind, tc.reason)
	}
	if left := everyCoupon(t, s, ""); left != empty {
		t.Errorf("refused series left %s", left)
	}
	full := newOn(fullStore{openStore(t)}, newClock())
	withParties(t, full, []string{"10"}, []string{"22"})
	_, err := full.GenerateCoupons(t.Context(), coupon("10", "22", ""), domain.Series{Count: 5})
	refused(t, err, apperr.InvalidArgument, "INVALID_LENGTH")
}
