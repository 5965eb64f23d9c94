package ui

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

// Review is a check of a form without storing anything: the services say what is wrong with it, and it is
// shown again as typed. A form is reviewed if the console itself found errors, to report all of them at once;
// if its session has ended since it was opened; and while the user corrects it, for the script that clears an
// error as soon as the input is right.
type Review struct {
	// Notice says above the form why it was not saved.
	Notice string
	// From is the page with the form; "" if that is the form's own address.
	From string
	// IsAsked says that a script asks, and the page will not be shown.
	IsAsked bool
	// heldBack says that a call was not made, or was only a dry run.
	heldBack atomic.Bool
}

// ReviewHeader asks for a review. Other sites cannot send it without being asked first (CORS).
const ReviewHeader = "Couponlink-Review"

type reviewKey struct{}

// reviewing returns a context that keeps calls from storing anything.
func reviewing(ctx context.Context, r *Review) context.Context {
	return context.WithValue(ctx, reviewKey{}, r)
}

// Saving returns the context for storing a form. errs are the errors that the console itself found; if there
// are any, nothing is stored, and the service reports what else is wrong.
func (p *Page) Saving(errs Errors) context.Context {
	if len(errs) == 0 {
		return p.Request.Context()
	}
	return reviewing(p.Request.Context(), &Review{})
}

// HeldBackError answers a call that was held back, or whose dry run succeeded.
type HeldBackError struct{}

func (HeldBackError) Error() string { return "nothing was stored: the form is only reviewed" }

// GRPCStatus makes it look like a service's answer.
func (e HeldBackError) GRPCStatus() *status.Status {
	return status.New(codes.FailedPrecondition, e.Error())
}

// ReviewedConn is a connection that, in a review, holds back calls that would change something: a request
// that has validate_only is sent with it, others are not sent.
type ReviewedConn struct{ grpc.ClientConnInterface }

// Invoke makes a call, or holds it back.
func (c ReviewedConn) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	r, _ := ctx.Value(reviewKey{}).(*Review)
	if r == nil || reads(method) {
		return c.ClientConnInterface.Invoke(ctx, method, args, reply, opts...)
	}
	request, isProto := args.(proto.Message)
	if !isProto {
		return HeldBackError{}
	}
	field := request.ProtoReflect().Descriptor().Fields().ByName("validate_only")
	if field != nil && request.ProtoReflect().Get(field).Bool() {
		return c.ClientConnInterface.Invoke(ctx, method, args, reply, opts...)
	}
	r.heldBack.Store(true)
	if field == nil {
		return HeldBackError{}
	}
	dry := proto.Clone(request)
	dry.ProtoReflect().Set(field, protoreflect.ValueOfBool(true))
	if err := c.ClientConnInterface.Invoke(ctx, method, dry, reply, opts...); err != nil {
		return err
	}
	return HeldBackError{}
}

// reads reports whether a method changes nothing, judging by its name.
func reads(method string) bool {
	name := method[strings.LastIndexByte(method, '/')+1:]
	for _, verb := range []string{"Get", "List", "Lookup", "Validate", "Summarize", "Build", "Describe", "Watch", "Export"} {
		if strings.HasPrefix(name, verb) {
			return true
		}
	}
	return false
}

// StartReview makes the page one of a review.
func (p *Page) StartReview(r *Review) {
	p.Review = r
	p.Request = p.Request.WithContext(reviewing(p.Request.Context(), r))
}

// EndReview answers a review without a form to show again, such as a button's: it leads back to the button's
// page.
func (p *Page) EndReview() {
	from := p.Review.From
	if from == "" {
		from = Root
	}
	p.keepFlash(Toast{Text: p.Review.Notice + " Nothing was done. Do it again.", IsError: true})
	p.GoTo(from)
}

// Notice says at the top of the page why what was typed is shown but not stored.
func (p *Page) Notice() string {
	if p.Review == nil || p.Review.IsAsked {
		return ""
	}
	return p.Review.Notice + " What you typed is below, and is not saved yet."
}

// Address is the page's own address, if the browser shows another.
func (p *Page) Address() string {
	if p.Review == nil {
		return ""
	}
	return p.Review.From
}

// IsUnsaved reports whether the page shows typed values that are stored nowhere.
func (p *Page) IsUnsaved() bool {
	return IsUnsafe(p.Request.Method) && p.status >= http.StatusBadRequest && (p.IsIn() || p.KeepsForm)
}
