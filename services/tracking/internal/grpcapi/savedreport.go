package grpcapi

import (
	"context"

	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/timestamppb"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/fieldmask"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/resource"
	"github.com/couponlink/couponlink/services/internal/resourcepage"
	"github.com/couponlink/couponlink/services/tracking/internal/app/calls"
	"github.com/couponlink/couponlink/services/tracking/internal/app/reporting"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
)

type savedReportServer struct {
	trackingv1.UnimplementedSavedReportServiceServer
	service *reporting.Service
	calls   *calls.Service
}

func (s *savedReportServer) CreateSavedReport(ctx context.Context, req *trackingv1.CreateSavedReportRequest) (*trackingv1.SavedReport, error) {
	report, err := savedReportOf(req.GetSavedReport())
	if err != nil {
		return nil, err
	}
	report.ID = req.GetSavedReportId()
	return written(ctx, s.calls, req, func(ctx context.Context) (*trackingv1.SavedReport, error) {
		return savedReport(s.service.CreateSavedReport(ctx, report))
	})
}

func (s *savedReportServer) GetSavedReport(ctx context.Context, req *trackingv1.GetSavedReportRequest) (*trackingv1.SavedReport, error) {
	id, err := resource.ParseSavedReport("name", req.GetName())
	if err != nil {
		return nil, err
	}
	return savedReport(s.service.SavedReport(ctx, id))
}

func (s *savedReportServer) ListSavedReports(ctx context.Context, req *trackingv1.ListSavedReportsRequest) (*trackingv1.ListSavedReportsResponse, error) {
	page := resourcepage.Of(savedReportToProto)
	_, next, err := s.service.SavedReports(ctx, listing.Request{PageToken: req.GetPageToken(), PageSize: req.GetPageSize(), Take: page.Take})
	if err != nil {
		return nil, err
	}
	return &trackingv1.ListSavedReportsResponse{SavedReports: page.Resources, NextPageToken: next}, nil
}

func (s *savedReportServer) UpdateSavedReport(ctx context.Context, req *trackingv1.UpdateSavedReportRequest) (*trackingv1.SavedReport, error) {
	report, err := savedReportOf(req.GetSavedReport())
	if err != nil {
		return nil, err
	}
	asked := fieldmask.Of(req.GetSavedReport(), req.GetUpdateMask())
	report.ID, err = resource.ParseSavedReport("saved_report.name", req.GetSavedReport().GetName())
	if err := apperr.Join(err, asked.Err()); err != nil {
		return nil, err
	}
	change := reporting.SavedReportChange{ETag: req.GetSavedReport().GetEtag(), Fields: asked.Fields()}
	return savedReport(s.service.UpdateSavedReport(ctx, report, change))
}

func (s *savedReportServer) DeleteSavedReport(ctx context.Context, req *trackingv1.DeleteSavedReportRequest) (*emptypb.Empty, error) {
	id, err := resource.ParseSavedReport("name", req.GetName())
	if err != nil {
		return nil, err
	}
	if err := s.service.DeleteSavedReport(ctx, id, req.GetEtag()); err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, nil
}

// savedReportOf reads the fields of a report that callers may set.
func savedReportOf(p *trackingv1.SavedReport) (rollup.SavedReport, error) {
	if p == nil {
		return rollup.SavedReport{}, apperr.Invalid("SAVED_REPORT_REQUIRED", "saved_report", "is missing")
	}
	report := rollup.SavedReport{
		DisplayName: p.GetDisplayName(), Columns: p.GetColumns(), Filter: p.GetFilter(), OrderBy: p.GetOrderBy(),
		StartDate: p.GetStartDate(), EndDate: p.GetEndDate(), GroupOrderBy: p.GetGroupOrderBy(),
	}
	if p.GetRange() != trackingv1.SavedReport_RANGE_UNSPECIFIED {
		report.Range = rollup.ReportRange(p.GetRange().String())
	}
	for _, dimension := range p.GetGroupBy() {
		report.GroupBy = append(report.GroupBy, rollup.Dimension(dimension))
	}
	return report, nil
}

func savedReport(report reporting.SavedReport, err error) (*trackingv1.SavedReport, error) {
	if err != nil {
		return nil, err
	}
	return savedReportToProto(report), nil
}

// savedReportToProto writes a report as the API shows it.
func savedReportToProto(r reporting.SavedReport) *trackingv1.SavedReport {
	p := &trackingv1.SavedReport{
		Name: resource.SavedReports + r.ID, DisplayName: r.DisplayName, Columns: r.Columns, Filter: r.Filter, OrderBy: r.OrderBy,
		Range:     trackingv1.SavedReport_Range(trackingv1.SavedReport_Range_value[string(r.Range)]),
		StartDate: r.StartDate, EndDate: r.EndDate, GroupOrderBy: r.GroupOrderBy,
		CurrentStartDate: r.CurrentStart, CurrentEndDate: r.CurrentEnd, CurrentFilter: r.CurrentFilter,
		CreateTime: timestamppb.New(r.CreateTime), UpdateTime: timestamppb.New(r.UpdateTime), Etag: reporting.SavedReportETag(r.SavedReport),
	}
	for _, dimension := range r.GroupBy {
		p.GroupBy = append(p.GroupBy, string(dimension))
	}
	return p
}
