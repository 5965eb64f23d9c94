package grpcapi

import (
	"context"
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/internal/money/moneyproto"
	"github.com/couponlink/couponlink/services/internal/resource"
	"github.com/couponlink/couponlink/services/internal/resourcepage"
	"github.com/couponlink/couponlink/services/tracking/internal/app/reporting"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
)

func (s *reportServer) SummarizeConversions(ctx context.Context, req *trackingv1.SummarizeConversionsRequest) (*trackingv1.SummarizeConversionsResponse, error) {
	groupBy, err := dimensions(req.GetGroupBy())
	if err != nil {
		return nil, err
	}
	summary, err := s.service.Summarize(ctx, reporting.SummaryRequest{
		GroupBy: groupBy, StartDate: req.GetStartDate(), EndDate: req.GetEndDate(),
		Filter: req.GetFilter(), OrderBy: req.GetOrderBy(), MaxRows: req.GetMaxRows(),
	})
	if err != nil {
		return nil, err
	}
	answer := &trackingv1.SummarizeConversionsResponse{
		Rows: make([]*trackingv1.SummaryRow, len(summary.Rows)), RowCount: int32(summary.RowCount), //nolint:gosec // rows fit in memory
		Totals: figuresToProto(summary.Totals), CountTime: timestamppb.New(summary.Counted), TimeZone: summary.Zone,
	}
	for i := range summary.Rows {
		answer.Rows[i] = summaryRowToProto(&summary.Rows[i], groupBy)
	}
	return answer, nil
}

// dimensions reads what to group by.
func dimensions(asked []trackingv1.SummarizeConversionsRequest_Dimension) ([]rollup.Dimension, error) {
	var groupBy []rollup.Dimension
	for _, d := range asked {
		if named := d.Descriptor().Values().ByNumber(d.Number()); named == nil || d == trackingv1.SummarizeConversionsRequest_DIMENSION_UNSPECIFIED {
			return nil, apperr.Invalid("INVALID_GROUP_BY", "group_by", "%s is no dimension; they are DAY, WEEK, MONTH, OFFER, PUBLISHER, COUPON_CODE, STATUS and METHOD", d)
		}
		groupBy = append(groupBy, rollup.Dimension(d.String()))
	}
	return groupBy, nil
}

func summaryRowToProto(row *reporting.SummaryRow, groupBy []rollup.Dimension) *trackingv1.SummaryRow {
	p := &trackingv1.SummaryRow{
		Offer: resource.Name(resource.Offers, row.Offer), Publisher: resource.Name(resource.Publishers, row.Publisher), CouponCode: row.CouponCode,
		Status: trackingv1.Conversion_Status(trackingv1.Conversion_Status_value[string(row.Status)]),
		Method: trackingv1.Conversion_Method(trackingv1.Conversion_Method_value[string(row.Method)]), Figures: figuresToProto(row.Figures),
	}
	if slices.ContainsFunc(groupBy, rollup.Dimension.OfTime) {
		p.Date = row.Date.String()
	}
	return p
}

func figuresToProto(f rollup.Figures) *trackingv1.Figures {
	p := &trackingv1.Figures{
		Clicks: f.Clicks(), Conversions: f.Conversions(), ConversionsWithoutClick: f.Clickless(),
		Amounts: moneysToProto(f.Amounts()), Discounts: moneysToProto(f.Discounts()), RefundedAmounts: moneysToProto(f.Refunded()),
		Payouts: moneysToProto(f.Payouts()), Revenues: moneysToProto(f.Revenues()),
	}
	if f.Clicks() > 0 {
		p.ConversionRate = proto.Float64(float64(f.Conversions()) / float64(f.Clicks()))
	}
	if f.Conversions() > 0 {
		p.ShareWithoutClick = proto.Float64(float64(f.Clickless()) / float64(f.Conversions()))
	}
	return p
}

func moneysToProto(sums []money.Money) []*couponv1.Money {
	all := make([]*couponv1.Money, len(sums))
	for i, sum := range sums {
		all[i] = moneyproto.OfMoney(sum)
	}
	return all
}

func (s *reportServer) RecountSummaries(ctx context.Context, req *trackingv1.RecountSummariesRequest) (*trackingv1.RecountSummariesResponse, error) {
	return remembered(ctx, s.calls, req, func(ctx context.Context) (*trackingv1.RecountSummariesResponse, error) {
		result, err := s.service.Recount(ctx, reporting.RecountRequest{
			StartDate: req.GetStartDate(), EndDate: req.GetEndDate(), ValidateOnly: req.GetValidateOnly(),
		})
		if err != nil {
			return nil, err
		}
		return &trackingv1.RecountSummariesResponse{Counted: result.Counted, Differing: result.Differing, Differences: result.Differences}, nil
	})
}

func (s *reportServer) ListLeakedCodes(ctx context.Context, req *trackingv1.ListLeakedCodesRequest) (*trackingv1.ListLeakedCodesResponse, error) {
	page := resourcepage.Of(leakToProto)
	_, next, err := s.service.Leaks(ctx, reporting.LeakRequest{
		Offer: req.GetOffer(), RecentDays: req.GetRecentDays(), BaselineDays: req.GetBaselineDays(), MinConversions: req.GetMinConversions(),
		PageSize: req.GetPageSize(), PageToken: req.GetPageToken(), Take: page.Take,
	})
	if err != nil {
		return nil, err
	}
	return &trackingv1.ListLeakedCodesResponse{LeakedCodes: page.Resources, NextPageToken: next}, nil
}

func leakToProto(leak rollup.Leak) *trackingv1.LeakedCode {
	return &trackingv1.LeakedCode{
		Offer: resource.Name(resource.Offers, leak.Offer), Publisher: resource.Name(resource.Publishers, leak.Publisher), CouponCode: leak.CouponCode,
		RecentConversions: leak.Recent.Conversions, RecentShareWithoutClick: leak.Recent.Of(),
		BaselineConversions: leak.Baseline.Conversions, BaselineShareWithoutClick: leak.Baseline.Of(), ComparedWithOffer: leak.ByOffer,
	}
}
