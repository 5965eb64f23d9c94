package grpcapi

import (
	"context"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/pasted"
	"github.com/couponlink/couponlink/services/internal/resource"
	"github.com/couponlink/couponlink/services/tracking/internal/app/calls"
	"github.com/couponlink/couponlink/services/tracking/internal/app/erasure"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/privacy"
)

type privacyServer struct {
	trackingv1.UnimplementedPrivacyServiceServer
	service *erasure.Service
	calls   *calls.Service
}

func (s *privacyServer) ErasePersonalData(ctx context.Context, req *trackingv1.ErasePersonalDataRequest) (*trackingv1.ErasePersonalDataResponse, error) {
	of, err := subject(req)
	if err != nil {
		return nil, err
	}
	if err := (domain.By{Actor: req.GetActor()}).Check(); err != nil {
		return nil, err
	}
	return remembered(ctx, s.calls, req, func(ctx context.Context) (*trackingv1.ErasePersonalDataResponse, error) {
		result, err := s.service.Erase(ctx, of, req.GetActor(), req.GetValidateOnly())
		if err != nil {
			return nil, err
		}
		count := func(kind privacy.Kind) int64 { return int64(result.Counts[kind]) }
		return &trackingv1.ErasePersonalDataResponse{
			Clicks: count(privacy.Clicks), Conversions: count(privacy.Conversions), Postbacks: count(privacy.Postbacks),
			Deliveries: count(privacy.Deliveries), WaitingReports: count(privacy.Deferred), Reservations: count(privacy.Reservations), More: result.More,
		}, nil
	})
}

// subject reads whose data is erased.
func subject(req *trackingv1.ErasePersonalDataRequest) (of privacy.Subject, err error) {
	of = privacy.Subject{Click: pasted.Trim(req.GetClick()), TransactionID: pasted.Trim(req.GetTransactionId()), PubSubID: pasted.Trim(req.GetPubSubId())}
	named := 0
	for _, value := range []string{of.Click, of.TransactionID, of.PubSubID} {
		if value != "" {
			named++
		}
	}
	if named != 1 || of.Click == domain.ErasedText {
		return of, apperr.Invalid("INVALID_SUBJECT", "click", "send exactly one of click, transaction_id with offer, and pub_sub_id with publisher")
	}
	var found apperr.Findings
	if of.TransactionID != "" {
		of.Offer, err = resource.ParseOffer("offer", req.GetOffer())
		found.Add(err)
	}
	if of.PubSubID != "" {
		of.Publisher, err = resource.ParsePublisher("publisher", req.GetPublisher())
		found.Add(err)
	}
	return of, found.Err()
}
