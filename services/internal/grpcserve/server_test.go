package grpcserve_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/internal/admission"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/bearer"
	"github.com/couponlink/couponlink/services/internal/grpcdial"
	"github.com/couponlink/couponlink/services/internal/grpcserve"
)

const (
	key = "a-key-of-the-tests"
	// mostReads bounds the fake's calls in flight.
	mostReads = 2
)

// fake answers ValidateCoupon, and a stream of the same messages, with a function.
type fake struct {
	couponv1.UnimplementedCouponServiceServer
	answer func(context.Context, *couponv1.ValidateCouponRequest) (*couponv1.ValidateCouponResponse, error)
}

func (f *fake) ValidateCoupon(ctx context.Context, req *couponv1.ValidateCouponRequest) (*couponv1.ValidateCouponResponse, error) {
	return f.answer(ctx, req)
}

// streaming is a service with a streaming method, which the API's own does not have.
func streaming(f *fake) *grpc.ServiceDesc {
	return &grpc.ServiceDesc{
		ServiceName: "test.Streaming", HandlerType: (*any)(nil),
		Streams: []grpc.StreamDesc{{
			StreamName: "Validate", ServerStreams: true, ClientStreams: true,
			Handler: func(_ any, stream grpc.ServerStream) error {
				req := &couponv1.ValidateCouponRequest{}
				if err := stream.RecvMsg(req); err != nil {
					return err
				}
				resp, err := f.answer(stream.Context(), req)
				if err != nil {
					return err
				}
				return stream.SendMsg(resp)
			},
		}},
	}
}

// syncBuffer is a log that can be read while it is written.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

type system struct {
	server *grpcserve.Server
	addr   string
	log    *syncBuffer
	conns  map[string]grpc.ClientConnInterface
}

func start(t *testing.T, f *fake, ready func(context.Context) error) *system {
	t.Helper()
	log := &syncBuffer{}
	server := grpcserve.New(grpcserve.Config{AdminKey: key, Ready: ready, DocsURL: "https://go.example.com/docs", Most: admission.Calls{Reads: mostReads}, Log: slog.New(slog.NewTextHandler(log, nil))})
	couponv1.RegisterCouponServiceServer(server, f)
	server.RegisterService(streaming(f), struct{}{})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	conn, err := grpcdial.Dial(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = conn.Close()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 5*time.Second)
		defer cancel()
		server.Stop(ctx)
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return &system{server, listener.Addr().String(), log, map[string]grpc.ClientConnInterface{"network": conn, "local": server.Local()}}
}

// call makes one call, unary or streaming.
func call(ctx context.Context, conn grpc.ClientConnInterface, unary bool, req *couponv1.ValidateCouponRequest) (*couponv1.ValidateCouponResponse, error) {
	if unary {
		return couponv1.NewCouponServiceClient(conn).ValidateCoupon(ctx, req)
	}
	stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, "/test.Streaming/Validate")
	if err != nil {
		return nil, err
	}
	if err := stream.SendMsg(req); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if err := stream.CloseSend(); err != nil {
		return nil, err
	}
	resp := &couponv1.ValidateCouponResponse{}
	if err := stream.RecvMsg(resp); err != nil {
		return nil, err
	}
	return resp, nil
}

// each runs a test over both channels, with both kinds of calls.
func (s *system) each(t *testing.T, test func(t *testing.T, conn grpc.ClientConnInterface, unary bool)) {
	t.Helper()
	for name, conn := range s.conns {
		for _, unary := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s unary=%v", name, unary), func(t *testing.T) { test(t, conn, unary) })
		}
	}
}

func detail[T proto.Message](err error) (found T, ok bool) {
	for _, d := range status.Convert(err).Details() {
		if v, is := d.(T); is {
			return v, true
		}
	}
	return found, false
}

func TestAuthentication(t *testing.T) {
	t.Parallel()
	s := start(t, &fake{answer: func(context.Context, *couponv1.ValidateCouponRequest) (*couponv1.ValidateCouponResponse, error) {
		return &couponv1.ValidateCouponResponse{Valid: true}, nil
	}}, nil)
	s.each(t, func(t *testing.T, conn grpc.ClientConnInterface, unary bool) {
		resp, err := call(t.Context(), grpcdial.WithKey(conn, key), unary, &couponv1.ValidateCouponRequest{Code: "X"})
		if err != nil || !resp.GetValid() {
			t.Fatalf("with the key: %v, %v", resp, err)
		}
		for name, ctx := range map[string]context.Context{
			"missing": t.Context(),
			"wrong":   metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer wrong"),
			"bare":    metadata.AppendToOutgoingContext(t.Context(), "authorization", key),
		} {
			_, err := call(ctx, conn, unary, &couponv1.ValidateCouponRequest{})
			info, _ := detail[*errdetails.ErrorInfo](err)
			if status.Code(err) != codes.Unauthenticated || info.GetReason() != "UNAUTHENTICATED" || !strings.Contains(err.Error(), "Bearer KEY") {
				t.Errorf("%s: %v, %v", name, err, info)
			}
		}
	})
}

