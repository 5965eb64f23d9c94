package grpcapi

import (
	"context"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/coupon/internal/app"
	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/fieldmask"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/money/moneyproto"
	"github.com/couponlink/couponlink/services/internal/resource"
	"github.com/couponlink/couponlink/services/internal/resourcepage"
)

type approvalServer struct {
	couponv1.UnimplementedApprovalServiceServer
	flow *app.Service
}

// CreateApproval records that a publisher asks to promote an offer.
func (s *approvalServer) CreateApproval(ctx context.Context, req *couponv1.CreateApprovalRequest) (*couponv1.Approval, error) {
	return once(ctx, s, req, (*approvalServer).createApproval)
}

func (s *approvalServer) createApproval(ctx context.Context, req *couponv1.CreateApprovalRequest) (*couponv1.Approval, error) {
	offer, offerErr := resource.ParseOffer("parent", req.GetParent())
	publisher, publisherErr := resource.ParsePublisher("publisher", req.GetPublisher())
	if err := apperr.Join(offerErr, publisherErr); err != nil {
		return nil, err
	}
	return approvalAnswer(s.flow.CreateApproval(ctx, offer, publisher))
}

// GetApproval returns the approval of a publisher on an offer.
func (s *approvalServer) GetApproval(ctx context.Context, req *couponv1.GetApprovalRequest) (*couponv1.Approval, error) {
	return byApprovalName(ctx, req.GetName(), s.flow.Approval)
}

// ApprovePublisher approves a publisher on an offer.
func (s *approvalServer) ApprovePublisher(ctx context.Context, req *couponv1.ApprovePublisherRequest) (*couponv1.Approval, error) {
	return once(ctx, s, req, (*approvalServer).approvePublisher)
}

func (s *approvalServer) approvePublisher(ctx context.Context, req *couponv1.ApprovePublisherRequest) (*couponv1.Approval, error) {
	return byApprovalName(ctx, req.GetName(), s.flow.ApprovePublisher)
}

// BlockPublisher blocks a publisher on an offer.
func (s *approvalServer) BlockPublisher(ctx context.Context, req *couponv1.BlockPublisherRequest) (*couponv1.Approval, error) {
	return once(ctx, s, req, (*approvalServer).blockPublisher)
}

func (s *approvalServer) blockPublisher(ctx context.Context, req *couponv1.BlockPublisherRequest) (*couponv1.Approval, error) {
	return byApprovalName(ctx, req.GetName(), s.flow.BlockPublisher)
}

// UpdateApproval changes what a publisher earns on an offer.
func (s *approvalServer) UpdateApproval(ctx context.Context, req *couponv1.UpdateApprovalRequest) (*couponv1.Approval, error) {
	if req.GetApproval() == nil {
		return nil, missing("approval", "INVALID_APPROVAL")
	}
	offer, publisher, err := resource.ParseApproval("name", req.GetApproval().GetName())
	if err != nil {
		return nil, err
	}
	change := fieldmask.Of(req.GetApproval(), req.GetUpdateMask())
	draft := func(current domain.Approval) (domain.Approval, error) {
		merged, maskErr := change.Merge(approvalProto(&current))
		merged.Payout = withoutOldCap(merged.GetPayout(), req.GetApproval().GetPayout())
		payout, err := payoutOf("payout", "INVALID_PAYOUT", merged.GetPayout())
		return domain.Approval{Payout: payout}, apperr.Join(maskErr, err)
	}
	return approvalAnswer(s.flow.UpdateApproval(ctx, offer, publisher, draft, update(change, req.GetApproval(), req.GetValidateOnly())))
}

// ListApprovals returns a page of approvals.
func (s *approvalServer) ListApprovals(ctx context.Context, req *couponv1.ListApprovalsRequest) (*couponv1.ListApprovalsResponse, error) {
	offer, err := resource.ParseParent(req.GetParent())
	if err != nil {
		return nil, err
	}
	page := resourcepage.Of(func(a domain.Approval) *couponv1.Approval { return approvalProto(&a) })
	_, next, err := s.flow.Approvals(ctx, offer, listing.Request{
		Parent: req.GetParent(), Filter: req.GetFilter(), OrderBy: req.GetOrderBy(), PageToken: req.GetPageToken(), PageSize: req.GetPageSize(),
		Take: page.Take,
	})
	if err != nil {
		return nil, err
	}
	return &couponv1.ListApprovalsResponse{Approvals: page.Resources, NextPageToken: next}, nil
}

// byApprovalName calls do with the ids in an approval's name, and returns the resulting approval.
func byApprovalName(
	ctx context.Context, name string, do func(ctx context.Context, offer, publisher string) (domain.Approval, error),
) (*couponv1.Approval, error) {
	offer, publisher, err := resource.ParseApproval("name", name)
	if err != nil {
		return nil, err
	}
	return approvalAnswer(do(ctx, offer, publisher))
}

func approvalAnswer(approval domain.Approval, err error) (*couponv1.Approval, error) {
	if err != nil {
		return nil, err
	}
	return approvalProto(&approval), nil
}

func approvalProto(a *domain.Approval) *couponv1.Approval {
	name := resource.Approval(a.Offer, a.Publisher)
	return &couponv1.Approval{
		Name:       name,
		Offer:      resource.Offer(a.Offer),
		Publisher:  resource.Publisher(a.Publisher),
		State:      approvalState(a.State),
		Source:     couponv1.Approval_Source(couponv1.Approval_Source_value[string(a.Source)]),
		Payout:     moneyproto.OfPayout(a.Payout),
		CreateTime: stamp(a.CreateTime),
		UpdateTime: stamp(a.UpdateTime),
		Etag:       domain.Etag(name, a.Revision),
	}
}

func approvalState(state domain.ApprovalState) couponv1.Approval_State {
	return couponv1.Approval_State(couponv1.Approval_State_value[string(state)])
}
