package rest

import (
	"net/http"
	"testing"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
)

// unrepeatable are the POSTs that refuse Idempotency-Key, each with the reason.
func unrepeatable() map[string]string {
	const tracking = "the tracking service stores responses only with changes of conversions"
	return map[string]string{
		"couponlink.tracking.v1.DeliveryService.ReplayDelivery":        tracking,
		"couponlink.tracking.v1.DeliveryService.ReplayDeliveries":      tracking,
		"couponlink.tracking.v1.DeliveryService.TestDelivery":          tracking,
		"couponlink.tracking.v1.PostbackService.ReplayPostback":        tracking,
		"couponlink.tracking.v1.ReportService.RecountSummaries":        tracking,
		"couponlink.tracking.v1.SavedReportService.CreateSavedReport":  tracking,
		"couponlink.tracking.v1.ScanService.CreateOfferScan":           tracking,
		"couponlink.tracking.v1.ScanService.CancelOfferScan":           tracking,
		"couponlink.tracking.v1.PostbackService.ReplayPostbacks":       "its response is a stream, and replaying twice changes nothing",
		"couponlink.tracking.v1.ReservationService.ReserveCoupon":      "its reservation_id is the key under which it is repeated",
		"couponlink.tracking.v1.ReservationService.ReleaseReservation": "releasing twice changes nothing",
		"couponlink.backup.v1.BackupService.CreateBackup":              "its effect is a directory, whose id the caller can choose",
	}
}

// Every POST takes Idempotency-Key, unless its name is in a list.
func TestEveryPostCanBeRepeated(t *testing.T) {
	all, err := newRoutes("couponlink.coupon.v1", "couponlink.tracking.v1", "couponlink.backup.v1")
	if err != nil {
		t.Fatal(err)
	}
	listed := unrepeatable()
	for _, rt := range all {
		if rt.method != http.MethodPost {
			continue
		}
		_, isListed := listed[string(rt.rpc)]
		delete(listed, string(rt.rpc))
		if hasID := repeatField(rt.input) != nil; hasID == (isListed || changesNothing(rt.rpc)) {
			t.Errorf("%s: has a field for it: %v, refuses one: %v, changes nothing: %v; want one of them", rt.rpc, hasID, isListed, changesNothing(rt.rpc))
		}
	}
	for rpc := range listed {
		t.Errorf("there is no POST %s", rpc)
	}
}

// Two keys are refused, even if they are the same.
func TestTwoIdempotencyKeys(t *testing.T) {
	rt := route{method: http.MethodPost, input: (*couponv1.CreateCouponRequest)(nil).ProtoReflect().Descriptor()}
	if id, fault := rt.repeatID(http.Header{repeatKey: {"a", "a"}}); fault == nil {
		t.Errorf("two keys are the id %q", id)
	}
	if id, fault := rt.repeatID(http.Header{repeatKey: {"a"}}); fault != nil || id == "" {
		t.Errorf("one key is the id %q: %v", id, fault)
	}
}
