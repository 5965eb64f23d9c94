package grpcapi

import (
	"context"
	"math"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/couponcode"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/pasted"
	"github.com/couponlink/couponlink/services/internal/resource"
	"github.com/couponlink/couponlink/services/internal/resourcepage"
	"github.com/couponlink/couponlink/services/tracking/internal/app/calls"
	"github.com/couponlink/couponlink/services/tracking/internal/app/reservations"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/partner"
)

type reservationServer struct {
	trackingv1.UnimplementedReservationServiceServer
	service *reservations.Service
	calls   *calls.Service
}

func (s *reservationServer) ReserveCoupon(ctx context.Context, req *trackingv1.ReserveCouponRequest) (*trackingv1.ReserveCouponResponse, error) {
	order, err := reservationOrder(req)
	if err != nil {
		return nil, err
	}
	return once(ctx, s.calls, req, func(ctx context.Context) (func(context.Context) (*trackingv1.ReserveCouponResponse, error), error) {
		reserve, err := s.service.Prepare(ctx, order)
		return func(ctx context.Context) (*trackingv1.ReserveCouponResponse, error) {
			r, err := reserve(ctx)
			if err != nil {
				return nil, err
			}
			return &trackingv1.ReserveCouponResponse{Reservation: resource.Reservations + r.ID, ExpireTime: timestamppb.New(r.ExpireTime), Coupon: r.Coupon}, nil
		}, err
	})
}

func (s *reservationServer) GetReservation(ctx context.Context, req *trackingv1.GetReservationRequest) (*trackingv1.Reservation, error) {
	return s.named(ctx, req.GetName(), s.service.Reservation)
}

func (s *reservationServer) ListReservations(ctx context.Context, req *trackingv1.ListReservationsRequest) (*trackingv1.ListReservationsResponse, error) {
	offer, publisher, code, err := resource.ParseCoupon("parent", req.GetParent())
	if err != nil {
		return nil, err
	}
	now := s.service.Now()
	page := resourcepage.Of(func(r domain.Reservation) *trackingv1.Reservation { return reservationToProto(r, now) })
	_, next, all, err := s.service.Held(ctx, resource.Coupon(offer, publisher, code), listing.Request{
		Parent: req.GetParent(), PageToken: req.GetPageToken(), PageSize: req.GetPageSize(), Take: page.Take,
	})
	if err != nil {
		return nil, err
	}
	return &trackingv1.ListReservationsResponse{
		Reservations: page.Resources, NextPageToken: next, TotalSize: int32(min(all, math.MaxInt32)), //nolint:gosec // it is at most that
	}, nil
}

func (s *reservationServer) ReleaseReservation(ctx context.Context, req *trackingv1.ReleaseReservationRequest) (*trackingv1.Reservation, error) {
	return written(ctx, s.calls, req, func(ctx context.Context) (*trackingv1.Reservation, error) {
		return s.named(ctx, req.GetName(), s.service.Release)
	})
}

func (s *reservationServer) CheckLimits(ctx context.Context, req *trackingv1.CheckLimitsRequest) (*trackingv1.CheckLimitsResponse, error) {
	var found apperr.Findings
	offer, publisher, code, err := resource.ParseCoupon("coupon", req.GetCoupon())
	found.Add(err)
	limits := domain.Limits{Total: req.GetUsageLimit(), Daily: req.GetDailyUsageLimit()}
	for _, limit := range []struct {
		field string
		is    int64
	}{{"usage_limit", limits.Total}, {"daily_usage_limit", limits.Daily}} {
		if limit.is < 0 {
			found.Add(apperr.Invalid("INVALID_"+strings.ToUpper(limit.field), limit.field, "%d is below zero", limit.is))
		}
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	left, err := s.service.Left(ctx, resource.Coupon(offer, publisher, code), code, req.GetEtag(), limits)
	if err != nil {
		return nil, err
	}
	return &trackingv1.CheckLimitsResponse{Reached: !left}, nil
}

// named answers with what do returns for the reservation with a name.
func (s *reservationServer) named(
	ctx context.Context, name string, do func(context.Context, string) (domain.Reservation, error),
) (*trackingv1.Reservation, error) {
	id, err := resource.ParseReservation("name", name)
	if err != nil {
		return nil, err
	}
	r, err := do(ctx, id)
	if err != nil {
		return nil, err
	}
	return reservationToProto(r, s.service.Now()), nil
}

// reservationOrder reads what to reserve.
func reservationOrder(req *trackingv1.ReserveCouponRequest) (o reservations.Order, err error) {
	o = reservations.Order{ID: pasted.Trim(req.GetReservationId()), Code: pasted.Trim(req.GetCode()), TransactionID: pasted.Trim(req.GetTransactionId())}
	var found apperr.Findings
	if !couponcode.Is(o.Code) {
		found.Add(apperr.Invalid("INVALID_CODE", "code", "%s is not 3 to 64 letters and digits", pasted.Quote(o.Code)))
	}
	if req.GetOffer() != "" {
		o.Offer, err = resource.ParseOffer("offer", req.GetOffer())
		found.Add(err)
	}
	if req.GetPublisher() != "" {
		o.Publisher, err = resource.ParsePublisher("publisher", req.GetPublisher())
		found.Add(err)
	}
	if o.ID != "" {
		if err := domain.CheckReservationID(o.ID); err != nil {
			found.Add(apperr.Invalid("INVALID_RESERVATION_ID", "reservation_id", "%s", err))
		}
	}
	if ttl := req.GetTtl(); ttl != nil {
		o.TTL = ttl.AsDuration()
		if ttl.CheckValid() != nil || o.TTL < time.Second || o.TTL > domain.MaxReservationTTL {
			found.Add(apperr.Invalid("INVALID_TTL", "ttl", "%s is not %s to %s", o.TTL, time.Second, domain.MaxReservationTTL))
		}
	}
	found.Add(partner.CheckKey("transaction_id", o.TransactionID))
	return o, found.Err()
}

// reservationToProto writes a reservation as it is at a time.
func reservationToProto(r domain.Reservation, now time.Time) *trackingv1.Reservation {
	return &trackingv1.Reservation{
		Name: resource.Reservations + r.ID, Coupon: r.Coupon, TransactionId: r.TransactionID,
		State:      trackingv1.Reservation_State(trackingv1.Reservation_State_value[string(r.StateAt(now))]),
		Conversion: resource.Name(resource.Conversions, r.Conversion), CreateTime: timestamppb.New(r.CreateTime), ExpireTime: timestamppb.New(r.ExpireTime),
	}
}
