// Package connectapi serves the services' gRPC API over Connect, gRPC-Web and gRPC on the gateway's origin. It forwards
// each call over the gateway's connections to the services, so their interceptors see it as any other.
package connectapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"connectrpc.com/connect"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/couponlink/couponlink/services/gateway/internal/rest"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/authn"
	"github.com/couponlink/couponlink/services/internal/clientaddr"
	"github.com/couponlink/couponlink/services/internal/doorlog"
	"github.com/couponlink/couponlink/services/internal/rpcstatus"
)

// maxMessageBytes bounds a request, as the services do: a batch of 1,000 coupons fits.
const maxMessageBytes = 16 << 20

// leastCompressed is the size, in bytes, below which a response is not worth compressing.
const leastCompressed = 1024

// Package is a proto package with the connection to the service that serves it.
type Package struct {
	Name protoreflect.FullName
	Conn grpc.ClientConnInterface
}

// New returns the handlers of all services in packages, by their paths, such as
// "/couponlink.coupon.v1.OfferService/". Calls without the key are refused before they are read.
func New(callers *authn.Authenticator, doors *doorlog.Log, faults rest.Faults, packages ...Package) (map[string]http.Handler, error) {
	handlers := map[string]http.Handler{}
	for _, p := range packages {
		var err error
		protoregistry.GlobalFiles.RangeFilesByPackage(p.Name, func(file protoreflect.FileDescriptor) bool {
			for i := range file.Services().Len() {
				service := file.Services().Get(i)
				var mux *http.ServeMux
				if mux, err = serve(service, p.Conn, faults); err != nil {
					return false
				}
				handlers["/"+string(service.FullName())+"/"] = authenticated(callers, doors, mux)
			}
			return true
		})
		if err != nil {
			return nil, err
		}
	}
	return handlers, nil
}

// serve returns the handler of a service.
func serve(service protoreflect.ServiceDescriptor, conn grpc.ClientConnInterface, faults rest.Faults) (*http.ServeMux, error) {
	mux := http.NewServeMux()
	for i := range service.Methods().Len() {
		descriptor := service.Methods().Get(i)
		m, err := newMethod(descriptor, conn)
		if err != nil {
			return nil, err
		}
		m.faults = faults
		options := []connect.HandlerOption{
			connect.WithSchema(descriptor), connect.WithCodec(protoCodec{}), connect.WithCodec(jsonCodec{}), connect.WithReadMaxBytes(maxMessageBytes), connect.WithCompressMinBytes(leastCompressed),
			connect.WithRequestInitializer(func(_ connect.Spec, request any) error {
				if to, ok := request.(*envelope); ok {
					to.message = m.input.New().Interface()
				}
				return nil
			}),
		}
		if descriptor.IsStreamingServer() {
			mux.Handle(m.path, withControl(explained(connect.NewServerStreamHandler(m.path, m.stream, options...))))
		} else {
			mux.Handle(m.path, explained(connect.NewUnaryHandler(m.path, m.unary, options...)))
		}
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, r, rpcstatus.New(codes.Unimplemented, "NO_SUCH_ROUTE", string(service.FullName())+" has no such method; see /docs"))
	})
	return mux, nil
}

// authenticated refuses calls without the key, in the caller's protocol.
func authenticated(callers *authn.Authenticator, doors *doorlog.Log, next http.Handler) http.Handler {
	refusals := connect.NewErrorWriter()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, err := callers.Authenticate(r.Context(), r.Header["Authorization"])
		if err != nil && refusals.IsSupported(r) {
			if !apperr.Is(err, apperr.Unauthenticated) {
				refuse(w, r, rpcstatus.KeyNotChecked())
				return
			}
			if len(r.Header["Authorization"]) > 0 {
				doors.Refused(r.Context(), doorlog.WrongKey, clientaddr.Of(r))
			}
			refuse(w, r, rpcstatus.Unauthenticated())
			return
		}
		if err == nil {
			if refusal := rest.Admit(w, callers, p); refusal != nil {
				refuse(w, r, refusal)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// method forwards the calls of one method.
type method struct {
	path          string
	input, output protoreflect.MessageType
	conn          grpc.ClientConnInterface
	faults        rest.Faults
}

func newMethod(descriptor protoreflect.MethodDescriptor, conn grpc.ClientConnInterface) (method, error) {
	m := method{path: "/" + string(descriptor.Parent().FullName()) + "/" + string(descriptor.Name()), conn: conn}
	if descriptor.IsStreamingClient() {
		return m, fmt.Errorf("%s has a stream of requests, which is not forwarded", m.path)
	}
	var inputErr, outputErr error
	m.input, inputErr = protoregistry.GlobalTypes.FindMessageByName(descriptor.Input().FullName())
	m.output, outputErr = protoregistry.GlobalTypes.FindMessageByName(descriptor.Output().FullName())
	return m, errors.Join(inputErr, outputErr)
}

// unary forwards a call with one response.
func (m method) unary(ctx context.Context, request *connect.Request[envelope]) (*connect.Response[envelope], error) {
	begin(ctx)
	if fault := request.Msg.fault; fault != nil {
		return nil, errorOf(ctx, fault)
	}
	response := m.output.New().Interface()
	if err := m.conn.Invoke(outgoing(ctx, request.Header()), m.path, request.Msg.message, response); err != nil {
		return nil, m.fault(ctx, err)
	}
	return connect.NewResponse(&envelope{message: response}), nil
}

// stream forwards a call with a stream of responses.
func (m method) stream(ctx context.Context, request *connect.Request[envelope], to *connect.ServerStream[envelope]) error {
	begin(ctx)
	if fault := request.Msg.fault; fault != nil {
		return errorOf(ctx, fault)
	}
	ctx, end := live(outgoing(ctx, request.Header()))
	defer end()
	from, err := m.conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, m.path)
	if err != nil {
		return m.fault(ctx, err)
	}
	if err := from.SendMsg(request.Msg.message); err != nil && !errors.Is(err, io.EOF) { // RecvMsg tells what EOF means
		return m.fault(ctx, err)
	}
	if err := from.CloseSend(); err != nil {
		return m.fault(ctx, err)
	}
	for {
		response := m.output.New().Interface()
		switch err := from.RecvMsg(response); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return m.fault(ctx, reasonOf(ctx, err))
		}
		if err := to.Send(&envelope{message: response}); err != nil {
			return err
		}
	}
}

// outgoing returns a context for a call with the caller's key. No other header is passed on: a caller must not be able to
// set metadata that a service might trust.
func outgoing(ctx context.Context, header http.Header) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "authorization", header.Get("Authorization"))
}
