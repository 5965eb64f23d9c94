// Package rest serves the services' gRPC API as REST, by the HTTP annotations of the protos.
package rest

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/emptypb"

	accessv1 "github.com/couponlink/couponlink/gen/go/couponlink/access/v1"
	backupv1 "github.com/couponlink/couponlink/gen/go/couponlink/backup/v1"
	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/internal/couponcsv"
	"github.com/couponlink/couponlink/services/internal/requestid"
)

const (
	// maxBodyBytes bounds a request's body, except files and batches. A resource has a few kilobytes.
	maxBodyBytes = 1 << 20
	// maxBatchBytes bounds a batch of 1,000 coupons: notes of 2,000 characters, written as \uXXXX, fit.
	maxBatchBytes = 16 << 20
)

// File is a route whose request or response is a file or a stream, which HTTP annotations cannot describe.
type File struct {
	Method, Template string
	// Parameters are the names of its query's parameters.
	Parameters []string
	Serve      runtime.HandlerFunc
}

// New returns the handler of the REST API, under /v1/. coupon and tracking are connections to the services,
// whose calls carry the caller's key.
func New(coupon, tracking grpc.ClientConnInterface, files []File, log *slog.Logger) (http.Handler, error) {
	routes, err := newRoutes(packages()...)
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		rt, err := newRouteOf(file.Method, file.Template, (*emptypb.Empty)(nil).ProtoReflect().Descriptor())
		if err != nil {
			return nil, err
		}
		rt.more = file.Parameters
		routes = append(routes, rt)
	}
	mux := runtime.NewServeMux(
		runtime.WithMarshalerOption(runtime.MIMEWildcard, newCodec()),
		runtime.WithErrorHandler(Faults{log}.call),
		runtime.WithStreamErrorHandler(Faults{log}.streamError),
		runtime.WithRoutingErrorHandler(routes.refuse),
		runtime.WithMiddlewares(routes.checkQuery, routes.readTerms, routes.readStream),
		runtime.WithForwardResponseOption(setETag),
		// Only the key is passed on, which the mux does itself, and the request's id. A caller must not be able to set
		// metadata that a service might trust.
		runtime.WithIncomingHeaderMatcher(onlyID),
		runtime.WithOutgoingHeaderMatcher(noHeader),
		runtime.WithOutgoingTrailerMatcher(noHeader),
		// A POST stays a POST: X-HTTP-Method-Override is ignored, and forms do not become GETs.
		runtime.WithDisablePathLengthFallback(),
		runtime.WithDisableHTTPMethodOverride(),
		runtime.WithWriteContentLength(),
	)
	if err := register(mux, masking{coupon}, masking{tracking}); err != nil {
		return nil, fmt.Errorf("the REST routes: %w", err)
	}
	for _, file := range files {
		if err := mux.HandlePath(file.Method, file.Template, file.Serve); err != nil {
			return nil, fmt.Errorf("the route %s: %w", file.Template, err)
		}
	}
	return routes.checkMethod(checkRequest(checkType(mux))), nil
}

func register(mux *runtime.ServeMux, coupon, tracking grpc.ClientConnInterface) error {
	ctx := context.Background() // registrations live as long as the mux
	for _, do := range []func() error{
		func() error {
			return couponv1.RegisterOfferServiceHandlerClient(ctx, mux, couponv1.NewOfferServiceClient(coupon))
		},
		func() error {
			return couponv1.RegisterPublisherServiceHandlerClient(ctx, mux, couponv1.NewPublisherServiceClient(coupon))
		},
		func() error {
			return couponv1.RegisterApprovalServiceHandlerClient(ctx, mux, couponv1.NewApprovalServiceClient(coupon))
		},
		func() error {
			return couponv1.RegisterCouponServiceHandlerClient(ctx, mux, couponv1.NewCouponServiceClient(coupon))
		},
		func() error {
			return couponv1.RegisterAboutServiceHandlerClient(ctx, mux, couponv1.NewAboutServiceClient(coupon))
		},
		func() error {
			return trackingv1.RegisterLinkServiceHandlerClient(ctx, mux, trackingv1.NewLinkServiceClient(tracking))
		},
		func() error {
			return trackingv1.RegisterConversionServiceHandlerClient(ctx, mux, trackingv1.NewConversionServiceClient(tracking))
		},
		func() error {
			return trackingv1.RegisterPostbackServiceHandlerClient(ctx, mux, trackingv1.NewPostbackServiceClient(tracking))
		},
		func() error {
			return trackingv1.RegisterDeliveryServiceHandlerClient(ctx, mux, trackingv1.NewDeliveryServiceClient(tracking))
		},
		func() error {
			return trackingv1.RegisterReportServiceHandlerClient(ctx, mux, trackingv1.NewReportServiceClient(tracking))
		},
		func() error {
			return trackingv1.RegisterSavedReportServiceHandlerClient(ctx, mux, trackingv1.NewSavedReportServiceClient(tracking))
		},
		func() error {
			return trackingv1.RegisterScanServiceHandlerClient(ctx, mux, trackingv1.NewScanServiceClient(tracking))
		},
		func() error {
			return trackingv1.RegisterReservationServiceHandlerClient(ctx, mux, trackingv1.NewReservationServiceClient(tracking))
		},
		func() error {
			return trackingv1.RegisterPrivacyServiceHandlerClient(ctx, mux, trackingv1.NewPrivacyServiceClient(tracking))
		},
		func() error {
			return accessv1.RegisterAccessServiceHandlerClient(ctx, mux, accessv1.NewAccessServiceClient(coupon))
		},
		func() error {
			return backupv1.RegisterBackupServiceHandlerClient(ctx, mux, backupv1.NewBackupServiceClient(tracking))
		},
		func() error {
			return trackingv1.RegisterAboutServiceHandlerClient(ctx, mux, trackingv1.NewAboutServiceClient(tracking))
		},
	} {
		if err := do(); err != nil {
			return err
		}
	}
	return nil
}

// packages are the proto packages whose services the gateway serves.
func packages() []protoreflect.FullName {
	return []protoreflect.FullName{"couponlink.access.v1", "couponlink.coupon.v1", "couponlink.tracking.v1", "couponlink.backup.v1"}
}

func noHeader(string) (string, bool) { return "", false }

func onlyID(header string) (string, bool) {
	return requestid.Header, strings.EqualFold(header, requestid.Header)
}

// checkRequest refuses requests that no route could serve, and bounds the body.
func checkRequest(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		limit := bodyLimit(r)
		if r.ContentLength > limit {
			WriteStatus(w, http.StatusRequestEntityTooLarge, TooLarge(limit))
			return
		}
		if fault := checkURL(r.URL); fault != nil {
			WriteStatus(w, http.StatusBadRequest, fault)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, limit)
		// Responses have tokens and notes, and change with every write.
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// bodyLimit returns the largest size of a request's body, in bytes.
func bodyLimit(r *http.Request) int64 {
	switch {
	case r.Method != http.MethodPost:
		return maxBodyBytes
	case strings.HasSuffix(r.URL.Path, "/coupons:import"):
		return couponcsv.MaxBytes
	case strings.HasSuffix(r.URL.Path, "/coupons:batchCreate"):
		return maxBatchBytes
	}
	return maxBodyBytes
}