// TestStrangersCostLittle checks that the server refuses a network call without the key before it reads the message,
// and that headers are bounded.
func TestStrangersCostLittle(t *testing.T) {
	t.Parallel()
	s := start(t, &fake{answer: func(context.Context, *couponv1.ValidateCouponRequest) (*couponv1.ValidateCouponResponse, error) {
		return &couponv1.ValidateCouponResponse{Valid: true}, nil
	}}, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	silent, err := s.conns["network"].NewStream(ctx, &grpc.StreamDesc{ClientStreams: true}, couponv1.CouponService_ValidateCoupon_FullMethodName)
	if err != nil {
		t.Fatal(err)
	}
	if err := silent.RecvMsg(&couponv1.ValidateCouponResponse{}); status.Code(err) != codes.Unauthenticated {
		t.Errorf("without a key and before its message a caller is told %v", err)
	}
	for size, want := range map[int]codes.Code{20 << 10: codes.OK, 40 << 10: codes.Internal} {
		ctx := metadata.AppendToOutgoingContext(ctx, "x-long", strings.Repeat("x", size))
		_, err := call(ctx, grpcdial.WithKey(s.conns["network"], key), true, &couponv1.ValidateCouponRequest{})
		if status.Code(err) != want {
			t.Errorf("with a header of %d bytes a call ends with %v, want %s", size, err, want)
		}
	}
}

// TestTextsAreTrimmed checks that every method trims texts, and that the caller's own message stays unchanged.
func TestTextsAreTrimmed(t *testing.T) {
	t.Parallel()
	s := start(t, &fake{answer: func(_ context.Context, req *couponv1.ValidateCouponRequest) (*couponv1.ValidateCouponResponse, error) {
		return &couponv1.ValidateCouponResponse{Valid: req.GetCode() == "SALE 20" && req.GetOffer() == "offers/10"}, nil
	}}, nil)
	s.each(t, func(t *testing.T, conn grpc.ClientConnInterface, unary bool) {
		req := &couponv1.ValidateCouponRequest{Code: "\u200BSALE 20\uFEFF", Offer: "offers/10\u00A0"}
		resp, err := call(t.Context(), grpcdial.WithKey(conn, key), unary, req)
		if err != nil || !resp.GetValid() || req.GetCode() != "\u200BSALE 20\uFEFF" {
			t.Errorf("%v, %v; the request is now %v", resp, err, req)
		}
	})
}

func TestMessagesMayBeCompressed(t *testing.T) {
	t.Parallel()
	s := start(t, &fake{answer: func(_ context.Context, req *couponv1.ValidateCouponRequest) (*couponv1.ValidateCouponResponse, error) {
		return &couponv1.ValidateCouponResponse{Valid: req.GetCode() == "SALE20"}, nil
	}}, nil)
	conn := grpcdial.WithKey(s.conns["network"], key)
	resp, err := couponv1.NewCouponServiceClient(conn).ValidateCoupon(t.Context(), &couponv1.ValidateCouponRequest{Code: "SALE20"}, grpc.UseCompressor("gzip"))
	if err != nil || !resp.GetValid() {
		t.Errorf("%v, %v", resp, err)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	var next error
	s := start(t, &fake{answer: func(context.Context, *couponv1.ValidateCouponRequest) (*couponv1.ValidateCouponResponse, error) {
		return nil, next
	}}, nil)
	for _, c := range []struct {
		name    string
		err     error
		code    codes.Code
		message string
		reason  string
		logged  string
	}{
		{"invalid", apperr.Invalid("INVALID_CODE", "coupon.code", "use letters"), codes.InvalidArgument, "coupon.code: use letters", "INVALID_CODE", ""},
		{"not UTF-8", apperr.Invalid("INVALID_CODE", "coupon.code", "got \xff"), codes.InvalidArgument, "coupon.code: got \uFFFD", "INVALID_CODE", ""},
		{"not found", apperr.New(apperr.NotFound, "OFFER_NOT_FOUND", "no offer 1"), codes.NotFound, "no offer 1", "OFFER_NOT_FOUND", ""},
		{"exists", apperr.New(apperr.AlreadyExists, "R", "m"), codes.AlreadyExists, "m", "R", ""},
		{"precondition", apperr.New(apperr.FailedPrecondition, "R", "m"), codes.FailedPrecondition, "m", "R", ""},
		{"aborted", apperr.New(apperr.Aborted, "R", "m"), codes.Aborted, "m", "R", ""},
		{"unauthenticated", apperr.New(apperr.Unauthenticated, "R", "m"), codes.Unauthenticated, "m", "R", ""},
		{"denied", apperr.New(apperr.PermissionDenied, "R", "m"), codes.PermissionDenied, "m", "R", ""},
		{"exhausted", apperr.New(apperr.ResourceExhausted, "R", "m"), codes.ResourceExhausted, "m", "R", ""},
		{"too slow", apperr.New(apperr.DeadlineExceeded, "R", "m"), codes.DeadlineExceeded, "m", "R", ""},
		{"unavailable", apperr.New(apperr.Unavailable, "STORE", "later").Because(errors.New("disk-x")), codes.Unavailable, "later", "STORE", "disk-x"},
		{"wrapped", fmt.Errorf("doing: %w", apperr.New(apperr.NotFound, "R", "m")), codes.NotFound, "m", "R", ""},
		{"cancelled", fmt.Errorf("doing: %w", context.Canceled), codes.Canceled, "the call was cancelled", "", ""},
		{"deadline", context.DeadlineExceeded, codes.DeadlineExceeded, "the call took longer than its deadline", "", ""},
		{"a status of the handler", status.Error(codes.Unimplemented, "not here"), codes.Unimplemented, "not here", "", ""},
		{"a status from below", fmt.Errorf("asking: %w", status.Error(codes.NotFound, "secret-a")), codes.Internal, "internal error", "INTERNAL", "secret-a"},
		{"anything else", errors.New("secret-b"), codes.Internal, "internal error", "INTERNAL", "secret-b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			next = c.err
			s.each(t, func(t *testing.T, conn grpc.ClientConnInterface, unary bool) {
				_, err := call(t.Context(), grpcdial.WithKey(conn, key), unary, &couponv1.ValidateCouponRequest{})
				st := status.Convert(err)
				info, _ := detail[*errdetails.ErrorInfo](err)
				if st.Code() != c.code || st.Message() != c.message || info.GetReason() != c.reason {
					t.Errorf("%v: %s; %v", st.Code(), st.Message(), info)
				}
				if info != nil && info.GetDomain() != "couponlink" {
					t.Errorf("domain %q", info.GetDomain())
				}
				if !strings.Contains(s.log.String(), c.logged) {
					t.Errorf("%q was not logged", c.logged)
				}
			})
		})
	}
}

func TestErrorDetails(t *testing.T) {
	t.Parallel()
	s := start(t, &fake{answer: func(_ context.Context, req *couponv1.ValidateCouponRequest) (*couponv1.ValidateCouponResponse, error) {
		if req.GetCode() == "later" {
			return nil, apperr.New(apperr.Unavailable, "STORE", "later")
		}
		return nil, apperr.Invalid("INVALID_CODE", "code", "use SALEXYZ20").With("suggestion", "SALEXYZ20")
	}}, nil)
	s.each(t, func(t *testing.T, conn grpc.ClientConnInterface, unary bool) {
		_, err := call(t.Context(), grpcdial.WithKey(conn, key), unary, &couponv1.ValidateCouponRequest{})
		info, _ := detail[*errdetails.ErrorInfo](err)
		if info.GetMetadata()["suggestion"] != "SALEXYZ20" {
			t.Errorf("no suggestion in %v", info)
		}
		bad, _ := detail[*errdetails.BadRequest](err)
		if v := bad.GetFieldViolations(); len(v) != 1 || v[0].GetField() != "code" || v[0].GetDescription() != "use SALEXYZ20" {
			t.Errorf("violations %v", v)
		}
		_, err = call(t.Context(), grpcdial.WithKey(conn, key), unary, &couponv1.ValidateCouponRequest{Code: "later"})
		retry, ok := detail[*errdetails.RetryInfo](err)
		if !ok || retry.GetRetryDelay().AsDuration() != time.Second {
			t.Errorf("retry info %v", retry)
		}
	})
}

func TestPanic(t *testing.T) {
	t.Parallel()
	s := start(t, &fake{answer: func(context.Context, *couponv1.ValidateCouponRequest) (*couponv1.ValidateCouponResponse, error) {
		panic("secret-c")
	}}, nil)
	s.each(t, func(t *testing.T, conn grpc.ClientConnInterface, unary bool) {
		_, err := call(t.Context(), grpcdial.WithKey(conn, key), unary, &couponv1.ValidateCouponRequest{})
		if st := status.Convert(err); st.Code() != codes.Internal || st.Message() != "internal error" {
			t.Errorf("%v", err)
		}
		if log := s.log.String(); !strings.Contains(log, "secret-c") || !strings.Contains(log, "server_test.go") {
			t.Errorf("no panic with its stack in the log: %s", log)
		}
	})
}

func TestDeadlineAndCancellationArrive(t *testing.T) {
	t.Parallel()
	s := start(t, &fake{answer: func(ctx context.Context, _ *couponv1.ValidateCouponRequest) (*couponv1.ValidateCouponResponse, error) {
		if _, ok := ctx.Deadline(); !ok {
			return nil, errors.New("no deadline")
		}
		<-ctx.Done()
		return nil, ctx.Err()
	}}, nil)
	s.each(t, func(t *testing.T, conn grpc.ClientConnInterface, unary bool) {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, err := call(ctx, grpcdial.WithKey(conn, key), unary, &couponv1.ValidateCouponRequest{})
		if status.Code(err) != codes.DeadlineExceeded {
			t.Errorf("deadline: %v", err)
		}
		ctx, cancel = context.WithTimeout(t.Context(), time.Minute)
		time.AfterFunc(50*time.Millisecond, cancel)
		_, err = call(ctx, grpcdial.WithKey(conn, key), unary, &couponv1.ValidateCouponRequest{})
		if status.Code(err) != codes.Canceled {
			t.Errorf("cancellation: %v", err)
		}
	})
}

// TestMessagesAreNotShared checks that handlers and clients do not share messages.
func TestMessagesAreNotShared(t *testing.T) {
	t.Parallel()
	shared := &couponv1.ValidateCouponResponse{Valid: true, Coupon: &couponv1.Coupon{Code: "KEEP"}, Candidates: []string{"a"}}
	s := start(t, &fake{answer: func(_ context.Context, req *couponv1.ValidateCouponRequest) (*couponv1.ValidateCouponResponse, error) {
		req.Code = "changed by the handler"
		return shared, nil
	}}, nil)
	s.each(t, func(t *testing.T, conn grpc.ClientConnInterface, unary bool) {
		req := &couponv1.ValidateCouponRequest{Code: "mine"}
		resp, err := call(t.Context(), grpcdial.WithKey(conn, key), unary, req)
		if err != nil || !proto.Equal(resp, shared) {
			t.Fatalf("%v, %v", resp, err)
		}
		resp.Coupon.Code, resp.Candidates[0] = "changed by the client", "b"
		if req.GetCode() != "mine" || shared.GetCoupon().GetCode() != "KEEP" || shared.GetCandidates()[0] != "a" {
			t.Error("a message is shared between client and server")
		}
	})
}

// TestCallsInFlightAreBounded checks that one call too many is refused at once, with a time to retry after, and that
// the others are not disturbed.
func TestCallsInFlightAreBounded(t *testing.T) {
	t.Parallel()
	entered, leave := make(chan struct{}), make(chan struct{})
	s := start(t, &fake{answer: func(context.Context, *couponv1.ValidateCouponRequest) (*couponv1.ValidateCouponResponse, error) {
		entered <- struct{}{}
		<-leave
		return &couponv1.ValidateCouponResponse{}, nil
	}}, nil)
	s.each(t, func(t *testing.T, conn grpc.ClientConnInterface, unary bool) {
		ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", bearer.Header(key))
		var taken sync.WaitGroup
		for range mostReads {
			taken.Go(func() {
				if _, err := call(ctx, conn, unary, &couponv1.ValidateCouponRequest{}); err != nil {
					t.Error(err)
				}
			})
			<-entered
		}
		_, err := call(ctx, conn, unary, &couponv1.ValidateCouponRequest{})
		if _, ok := detail[*errdetails.RetryInfo](err); status.Code(err) != codes.Unavailable || !ok {
			t.Errorf("one too many: %v", err)
		}
		for range mostReads {
			leave <- struct{}{}
		}
		taken.Wait()
	})
}
