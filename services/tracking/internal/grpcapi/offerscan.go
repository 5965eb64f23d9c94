package grpcapi

import (
	"context"

	"google.golang.org/protobuf/types/known/timestamppb"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/resource"
	"github.com/couponlink/couponlink/services/internal/resourcepage"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/redirect"
)

func (s *scanServer) CreateOfferScan(ctx context.Context, req *trackingv1.CreateOfferScanRequest) (*trackingv1.OfferScan, error) {
	offer, err := resource.ParseOffer("parent", req.GetParent())
	if err != nil {
		return nil, err
	}
	asked := req.GetOfferScan()
	visitor, err := visitorOf("offer_scan.", asked.GetDevice(), asked.GetLanguage())
	if err != nil {
		return nil, err
	}
	scan := redirect.OfferScan{Offer: offer, Device: redirect.Desktop, Language: visitor.Language}
	if visitor.Phone {
		scan.Device = redirect.Phone
	}
	return once(ctx, s.calls, req, func(ctx context.Context) (func(context.Context) (*trackingv1.OfferScan, error), error) {
		start, err := s.service.PrepareOfferScan(ctx, scan)
		return func(ctx context.Context) (*trackingv1.OfferScan, error) { return offerScan(start(ctx)) }, err
	})
}

func (s *scanServer) GetOfferScan(ctx context.Context, req *trackingv1.GetOfferScanRequest) (*trackingv1.OfferScan, error) {
	offer, id, err := resource.ParseScan("name", req.GetName())
	if err != nil {
		return nil, err
	}
	return offerScan(s.service.OfferScan(ctx, offer, id))
}

func (s *scanServer) CancelOfferScan(ctx context.Context, req *trackingv1.CancelOfferScanRequest) (*trackingv1.OfferScan, error) {
	offer, id, err := resource.ParseScan("name", req.GetName())
	if err != nil {
		return nil, err
	}
	return written(ctx, s.calls, req, func(ctx context.Context) (*trackingv1.OfferScan, error) {
		return offerScan(s.service.CancelOfferScan(ctx, offer, id))
	})
}

func (s *scanServer) ListOfferScans(ctx context.Context, req *trackingv1.ListOfferScansRequest) (*trackingv1.ListOfferScansResponse, error) {
	offer := ""
	if req.GetParent() != "offers/-" {
		var err error
		if offer, err = resource.ParseOffer("parent", req.GetParent()); err != nil {
			return nil, err
		}
	}
	page := resourcepage.Of(offerScanToProto)
	_, next, err := s.service.OfferScans(ctx, offer, listing.Request{
		Parent: req.GetParent(), PageToken: req.GetPageToken(), PageSize: req.GetPageSize(),
		Take: page.Take,
	})
	if err != nil {
		return nil, err
	}
	return &trackingv1.ListOfferScansResponse{OfferScans: page.Resources, NextPageToken: next}, nil
}

func (s *scanServer) ListOfferScanResults(ctx context.Context, req *trackingv1.ListOfferScanResultsRequest) (*trackingv1.ListOfferScanResultsResponse, error) {
	offer, id, err := resource.ParseScan("parent", req.GetParent())
	if err != nil {
		return nil, err
	}
	page := resourcepage.Of(scanResultToProto)
	_, next, err := s.service.OfferScanResults(ctx, offer, id, listing.Request{
		Parent: req.GetParent(), Filter: req.GetFilter(), PageToken: req.GetPageToken(), PageSize: req.GetPageSize(),
		Take: page.Take,
	})
	if err != nil {
		return nil, err
	}
	return &trackingv1.ListOfferScanResultsResponse{OfferScanResults: page.Resources, NextPageToken: next}, nil
}

func scanResultToProto(r redirect.OfferScanResult) *trackingv1.OfferScanResult {
	return &trackingv1.OfferScanResult{
		Coupon: r.Coupon, TrackingLink: r.TrackingLink, Ok: r.OK(), Problems: problemsToProto(r.Problems),
		FinalUrl: toText(r.FinalURL), HopCount: int32(r.HopCount), ScanTime: timestamppb.New(r.ScanTime), //nolint:gosec // ten at most
	}
}

func offerScan(scan redirect.OfferScan, err error) (*trackingv1.OfferScan, error) {
	if err != nil {
		return nil, err
	}
	return offerScanToProto(scan), nil
}

func offerScanToProto(s redirect.OfferScan) *trackingv1.OfferScan {
	p := &trackingv1.OfferScan{
		Name:      resource.Scan(s.Offer, s.ID),
		State:     trackingv1.OfferScan_State(trackingv1.OfferScan_State_value[string(s.State)]),
		Device:    trackingv1.ScanLinkRequest_Device(trackingv1.ScanLinkRequest_Device_value[string(s.Device)]),
		Language:  s.Language,
		LinkCount: int32(s.LinkCount), ScannedCount: int32(s.ScannedCount), ErrorCount: int32(s.ErrorCount), WarningCount: int32(s.WarningCount), //nolint:gosec // they are listed in memory
		CreateTime: timestamppb.New(s.CreateTime),
	}
	if !s.EndTime.IsZero() {
		p.EndTime = timestamppb.New(s.EndTime)
	}
	return p
}
