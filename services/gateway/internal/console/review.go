package console

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// review is a form that is gone through without storing anything: the services say what is wrong with it,
// and it is shown again as typed. A form is reviewed where the console itself found something wrong, so that
// all errors are told at once; where its session has ended since it was opened; and while somebody corrects
// it, for the script that takes an error away as soon as the input is right.
type review struct {
	// notice says above the form why it was not saved.
	notice string
	// from is the page on which the form stands; empty: its own address.
	from string
	// isAsked says that a script asks, and the page is not shown.
	isAsked bool
	// heldBack says that a call was not made, or was made to be told only.
	heldBack atomic.Bool
}

// reviewHeader asks for a review. Other sites cannot send it.
const reviewHeader = "Couponlink-Review"

type reviewKey struct{}

// reviewing returns the context in which nothing is stored.
func reviewing(ctx context.Context, r *review) context.Context {
	return context.WithValue(ctx, reviewKey{}, r)
}

// saving returns the context for storing a form in which the console itself found errs: with any, nothing is
// stored, and the service tells what else is wrong.
func (p *page) saving(errs formErrors) context.Context {
	if len(errs) == 0 {
		return p.r.Context()
	}
	return reviewing(p.r.Context(), &review{})
}

// heldBackError answers a call that was held back, or was right as far as the service can tell.
type heldBackError struct{}

func (heldBackError) Error() string { return "nothing was stored: the form is only reviewed" }

// GRPCStatus makes it an answer of a service.
func (e heldBackError) GRPCStatus() *status.Status {
	return status.New(codes.FailedPrecondition, e.Error())
}

// reviewedConn is a connection that holds back what would change something in a review: a request that has
// validate_only is sent with it, any other is not sent.
type reviewedConn struct{ grpc.ClientConnInterface }

// Invoke makes a call, or holds it back.
func (c reviewedConn) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	r, _ := ctx.Value(reviewKey{}).(*review)
	if r == nil || reads(method) {
		return c.ClientConnInterface.Invoke(ctx, method, args, reply, opts...)
	}
	request, isProto := args.(proto.Message)
	if !isProto {
		return heldBackError{}
	}
	field := request.ProtoReflect().Descriptor().Fields().ByName("validate_only")
	if field != nil && request.ProtoReflect().Get(field).Bool() {
		return c.ClientConnInterface.Invoke(ctx, method, args, reply, opts...)
	}
	r.heldBack.Store(true)
	if field == nil {
		return heldBackError{}
	}
	dry := proto.Clone(request)
	dry.ProtoReflect().Set(field, protoreflect.ValueOfBool(true))
	if err := c.ClientConnInterface.Invoke(ctx, method, dry, reply, opts...); err != nil {
		return err
	}
	return heldBackError{}
}

// reads says that a method changes nothing, by the API's names of methods.
func reads(method string) bool {
	name := method[strings.LastIndexByte(method, '/')+1:]
	for _, verb := range []string{"Get", "List", "Lookup", "Validate", "Summarize", "Build", "Describe", "Watch", "Export"} {
		if strings.HasPrefix(name, verb) {
			return true
		}
	}
	return false
}

// startReview makes the page one of a review.
func (p *page) startReview(r *review) {
	p.review = r
	p.r = p.r.WithContext(reviewing(p.r.Context(), r))
}

// endReview answers a review that has no form to show again, such as that of a button: with the page on
// which it stands.
func (p *page) endReview() {
	from := p.review.from
	if from == "" {
		from = Root
	}
	p.keepFlash(toast{Text: p.review.notice + " Nothing was done: do it again.", IsError: true})
	p.goTo(from)
}

// Notice says above the page why what was typed is there and not stored.
func (p *page) Notice() string {
	if p.review == nil || p.review.isAsked {
		return ""
	}
	return p.review.notice + " What you typed is below, and is not saved yet."
}

// Address is the address under which the page is found again, where the browser shows another.
func (p *page) Address() string {
	if p.review == nil {
		return ""
	}
	return p.review.from
}

// IsUnsaved says that the page shows a form as typed, and what was typed is stored nowhere.
func (p *page) IsUnsaved() bool {
	return isUnsafe(p.r.Method) && p.status >= http.StatusBadRequest && (p.IsIn() || p.keepsForm)
}
