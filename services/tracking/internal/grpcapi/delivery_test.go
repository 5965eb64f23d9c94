package grpcapi

import (
	"testing"
	"time"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/internal/apperr"
	app "github.com/couponlink/couponlink/services/tracking/internal/app/delivery"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/delivery"
)

func TestDeliveryIsShown(t *testing.T) {
	t.Parallel()
	d := delivery.Test("a-22", domain.PayloadV1, now)
	d.Change, d.Status = 3, domain.StatusRejected
	due := deliveryToProto(d)
	if due.GetName() != "deliveries/"+d.ID || due.GetConversion() != "conversions/"+d.Conversion || due.GetPublisher() != "publishers/a-22" ||
		due.GetOffer() != "offers/test" || due.GetChange() != 3 || due.GetStatus() != trackingv1.Conversion_REJECTED ||
		due.GetState() != trackingv1.Delivery_DUE || !due.GetDueTime().AsTime().Equal(now) || due.FinishTime != nil ||
		!due.GetCreateTime().AsTime().Equal(now) || due.GetPayload() != d.Payload || len(due.GetAttempts()) != 0 {
		t.Errorf("due: %v", due)
	}
	if due.GetType() != "conversion.approved" || due.GetSequence() != 0 {
		t.Errorf("it is number %d, a %s", due.GetSequence(), due.GetType())
	}
	if v2 := deliveryToProto(delivery.Test("a-22", domain.PayloadV2, now)); v2.GetType() != "conversion.created" || v2.GetSequence() != 1 {
		t.Errorf("it is number %d, a %s", v2.GetSequence(), v2.GetType())
	}
	attempt := delivery.Attempt{Time: now.Add(time.Second), HTTPStatus: 410, Latency: 1500 * time.Millisecond, Error: "answered 410"}
	dead := deliveryToProto(d.GivenUp(attempt, now.Add(time.Minute)))
	if dead.GetState() != trackingv1.Delivery_DEAD || dead.DueTime != nil || !dead.GetFinishTime().AsTime().Equal(now.Add(time.Minute)) || dead.GetAttemptCount() != 1 {
		t.Errorf("dead: %v", dead)
	}
	if a := dead.GetAttempts()[0]; a.GetHttpStatus() != 410 || a.GetError() != "answered 410" || a.GetLatency().AsDuration() != attempt.Latency ||
		!a.GetAttemptTime().AsTime().Equal(attempt.Time) {
		t.Errorf("the attempt: %v", a)
	}
	if delivered := deliveryToProto(d.Delivered(delivery.Attempt{}, now)); delivered.GetState() != trackingv1.Delivery_DELIVERED {
		t.Errorf("delivered: %v", delivered)
	}
}

func TestDeliveryNames(t *testing.T) {
	t.Parallel()
	s := &deliveryServer{service: app.New(app.Config{Store: newStore(t), Publishers: oneOffer{}, Now: func() time.Time { return now }, Wake: func() {}})}
	for name, kind := range map[string]apperr.Kind{
		"": apperr.InvalidArgument, "deliveries/": apperr.InvalidArgument, "deliveries/a/b": apperr.InvalidArgument,
		"conversions/a": apperr.InvalidArgument, "deliveries/a": apperr.NotFound,
	} {
		if _, err := s.GetDelivery(t.Context(), &trackingv1.GetDeliveryRequest{Name: name}); !apperr.Is(err, kind) {
			t.Errorf("GetDelivery of %q: %v", name, err)
		}
		if _, err := s.ReplayDelivery(t.Context(), &trackingv1.ReplayDeliveryRequest{Name: name}); !apperr.Is(err, kind) {
			t.Errorf("ReplayDelivery of %q: %v", name, err)
		}
	}
	if _, err := s.TestDelivery(t.Context(), &trackingv1.TestDeliveryRequest{Publisher: "22"}); !apperr.Is(err, apperr.InvalidArgument) {
		t.Errorf("TestDelivery: %v", err)
	}
	if _, err := s.ReplayDeliveries(t.Context(), &trackingv1.ReplayDeliveriesRequest{}); !apperr.Is(err, apperr.InvalidArgument) {
		t.Errorf("ReplayDeliveries: %v", err)
	}
	if resp, err := s.ListDeliveries(t.Context(), &trackingv1.ListDeliveriesRequest{}); err != nil || len(resp.GetDeliveries()) != 0 {
		t.Errorf("ListDeliveries: %v, %v", resp, err)
	}
}
