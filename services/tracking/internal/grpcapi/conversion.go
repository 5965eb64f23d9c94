package grpcapi

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/internal/money/moneyproto"
	"github.com/couponlink/couponlink/services/internal/pasted"
	"github.com/couponlink/couponlink/services/internal/resource"
	"github.com/couponlink/couponlink/services/internal/resourcepage"
	"github.com/couponlink/couponlink/services/tracking/internal/app/attribution"
	"github.com/couponlink/couponlink/services/tracking/internal/app/conversions"
	"github.com/couponlink/couponlink/services/tracking/internal/app/reporting"
	"github.com/couponlink/couponlink/services/tracking/internal/app/review"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/partner"
)

type conversionServer struct {
	trackingv1.UnimplementedConversionServiceServer
	service     *attribution.Service
	review      *review.Service
	conversions *conversions.Service
	reports     *reporting.Service
}

func (s *conversionServer) RecordConversion(ctx context.Context, req *trackingv1.RecordConversionRequest) (*trackingv1.RecordConversionResponse, error) {
	report, err := reportFromProto(req, s.service.Now())
	if err != nil {
		return nil, err
	}
	verdict, err := s.service.Report(ctx, report, nil)
	if err != nil {
		return nil, err
	}
	return &trackingv1.RecordConversionResponse{
		Outcome:    trackingv1.RecordConversionResponse_Outcome(trackingv1.RecordConversionResponse_Outcome_value[string(verdict.Outcome)]),
		Conversion: conversionToProto(verdict.Conversion),
		Warnings:   verdict.Warnings,
		Message:    verdict.Message,
	}, nil
}

func (s *conversionServer) GetConversion(ctx context.Context, req *trackingv1.GetConversionRequest) (*trackingv1.Conversion, error) {
	id, err := resource.ParseConversion("name", req.GetName())
	if err != nil {
		return nil, err
	}
	conversion, err := s.conversions.Conversion(ctx, id)
	if err != nil {
		return nil, err
	}
	return conversionToProto(conversion), nil
}

func (s *conversionServer) ListConversions(ctx context.Context, req *trackingv1.ListConversionsRequest) (*trackingv1.ListConversionsResponse, error) {
	page := resourcepage.Of(conversionToProto)
	_, next, err := s.conversions.Conversions(ctx, listing.Request{
		Filter: req.GetFilter(), OrderBy: req.GetOrderBy(), PageToken: req.GetPageToken(), PageSize: req.GetPageSize(),
		Take: page.Take,
	})
	if err != nil {
		return nil, err
	}
	resp := &trackingv1.ListConversionsResponse{Conversions: page.Resources, NextPageToken: next}
	if req.GetIncludeTotals() {
		totals, err := s.reports.Totals(ctx, req.GetFilter())
		if err != nil {
			return nil, err
		}
		resp.Totals = figuresToProto(totals)
	}
	return resp, nil
}

// reportFromProto reads a report, with the same checks as for a postback's parameters.
func reportFromProto(req *trackingv1.RecordConversionRequest, now time.Time) (domain.Report, error) {
	r := domain.Report{
		ClickID: pasted.Trim(req.GetClick()), TransactionID: pasted.Trim(req.GetTransactionId()),
		IdempotencyKey: pasted.Trim(req.GetIdempotencyKey()),
		Reservation:    domain.ReservationID(pasted.Trim(req.GetReservationId())), Test: req.GetValidateOnly(), Event: domain.DefaultEvent, Trusted: true,
	}
	var found apperr.Findings
	found.Add(checkReferences(&r))
	found.Add(partner.ReadCodes(&r, "coupon_code", []string{req.GetCouponCode()}))
	found.Add(partner.ReadCodes(&r, "codes", req.GetCodes()))
	var err error
	if req.GetOffer() != "" {
		r.Offer, err = resource.ParseOffer("offer", req.GetOffer())
		found.Add(err)
	}
	if req.GetPublisher() != "" {
		r.Publisher, err = resource.ParsePublisher("publisher", req.GetPublisher())
		found.Add(err)
	}
	if req.GetEvent() != "" {
		if err := r.SetEvent(pasted.Trim(req.GetEvent())); err != nil {
			found.Add(apperr.Invalid("INVALID_EVENT", "event", "%s", err))
		}
	}
	if req.GetAmount() != nil {
		r.Amount, err = amountFromProto("amount", req.GetAmount())
		found.Add(err)
		r.HasAmount = true
	}
	if req.GetDiscount() != nil {
		found.Add(readDiscount(&r, req.GetDiscount()))
	}
	if req.GetConversionTime() != nil {
		if r.Time, err = saleTime(req.GetConversionTime(), now); err != nil {
			found.Add(apperr.Invalid("INVALID_CONVERSION_TIME", "conversion_time", "%s", err))
		}
	}
	return r, found.Err()
}

