// Package grpcapi serves the coupon service over gRPC. It only converts between proto messages and the
// domain's types. It returns the errors of the use cases as they are; the server's interceptor maps them to
// statuses.
//
// Only the coupon service's wiring imports it.
package grpcapi

import (
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	accessv1 "github.com/couponlink/couponlink/gen/go/couponlink/access/v1"
	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/coupon/internal/app"
	"github.com/couponlink/couponlink/services/coupon/internal/app/keys"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/fieldmask"
)

// Register registers the coupon service's gRPC services.
func Register(reg grpc.ServiceRegistrar, s *app.Service, k *keys.Service, about About) {
	coupons := couponView{publicURL: about.PublicURL}
	couponv1.RegisterOfferServiceServer(reg, &offerServer{flow: s})
	couponv1.RegisterPublisherServiceServer(reg, &publisherServer{flow: s})
	couponv1.RegisterApprovalServiceServer(reg, &approvalServer{flow: s})
	couponv1.RegisterCouponServiceServer(reg, &couponServer{flow: s, view: coupons})
	couponv1.RegisterLookupServiceServer(reg, &lookupServer{flow: s, view: coupons})
	accessv1.RegisterAccessServiceServer(reg, &accessServer{keys: k})
	couponv1.RegisterAboutServiceServer(reg, aboutServer{about: about})
}

// missing returns the error for a request without its resource.
func missing(field, reason string) error {
	return apperr.Invalid(reason, field, "the %s is missing", field)
}

// update returns how a request wants a resource to be changed.
func update[M interface {
	proto.Message
	GetEtag() string
}](change fieldmask.Change[M], resource M, validateOnly bool) app.Update {
	return app.Update{Fields: change.Fields(), Etag: resource.GetEtag(), ValidateOnly: validateOnly}
}
