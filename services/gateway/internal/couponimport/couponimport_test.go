package couponimport_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/couponimport"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/propertytest"
)

// service is a fake coupon service. It records the publishers that have a code on an offer. On offers/unique
// only one publisher can have a code.
type service struct {
	couponv1.CouponServiceClient
	stored map[string][]string
	// batches has the sizes of the received batches, and ids their request ids.
	batches []int
	ids     []string
	// failAt is the batch, counted from 1, at which the service becomes unreachable; 0 means never.
	failAt int
}

var errUnreachable = errors.New("unreachable")

func (s *service) BatchCreateCoupons(_ context.Context, req *couponv1.BatchCreateCouponsRequest, _ ...grpc.CallOption) (*couponv1.BatchCreateCouponsResponse, error) {
	if n := len(req.GetRequests()); n == 0 || n > 1000 || proto.Size(req) > 1<<20 {
		return nil, fmt.Errorf("a batch of %d coupons and %d bytes", n, proto.Size(req))
	}
	s.ids = append(s.ids, req.GetRequestId())
	if s.batches = append(s.batches, len(req.GetRequests())); len(s.batches) == s.failAt {
		return nil, errUnreachable
	}
	stored := s.stored
	if req.GetValidateOnly() {
		stored = map[string][]string{}
		for key, holders := range s.stored {
			stored[key] = holders[:len(holders):len(holders)]
		}
	}
	answer := &couponv1.BatchCreateCouponsResponse{}
	for _, one := range req.GetRequests() {
		result := &couponv1.BatchCreateCouponsResult{Coupon: one.GetCoupon()}
		if fault := admit(stored, one); fault != "" {
			result = &couponv1.BatchCreateCouponsResult{Fault: &couponv1.BatchCreateCouponsFault{Code: "ALREADY_EXISTS", Reason: fault}}
		}
		answer.Results = append(answer.Results, result)
	}
	return answer, nil
}

// admit stores a coupon, or says why not.
func admit(stored map[string][]string, one *couponv1.CreateCouponRequest) string {
	key := one.GetParent() + "/" + strings.ToUpper(one.GetCoupon().GetCode())
	publisher := one.GetCoupon().GetPublisher()
	if publisher == "publishers/unknown" {
		return "PUBLISHER_NOT_FOUND"
	}
	for _, holder := range stored[key] {
		if holder == publisher {
			return "COUPON_EXISTS"
		}
	}
	if one.GetParent() == "offers/unique" && len(stored[key]) > 0 {
		return "CODE_TAKEN"
	}
	stored[key] = append(stored[key], publisher)
	return ""
}

// verdicts summarizes the result for each row.
func verdicts(result couponimport.Result) string {
	var b strings.Builder
	for _, row := range result.Rows {
		fmt.Fprintf(&b, "%d:%s ", row.Number, row.Fault.GetReason())
	}
	return b.String()
}

// A dry run and an import return the same as creating the coupons one by one, wherever the batches end.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	propertytest.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		rows, codes := rapid.IntRange(0, 400).Draw(t, "rows"), rapid.IntRange(1, 120).Draw(t, "codes")
		note := strings.Repeat("x", rapid.SampledFrom([]int{0, 5000, 9999}).Draw(t, "note"))
		var file, want strings.Builder
		file.WriteString("code,offer,publisher,start,note\n")
		alone := map[string][]string{}
		for i := range rows {
			code, offer := fmt.Sprintf("%s%03d", []string{"sale", "SALE"}[rng.IntN(2)], rng.IntN(codes)), []string{"unique", "shared"}[rng.IntN(2)]
			publisher, start := []string{"1", "2", "3", "unknown"}[rng.IntN(4)], []string{"", "", "", "soon"}[rng.IntN(4)]
			fmt.Fprintf(&file, "%s,%s,%s,%s,%s\n", code, offer, publisher, start, note)
			fault := "INVALID_START_TIME"
			if start == "" {
				fault = admit(alone, &couponv1.CreateCouponRequest{Parent: "offers/" + offer, Coupon: &couponv1.Coupon{Code: code, Publisher: "publishers/" + publisher}})
			}
			fmt.Fprintf(&want, "%d:%s ", i+2, fault)
		}
		s := &service{stored: map[string][]string{}}
		for _, dry := range []bool{true, false} {
			result, err := couponimport.Run(t.Context(), s, couponimport.Request{Parent: couponimport.AnyOffer, File: []byte(file.String()), Zone: time.UTC, ValidateOnly: dry})
			if err != nil {
				t.Fatal(err)
			}
			if got := verdicts(result); got != want.String() {
				t.Fatalf("dry run %v: %s\nwant %s", dry, got, want.String())
			}
			if result.Created != strings.Count(want.String(), ": ") || result.Created+result.Failed != rows {
				t.Fatalf("%d created, %d failed", result.Created, result.Failed)
			}
			if dry && len(s.stored) > 0 {
				t.Fatal("the dry run stored coupons")
			}
		}
	})
}

// many returns a file of n coupons of a publisher.
func many(n int) []byte {
	var file strings.Builder
	file.WriteString("code,publisher\n")
	for i := range n {
		fmt.Fprintf(&file, "CODE%05d,22\n", i)
	}
	return []byte(file.String())
}

func TestBatchesAreFull(t *testing.T) {
	t.Parallel()
	for _, dry := range []bool{true, false} {
		s := &service{stored: map[string][]string{}}
		result, err := couponimport.Run(t.Context(), s, couponimport.Request{Parent: "offers/10", File: many(10_000), Zone: time.UTC, ValidateOnly: dry})
		if err != nil || result.Created != 10_000 || len(result.Rows) != 10_000 || len(s.batches) != 10 {
			t.Errorf("%v: %d created in batches of %v", err, result.Created, s.batches)
		}
	}
}