// checkReferences checks a report's click id and the keys that identify its repeats, and drops unfilled values.
func checkReferences(r *domain.Report) error {
	var found apperr.Findings
	for _, key := range []struct{ field, value string }{{"transaction_id", r.TransactionID}, {"idempotency_key", r.IdempotencyKey}} {
		found.Add(partner.CheckKey(key.field, key.value))
	}
	found.Add(domain.CheckText("reservation_id", r.Reservation))
	if err := domain.CheckText("click", r.ClickID); err != nil {
		found.Add(err)
	} else if partner.Unfilled(r.ClickID) {
		r.Warnings = append(r.Warnings, partner.LeftOut("click", r.ClickID))
		r.ClickID = ""
	}
	return found.Err()
}

// readDiscount reads what the shopper saved. It is in the amount's currency; naming it once is enough.
func readDiscount(r *domain.Report, p *couponv1.Money) error {
	discount, err := amountFromProto("discount", p)
	if err != nil {
		return err
	}
	if discount.Currency != "" && r.Amount.Currency != "" && discount.Currency != r.Amount.Currency {
		return apperr.Invalid("CURRENCY_MISMATCH", "discount.currency_code", "is %s, but the amount is in %s", discount.Currency, r.Amount.Currency)
	}
	if r.Amount.Currency == "" {
		r.Amount.Currency = discount.Currency
	}
	discount.Currency = ""
	r.HasDiscount, r.Discount = true, discount
	return nil
}

// amountFromProto reads an amount in a field. Without a currency, it is in the offer's.
func amountFromProto(field string, p *couponv1.Money) (money.Money, error) {
	m := moneyproto.Money(p)
	var found apperr.Findings
	if m.Currency != "" {
		code, err := money.ParseCurrency(m.Currency)
		if err != nil {
			found.Add(apperr.Invalid("INVALID_CURRENCY", field+".currency_code", "%s", err))
		}
		m.Currency = code
	}
	if err := m.CheckAmount(); err != nil {
		found.Add(apperr.Invalid(domain.InvalidReason(field), field, "%s", err))
	}
	return m, found.Err()
}

// saleTime reads the time of a sale that is reported now.
func saleTime(p *timestamppb.Timestamp, now time.Time) (time.Time, error) {
	if err := partner.CheckUnixSeconds(p.GetSeconds()); err != nil {
		return time.Time{}, err
	}
	if err := p.CheckValid(); err != nil {
		return time.Time{}, err
	}
	t := p.AsTime().Truncate(time.Millisecond)
	return t, partner.CheckSaleTime(t, now)
}

func conversionToProto(c domain.Conversion) *trackingv1.Conversion {
	p := &trackingv1.Conversion{
		Name:           resource.Conversion(c.ID),
		Offer:          resource.Offer(c.Offer),
		Coupon:         c.Coupon,
		CouponCode:     c.CouponCode,
		Codes:          c.Codes.List(),
		Click:          c.Click,
		TransactionId:  c.TransactionID,
		Event:          c.Event,
		Amount:         moneyproto.OfMoney(c.Amount),
		Discount:       moneyproto.OfMoney(c.Discount),
		Payout:         moneyproto.OfMoney(c.Payout),
		Revenue:        moneyproto.OfMoney(c.Revenue),
		Status:         trackingv1.Conversion_Status(trackingv1.Conversion_Status_value[string(c.Status)]),
		Outcome:        trackingv1.Conversion_Outcome(trackingv1.Conversion_Outcome_value[string(c.Outcome)]),
		Method:         trackingv1.Conversion_Method(trackingv1.Conversion_Method_value[string(c.Method)]),
		Reason:         reasonToProto(c.Reason),
		Explanation:    c.Explanation,
		Candidates:     c.Candidates,
		PubUnique1:     c.PubUniques[0],
		PubUnique2:     c.PubUniques[1],
		PubUnique3:     c.PubUniques[2],
		PubUnique4:     c.PubUniques[3],
		PubUnique5:     c.PubUniques[4],
		PubClickId:     c.PubClickID,
		PubSubId:       c.PubSubID,
		ConversionTime: timestamppb.New(c.ConversionTime),
		CreateTime:     timestamppb.New(c.CreateTime),
		Undeduplicated: c.Undeduplicated,
		Decision:       decisionToProto(c.Basis),
		RefundedAmount: moneyproto.OfMoney(c.Refunded),
		StatusReason:   c.StatusReason,
		UpdateTime:     timestamppb.New(c.UpdateTime),
		Etag:           conversions.ETag(c),
		Changes:        changesToProto(c.Changes),
		Conflicts:      conflictsToProto(c.Conflicts),
		Conflicted:     c.Conflicted,
		Postback:       resource.Name(resource.Postbacks, c.Postback),
	}
	p.Publisher = resource.Name(resource.Publishers, c.Publisher)
	return p
}
