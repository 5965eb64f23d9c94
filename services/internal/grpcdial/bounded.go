package grpcdial

import (
	"context"
	"time"

	"google.golang.org/grpc"
)

// The deadlines of calls whose callers set no deadline. A write of many resources, a count of everything or a backup may
// take long; anything else that takes longer than callDeadline hangs.
const (
	callDeadline = time.Minute
	longDeadline = 15 * time.Minute
	// streamDeadline bounds exports, imports and replays.
	streamDeadline = 2 * time.Hour
)

// deadlineOf returns the deadline of a method by its full name; 0 for no deadline.
func deadlineOf(method string, isStream bool) time.Duration {
	switch method {
	case "/couponlink.tracking.v1.ConversionService/WatchConversions":
		return 0 // it lasts as long as its caller, and the server sends something every few seconds
	case "/couponlink.coupon.v1.CouponService/BatchCreateCoupons", "/couponlink.coupon.v1.CouponService/GenerateCoupons",
		"/couponlink.tracking.v1.DeliveryService/ReplayDeliveries", "/couponlink.tracking.v1.ReportService/RecountSummaries",
		"/couponlink.backup.v1.BackupService/CreateBackup", "/couponlink.backup.v1.BackupService/VerifyBackup":
		return longDeadline
	}
	if isStream {
		return streamDeadline
	}
	return callDeadline
}

// Bounded returns a connection whose calls have a deadline: the caller's, or one by the method. Only a watch of
// conversions may have no deadline. All calls between services use such a connection.
func Bounded(conn grpc.ClientConnInterface) grpc.ClientConnInterface { return bounded{conn} }

type bounded struct{ conn grpc.ClientConnInterface }

// Invoke implements grpc.ClientConnInterface.
func (b bounded) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	ctx, cancel := within(ctx, deadlineOf(method, false))
	defer cancel()
	return b.conn.Invoke(ctx, method, args, reply, opts...)
}

// NewStream implements grpc.ClientConnInterface.
func (b bounded) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	ctx, cancel := within(ctx, deadlineOf(method, true))
	stream, err := b.conn.NewStream(ctx, desc, method, opts...)
	if err != nil {
		cancel()
		return nil, err
	}
	context.AfterFunc(stream.Context(), cancel)
	return stream, nil
}

// within returns ctx with a deadline, unless it has one, or most is 0.
func within(ctx context.Context, most time.Duration) (context.Context, context.CancelFunc) {
	if _, has := ctx.Deadline(); has || most == 0 {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, most)
}