// One code for each publisher there is: far more rows of one code than a batch has.
func TestTheSameCodeInManyBatches(t *testing.T) {
	t.Parallel()
	var file strings.Builder
	file.WriteString("code,publisher,offer\n")
	for i := range 3000 {
		fmt.Fprintf(&file, "SUMMER,%d,unique\nSUMMER,%d,shared\n", i%1500, i%1500)
	}
	s := &service{stored: map[string][]string{}}
	for _, dry := range []bool{true, false} {
		result, err := couponimport.Run(t.Context(), s, couponimport.Request{Parent: couponimport.AnyOffer, File: []byte(file.String()), Zone: time.UTC, ValidateOnly: dry})
		if err != nil || result.Created != 1+1500 {
			t.Errorf("dry run %v: %v, %d created", dry, err, result.Created)
		}
	}
}

// An import that is cut short says what is stored, and the next one stores the rest.
func TestImportThatBreaksOff(t *testing.T) {
	t.Parallel()
	s := &service{stored: map[string][]string{}, failAt: 3}
	request := couponimport.Request{Parent: "offers/10", File: many(2500), Zone: time.UTC}
	result, err := couponimport.Run(t.Context(), s, request)
	if !errors.Is(err, errUnreachable) || result.Created != 2000 || len(result.Rows) != 2000 {
		t.Errorf("%v: %d created", err, result.Created)
	}
	result, err = couponimport.Run(t.Context(), s, request)
	if err != nil || result.Created != 500 || result.Failed != 2000 || result.Rows[0].Fault.GetReason() != "COUPON_EXISTS" {
		t.Errorf("%v: %d created, %d failed", err, result.Created, result.Failed)
	}
}

func TestOffers(t *testing.T) {
	t.Parallel()
	const file = "code,publisher,offer\nABC,1,10\nABC,2,offers/10\nABC,3,11\nABC,4,\n"
	for parent, want := range map[string]string{
		"offers/10":           "2: 3: 4:INVALID_OFFER 5: ",
		couponimport.AnyOffer: "2: 3: 4: 5:INVALID_OFFER ",
	} {
		result, err := couponimport.Run(t.Context(), &service{stored: map[string][]string{}}, couponimport.Request{Parent: parent, File: []byte(file), Zone: time.UTC})
		if err != nil || verdicts(result) != want {
			t.Errorf("%s: %v, %s, want %s", parent, err, verdicts(result), want)
		}
	}
	_, err := couponimport.Run(t.Context(), &service{}, couponimport.Request{Parent: couponimport.AnyOffer, File: many(1), Zone: time.UTC})
	if fault := apperr.As(err); fault == nil || fault.Reason != "MISSING_COLUMN" {
		t.Errorf("offers that are nowhere named: %v", err)
	}
}

// What a row says reaches the service.
func TestFields(t *testing.T) {
	t.Parallel()
	const file = "code,publisher,start,end date,note,enabled,usage limit,daily usage limit,discount\nAbc,22,2026-11-01,2026-11-30,'=1,no,7,3,12.5%; first order only\nDEF,22,,,,,,,\n"
	result, err := couponimport.Run(t.Context(), &service{stored: map[string][]string{}}, couponimport.Request{Parent: "offers/10", File: []byte(file), Zone: time.FixedZone("", 3600)})
	if err != nil || result.Created != 2 {
		t.Fatalf("%v: %+v", err, result)
	}
	c := result.Rows[0].Coupon
	if c.GetCode() != "Abc" || c.GetPublisher() != "publishers/22" || c.GetInternalNote() != "=1" || c.GetEnabled() || c.GetUsageLimit() != 7 || c.GetDailyUsageLimit() != 3 ||
		c.GetDiscount().GetPercent() != "12.5" || !c.GetDiscount().GetFirstOrderOnly() ||
		!c.GetStartTime().AsTime().Equal(time.Date(2026, 10, 31, 23, 0, 0, 0, time.UTC)) || !c.GetExpireTime().AsTime().Equal(time.Date(2026, 11, 30, 23, 0, 0, 0, time.UTC)) {
		t.Errorf("%v", c)
	}
	if c := result.Rows[1].Coupon; c.Discount != nil || c.StartTime != nil || c.ExpireTime != nil || !c.GetEnabled() {
		t.Errorf("%v", c)
	}
}

// TestImportsThatAreRepeated checks that a file's batches have ids of their own, the same each time; a dry run has none.
func TestImportsThatAreRepeated(t *testing.T) {
	t.Parallel()
	var file strings.Builder
	file.WriteString("Coupon Code;Publisher\n")
	for n := range 1500 {
		fmt.Fprintf(&file, "CODE%d;22\n", n)
	}
	run := func(id string, validateOnly bool) []string {
		s := &service{stored: map[string][]string{}}
		if _, err := couponimport.Run(t.Context(), s, couponimport.Request{
			Parent: "offers/10", File: []byte(file.String()), Zone: time.UTC, ValidateOnly: validateOnly, RequestID: id,
		}); err != nil {
			t.Fatal(err)
		}
		return s.ids
	}
	const id = "0195b7a4-5c1e-7d3a-9a52-6b1f0c8e2d47"
	first, again := run(id, false), run(id, false)
	if len(first) != 2 || first[0] == first[1] || uuid.Validate(first[0]) != nil || !slices.Equal(first, again) {
		t.Errorf("the batches have the ids %v, and then %v", first, again)
	}
	for _, ids := range [][]string{run("", false), run(id, true)} {
		if slices.ContainsFunc(ids, func(id string) bool { return id != "" }) {
			t.Errorf("ids %v, want none", ids)
		}
	}
}
