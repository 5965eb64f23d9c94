package grpcapi

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/resource"
	"github.com/couponlink/couponlink/services/internal/resourcepage"
	"github.com/couponlink/couponlink/services/tracking/internal/app/attribution"
	"github.com/couponlink/couponlink/services/tracking/internal/app/calls"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

type postbackServer struct {
	trackingv1.UnimplementedPostbackServiceServer
	service *attribution.Service
	calls   *calls.Service
}

func (s *postbackServer) GetPostback(ctx context.Context, req *trackingv1.GetPostbackRequest) (*trackingv1.Postback, error) {
	id, err := resource.ParsePostback("name", req.GetName())
	if err != nil {
		return nil, err
	}
	postback, err := s.service.Postback(ctx, id)
	if err != nil {
		return nil, err
	}
	return postbackToProto(postback), nil
}

func (s *postbackServer) ListPostbacks(ctx context.Context, req *trackingv1.ListPostbacksRequest) (*trackingv1.ListPostbacksResponse, error) {
	page := resourcepage.Of(postbackToProto)
	_, next, err := s.service.Postbacks(ctx, listing.Request{
		Filter: req.GetFilter(), OrderBy: req.GetOrderBy(), PageToken: req.GetPageToken(), PageSize: req.GetPageSize(),
		Take: page.Take,
	})
	if err != nil {
		return nil, err
	}
	return &trackingv1.ListPostbacksResponse{Postbacks: page.Resources, NextPageToken: next}, nil
}

func (s *postbackServer) ReplayPostback(ctx context.Context, req *trackingv1.ReplayPostbackRequest) (*trackingv1.ReplayResult, error) {
	id, err := resource.ParsePostback("name", req.GetName())
	if err != nil {
		return nil, err
	}
	return remembered(ctx, s.calls, req, func(ctx context.Context) (*trackingv1.ReplayResult, error) {
		result, err := s.service.Replay(ctx, id, attribution.ReplayOrder{DryRun: req.GetValidateOnly(), Actor: req.GetActor()})
		if err != nil {
			return nil, err
		}
		return replayToProto(id, result), nil
	})
}

// ReplayPostbacks sends the results as they come, and then the totals, which alone are remembered.
func (s *postbackServer) ReplayPostbacks(req *trackingv1.ReplayPostbacksRequest, stream grpc.ServerStreamingServer[trackingv1.ReplayPostbacksResponse]) error {
	totals, err := remembered(stream.Context(), s.calls, req, func(ctx context.Context) (*trackingv1.ReplayPostbacksResponse, error) {
		return s.replayAll(ctx, req, stream.Send)
	})
	if err != nil {
		return err
	}
	return stream.Send(totals)
}

// replayAll replays postbacks, sends the results, and returns the totals.
func (s *postbackServer) replayAll(
	ctx context.Context, req *trackingv1.ReplayPostbacksRequest, send func(*trackingv1.ReplayPostbacksResponse) error,
) (*trackingv1.ReplayPostbacksResponse, error) {
	var total trackingv1.ReplayPostbacksResponse
	order := attribution.ReplayOrder{DryRun: req.GetValidateOnly(), Actor: req.GetActor()}
	err := s.service.ReplayAll(ctx, req.GetFilter(), order, func(results []attribution.Replayed) error {
		total.Results = nil
		for _, r := range results {
			count(&total, r.Result.Outcome)
			if r.Result.Outcome != domain.ReplayUnchanged {
				total.Results = append(total.Results, replayToProto(r.Postback, r.Result))
			}
		}
		return send(progress(&total, false))
	})
	if err != nil {
		return nil, err
	}
	total.Results = nil
	return progress(&total, true), nil
}

// count adds one replay to the totals.
func count(total *trackingv1.ReplayPostbacksResponse, outcome domain.ReplayOutcome) {
	total.ReplayedCount++
	switch outcome {
	case domain.ReplayAttributed:
		total.AttributedCount++
	case domain.ReplayRecorded:
		total.RecordedCount++
	case domain.ReplayUnchanged:
		total.UnchangedCount++
	case domain.ReplayRefused:
		total.RefusedCount++
	}
}

// progress returns a copy of total, since a message that was sent may still be read.
func progress(total *trackingv1.ReplayPostbacksResponse, done bool) *trackingv1.ReplayPostbacksResponse {
	return &trackingv1.ReplayPostbacksResponse{
		Results: total.GetResults(), ReplayedCount: total.GetReplayedCount(), AttributedCount: total.GetAttributedCount(),
		RecordedCount: total.GetRecordedCount(), UnchangedCount: total.GetUnchangedCount(), RefusedCount: total.GetRefusedCount(), Done: done,
	}
}

func postbackToProto(p domain.Postback) *trackingv1.Postback {
	out := &trackingv1.Postback{
		Name:          resource.Postbacks + p.ID,
		Offer:         resource.Name(resource.Offers, p.Offer),
		Conversion:    resource.Name(resource.Conversions, p.Conversion),
		Outcome:       trackingv1.Postback_Outcome(trackingv1.Postback_Outcome_value[string(p.Outcome)]),
		Reason:        p.Reason,
		Message:       p.Message,
		HttpStatus:    int32(p.HTTPStatus), //nolint:gosec // three digits
		Method:        p.Method,
		Parameters:    p.Parameters,
		CouponCode:    p.CouponCode,
		TransactionId: p.TransactionID,
		Ip:            p.IP,
		Authenticated: p.Authenticated,
		CreateTime:    timestamppb.New(p.Time),
		Duration:      durationpb.New(p.Duration),
		Warnings:      p.Warnings,
		Body:          p.Body,
		ContentType:   p.ContentType,
	}
	if p.Replay != nil {
		out.Replay = replayToProto(p.ID, *p.Replay)
	}
	return out
}

func replayToProto(postback string, r domain.Replay) *trackingv1.ReplayResult {
	out := &trackingv1.ReplayResult{
		Postback:   resource.Postbacks + postback,
		Outcome:    trackingv1.ReplayResult_Outcome(trackingv1.ReplayResult_Outcome_value[string(r.Outcome)]),
		Reason:     r.Reason,
		Message:    r.Message,
		Conversion: resource.Name(resource.Conversions, r.Conversion),
		Publisher:  resource.Name(resource.Publishers, r.Publisher),
	}
	if !r.Time.IsZero() {
		out.ReplayTime = timestamppb.New(r.Time)
	}
	return out
}
