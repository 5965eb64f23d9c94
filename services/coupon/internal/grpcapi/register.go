// Package grpcapi is the coupon service's gRPC side: it turns proto messages into the domain's types and back,
// and does nothing else. It returns the errors of the use cases; the server's interceptor maps them to statuses.
//
// Only the coupon service's wiring imports it.
package grpcapi

import (
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/coupon/internal/app"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/fieldmask"
)

// Register serves the coupon service's six gRPC services on a registrar.
func Register(reg grpc.ServiceRegistrar, s *app.Service, about About) {
	coupons := couponView{publicURL: about.PublicURL}
	couponv1.RegisterOfferServiceServer(reg, &offerServer{flow: s})
	couponv1.RegisterPublisherServiceServer(reg, &publisherServer{flow: s})
	couponv1.RegisterApprovalServiceServer(reg, &approvalServer{flow: s})
	couponv1.RegisterCouponServiceServer(reg, &couponServer{flow: s, view: coupons})
	couponv1.RegisterLookupServiceServer(reg, &lookupServer{flow: s, view: coupons})
	couponv1.RegisterAboutServiceServer(reg, aboutServer{about: about})
}

// missing refuses a request without its resource.
func missing(field, reason string) error {
	return apperr.Invalid(reason, field, "the %s is missing", field)
}

// update returns how an update of a resource is to be made.
func update[M interface {
	proto.Message
	GetEtag() string
}](change fieldmask.Change[M], resource M, validateOnly bool) app.Update {
	return app.Update{Fields: change.Fields(), Etag: resource.GetEtag(), ValidateOnly: validateOnly}
}
