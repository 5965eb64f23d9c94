// Package events serves the feed of conversions to browsers, as server-sent events.
package events

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/rest"
	"github.com/couponlink/couponlink/services/internal/readiness"
)

const (
	// heartbeat bounds how long a stream is silent. Proxies close silent connections, usually after 30 or 60 seconds.
	heartbeat = 10 * time.Second
	// firstWait is how long the response's header waits for the stream's first message. Only before the header can a
	// refusal be an HTTP status. Refusals come at once, but a stream that resumes may have no news for a long time.
	firstWait = 500 * time.Millisecond
	// stopLook is how often a stream checks whether its server is stopping.
	stopLook = 500 * time.Millisecond
	// retryMillis is how long browsers wait before they connect again.
	retryMillis = "1000"
)

// feed serves streams of conversions.
type feed struct {
	conversions trackingv1.ConversionServiceClient
	faults      rest.Faults
}

// Route returns the route of the feed. tracking is a connection to the tracking service, which bounds the number of
// streams.
func Route(tracking grpc.ClientConnInterface, log *slog.Logger) rest.File {
	f := feed{conversions: trackingv1.NewConversionServiceClient(tracking), faults: rest.Faults{Log: log}}
	return rest.File{
		Method: http.MethodGet, Template: "/v1/conversions:watch", Parameters: []string{"filter", "resume_token", "resumeToken"}, Serve: runtime.HandlerFunc(f.serve),
	}
}

// received is the result of one Recv on a stream.
type received struct {
	news *trackingv1.WatchConversionsResponse
	err  error
}

// serve streams events until the caller leaves, the service ends the stream, or the server stops. Browsers then connect
// again with the id of the last event. A refusal before the first event is returned as usual, also to HEAD.
func (f feed) serve(w http.ResponseWriter, r *http.Request, _ map[string]string) {
	token, fault := resumeToken(r)
	if fault != nil {
		rest.WriteStatus(w, http.StatusBadRequest, fault)
		return
	}
	control := http.NewResponseController(w)
	// The server's deadline for reading the request would cut the response off.
	if err := control.SetReadDeadline(time.Time{}); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return // the connection is broken
	}
	ctx, cancel := context.WithCancel(metadata.AppendToOutgoingContext(r.Context(), "authorization", r.Header.Get("Authorization")))
	defer cancel() // ends the stream
	stream, err := f.conversions.WatchConversions(ctx, &trackingv1.WatchConversionsRequest{Filter: r.URL.Query().Get("filter"), ResumeToken: token})
	if err != nil {
		f.faults.Answer(ctx, w, r, err)
		return
	}
	incoming := make(chan received)
	go receive(ctx, stream, incoming)
	var first received
	select {
	case first = <-incoming:
	case <-time.After(firstWait):
	}
	if first.err != nil {
		f.faults.Answer(ctx, w, r, first.err)
		return
	}
	writeHeader(w)
	if rest.IsHead(r) {
		return
	}
	out := writer{w: w, flusher: control}
	out.write("retry: " + retryMillis + "\n\n")
	if first.news != nil {
		out.event(first.news)
	}
	f.follow(ctx, r, &out, incoming)
}

// follow writes each message, and a comment after each heartbeat of silence, until the stream or the server ends.
func (f feed) follow(ctx context.Context, r *http.Request, out *writer, incoming <-chan received) {
	looks := time.NewTicker(stopLook)
	defer looks.Stop()
	silent := time.NewTicker(heartbeat)
	defer silent.Stop()
	for out.err == nil {
		select {
		case got := <-incoming:
			switch {
			case got.err == nil:
				out.event(got.news)
				silent.Reset(heartbeat)
			case errors.Is(got.err, io.EOF) || ctx.Err() != nil:
				return
			default:
				out.fault(f.faults.Status(ctx, r, status.Convert(got.err)))
				return
			}
		case <-ctx.Done():
			return
		case <-silent.C:
			out.write(": still here\n\n")
		case <-looks.C:
			if readiness.IsStopping(ctx) {
				return
			}
		}
	}
}

// receive passes on a stream's messages until it has passed on an error or ctx ends.
func receive(ctx context.Context, stream grpc.ServerStreamingClient[trackingv1.WatchConversionsResponse], to chan<- received) {
	for {
		news, err := stream.Recv()
		select {
		case to <- received{news, err}:
		case <-ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}

// writeHeader begins the response.
func writeHeader(w http.ResponseWriter) {
	header := w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-cache")
	header.Set("X-Accel-Buffering", "no") // nginx
	w.WriteHeader(http.StatusOK)
}
