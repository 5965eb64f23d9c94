package grpcserve

import (
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	"github.com/couponlink/couponlink/services/internal/rpcstatus"
)

// sendPatience is how long a caller may take to read one message of a stream. It is longer than the time that HTTP
// callers have for a part of a message, since the gateway reads at their pace.
const sendPatience = 30 * time.Second

// patientStream ends a call whose caller does not read.
type patientStream struct {
	grpc.ServerStream
	patience time.Duration
}

// SendMsg implements grpc.ServerStream. If it times out, the message may still be sent.
func (s patientStream) SendMsg(m any) error {
	sent := make(chan error, 1)
	go func() { sent <- s.ServerStream.SendMsg(m) }()
	timer := time.NewTimer(s.patience)
	defer timer.Stop()
	select {
	case err := <-sent:
		return err
	case <-timer.C:
		// The goroutine ends with the call.
		return rpcstatus.New(codes.DeadlineExceeded, "READER_STALLED",
			"the caller read nothing for "+s.patience.String()+"; ask again, and read on").Err()
	}
}
