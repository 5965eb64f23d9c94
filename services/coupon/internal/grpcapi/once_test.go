package grpcapi

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/internal/access"
)

const requestID = "0195b7a4-5c1e-7d3a-9a52-6b1f0c8e2d47"

// repetition makes a call twice, the second time later, and fails the test if the second response is not the first.
// A third call, without an id, must not have that response: otherwise the test shows nothing.
func repetition[Q any, P interface {
	*Q
	proto.Message
}, A proto.Message](do func(context.Context, P) (A, error), json string) func(t *testing.T, s servers) {
	return func(t *testing.T, s servers) {
		t.Helper()
		withID := `{"request_id": "` + requestID + `", ` + strings.TrimPrefix(json, "{")
		first := call(t, do, P(new(Q)), withID)
		s.later.Add(60_000)
		if again := call(t, do, P(new(Q)), withID); !proto.Equal(first, again) {
			t.Errorf("the second response is\n%v, want the first\n%v", again, first)
		}
		if third, err := try(t, do, P(new(Q)), json); err == nil && proto.Equal(first, third) {
			t.Errorf("without an id the response is the same: %v", third)
		}
	}
}

// Each call that changes something is made once for each request id.
func TestRequestIDs(t *testing.T) {
	for name, of := range map[string]func(s servers) func(*testing.T, servers){
		"CreateOffer": func(s servers) func(*testing.T, servers) {
			return repetition(s.offers.CreateOffer, `{"offer": {"display_name": "A", "landing_page_url": "https://x.example/"}}`)
		},
		"RotatePostbackCredentials": func(s servers) func(*testing.T, servers) {
			return repetition(s.offers.RotatePostbackCredentials, `{"name": "offers/10"}`)
		},
		"CreatePublisher": func(s servers) func(*testing.T, servers) {
			return repetition(s.publishers.CreatePublisher, `{"publisher": {"display_name": "A"}}`)
		},
		"RotateDeliverySecret": func(s servers) func(*testing.T, servers) {
			return repetition(s.publishers.RotateDeliverySecret, `{"name": "publishers/22"}`)
		},
		"CreateApproval": func(s servers) func(*testing.T, servers) {
			return repetition(s.approvals.CreateApproval, `{"parent": "offers/10", "publisher": "publishers/22"}`)
		},
		"CreateCoupon": func(s servers) func(*testing.T, servers) {
			return repetition(s.coupons.CreateCoupon, `{"parent": "offers/10", "coupon": {"code": "NEW", "publisher": "publishers/22"}}`)
		},
		"BatchCreateCoupons": func(s servers) func(*testing.T, servers) {
			return repetition(s.coupons.BatchCreateCoupons, `{"parent": "offers/10", "requests": [{"coupon": {"code": "NEW", "publisher": "publishers/22"}}, {"coupon": {"code": "N_", "publisher": "publishers/22"}}]}`)
		},
		"GenerateCoupons": func(s servers) func(*testing.T, servers) {
			return repetition(s.coupons.GenerateCoupons, `{"parent": "offers/10", "coupon": {"publisher": "publishers/22"}, "count": 3}`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := withParties(t)
			of(s)(t, s)
		})
	}
}

// Calls that have no effect a second time answer a repetition with the first response, whatever happened since.
func TestRequestIDsOfStates(t *testing.T) {
	s := withParties(t)
	const name, id = `"name": "offers/10/approvals/22"`, `"request_id": "` + requestID + `"`
	approved := call(t, s.approvals.ApprovePublisher, &couponv1.ApprovePublisherRequest{}, `{`+name+`,`+id+`}`)
	call(t, s.approvals.BlockPublisher, &couponv1.BlockPublisherRequest{}, `{`+name+`}`)
	again := call(t, s.approvals.ApprovePublisher, &couponv1.ApprovePublisherRequest{}, `{`+name+`,`+id+`}`)
	if !proto.Equal(approved, again) {
		t.Errorf("the second response is %v, want %v", again, approved)
	}
	if a := call(t, s.approvals.GetApproval, &couponv1.GetApprovalRequest{}, `{`+name+`}`); a.GetState() != couponv1.Approval_BLOCKED {
		t.Errorf("the publisher is %v, want that the repetition left it blocked", a.GetState())
	}
	_, err := try(t, s.approvals.BlockPublisher, &couponv1.BlockPublisherRequest{}, `{`+name+`,`+id+`}`)
	refused(t, err, exists, "IDEMPOTENCY_KEY_REUSED", "request_id")

	call(t, s.coupons.CreateCoupon, &couponv1.CreateCouponRequest{}, `{"parent": "offers/10", "coupon": {"code": "SALE", "publisher": "publishers/23"}}`)
	const archive = `{"name": "offers/10/coupons/23.SALE", "request_id": "0195b7a4-5c1e-7d3a-9a52-6b1f0c8e2d48"}`
	archived := call(t, s.coupons.ArchiveCoupon, &couponv1.ArchiveCouponRequest{}, archive)
	if again := call(t, s.coupons.ArchiveCoupon, &couponv1.ArchiveCouponRequest{}, archive); !proto.Equal(archived, again) {
		t.Errorf("the second response is %v, want %v", again, archived)
	}
}

// The largest batch with an id is stored and repeated.
func TestRequestIDOfALargeBatch(t *testing.T) {
	s := withParties(t)
	request := &couponv1.BatchCreateCouponsRequest{Parent: "offers/10", RequestId: requestID}
	for i := range 1000 {
		request.Requests = append(request.Requests, &couponv1.CreateCouponRequest{Coupon: &couponv1.Coupon{
			Code: fmt.Sprintf("CODE%04d", i), Publisher: "publishers/22", InternalNote: strings.Repeat("夏", 2000-4) + fmt.Sprintf("%04d", i),
		}})
	}
	ctx := access.With(t.Context(), access.Admin())
	first, err := s.coupons.BatchCreateCoupons(ctx, request)
	if err != nil || first.GetCreatedCount() != 1000 {
		t.Fatalf("%d were created: %v", first.GetCreatedCount(), err)
	}
	if again, err := s.coupons.BatchCreateCoupons(ctx, request); err != nil || !proto.Equal(first, again) {
		t.Errorf("the second response has %d coupons: %v", len(again.GetResults()), err)
	}
}

// A dry run with an id stores nothing, so the id stays free. An id that is no UUID is refused.
func TestRequestIDOfADryRun(t *testing.T) {
	s := withParties(t)
	const coupon = `"parent": "offers/10", "coupon": {"code": "NEW", "publisher": "publishers/22"}, "request_id": "` + requestID + `"`
	call(t, s.coupons.CreateCoupon, &couponv1.CreateCouponRequest{}, `{`+coupon+`, "validate_only": true}`)
	call(t, s.coupons.CreateCoupon, &couponv1.CreateCouponRequest{}, `{`+coupon+`}`)
	call(t, s.coupons.GetCoupon, &couponv1.GetCouponRequest{}, `{"name": "offers/10/coupons/22.NEW"}`)
	for _, id := range []string{"1", "{" + requestID + "}", "urn:uuid:" + requestID, strings.ReplaceAll(requestID, "-", "")} {
		_, err := try(t, s.coupons.ArchiveCoupon, &couponv1.ArchiveCouponRequest{}, `{"name": "offers/10/coupons/22.NEW", "request_id": "`+id+`"}`)
		refused(t, err, invalid, "INVALID_REQUEST_ID", "request_id")
	}
}
