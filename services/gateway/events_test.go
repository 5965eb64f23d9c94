package gateway_test

import (
	"bufio"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/grpcserve"
)

const watchPath = "/v1/conversions:watch"

// watched is a fake tracking service. It sends the messages in news, then returns err or, if err is nil, waits until the
// caller leaves.
type watched struct {
	trackingv1.UnimplementedConversionServiceServer
	news []*trackingv1.WatchConversionsResponse
	err  error
	asks chan *trackingv1.WatchConversionsRequest
	gone chan struct{}
}

func (s *watched) WatchConversions(req *trackingv1.WatchConversionsRequest, stream grpc.ServerStreamingServer[trackingv1.WatchConversionsResponse]) error {
	s.asks <- req
	for _, news := range s.news {
		if err := stream.Send(news); err != nil {
			return err
		}
	}
	if s.err == nil {
		<-stream.Context().Done()
		close(s.gone)
	}
	return s.err
}

// event is one event as a browser sees it.
type event struct{ id, kind, data string }

// eventStream reads events as the HTML standard says.
type eventStream struct {
	lines *bufio.Scanner
	// lastID is what a browser would send as Last-Event-ID.
	lastID string
}

// next returns the next event, and false at the end.
func (s *eventStream) next() (event, bool) {
	var e event
	for s.lines.Scan() {
		line := s.lines.Text()
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case line == "" && e.data != "":
			e.id = s.lastID
			return e, true
		case line == "":
			e = event{}
		case name == "id":
			s.lastID = value
		case name == "event":
			e.kind = value
		case name == "data":
			e.data += value
		}
	}
	return e, false
}

// watch sends a GET to a gateway in front of s.
func watch(t *testing.T, s *watched, query, lastID string) (*http.Response, *eventStream) {
	t.Helper()
	resp := askFeed(t, s, http.MethodGet, query, lastID)
	return resp, &eventStream{lines: bufio.NewScanner(resp.Body)}
}

func askFeed(t *testing.T, s *watched, method, query, lastID string) *http.Response {
	t.Helper()
	s.asks, s.gone = make(chan *trackingv1.WatchConversionsRequest, 1), make(chan struct{})
	log := slog.New(slog.DiscardHandler)
	server := grpcserve.New(grpcserve.Config{AdminKey: key, Log: log})
	trackingv1.RegisterConversionServiceServer(server, s)
	handler, err := gateway.New(gateway.Backends{Coupon: server.Local(), Tracking: server.Local(), Partner: http.NotFoundHandler()}, gateway.Options{AdminKey: key, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	served := httptest.NewUnstartedServer(handler)
	served.Config.ReadTimeout = 300 * time.Millisecond // a stream lives longer
	served.Start()
	t.Cleanup(served.Close)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, method, served.URL+watchPath+query, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+key)
	r.Header.Set("Accept-Encoding", "gzip, zstd")
	if lastID != "" {
		r.Header.Set("Last-Event-ID", lastID)
	}
	resp, err := served.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	return resp
}

func TestEvents(t *testing.T) {
	sale := &trackingv1.Conversion{Name: "conversions/1", TransactionId: "two\nlines"}
	s := &watched{news: []*trackingv1.WatchConversionsResponse{
		{ResumeToken: "t0"}, {Conversion: sale, Created: true, ResumeToken: "t1"}, {Conversion: sale, ResumeToken: "t2"}, {ResumeToken: "t3"},
	}, err: apperr.New(apperr.Unavailable, "SERVICE_STOPPING", "stopping")}
	resp, stream := watch(t, s, "?filter=offer%3D10", "")
	defer func() { _ = resp.Body.Close() }()
	for name, want := range map[string]string{"Content-Type": "text/event-stream", "Cache-Control": "no-cache", "X-Accel-Buffering": "no", "Content-Encoding": ""} {
		if got := resp.Header.Get(name); got != want || resp.StatusCode != http.StatusOK {
			t.Errorf("status %d with %s: %q, want %q", resp.StatusCode, name, got, want)
		}
	}
	for i, want := range []event{{id: "t1", kind: "conversion.created"}, {id: "t2", kind: "conversion.changed"}} {
		e, ok := stream.next()
		var data struct {
			Conversion  struct{ Name, TransactionID string }
			Created     bool
			ResumeToken string
		}
		if err := json.Unmarshal([]byte(e.data), &data); err != nil || !ok {
			t.Fatalf("event %d is %+v: %v", i, e, err)
		}
		if e.id != want.id || e.kind != want.kind || data.ResumeToken != want.id || data.Created != (i == 0) || data.Conversion.TransactionID != sale.GetTransactionId() {
			t.Errorf("event %d is %+v, want %+v", i, e, want)
		}
	}
	e, ok := stream.next()
	if !ok || e.kind != "error" || !strings.Contains(e.data, "SERVICE_STOPPING") || e.id != "t3" {
		t.Errorf("the last event is %+v, %t; want why the stream ended, after the lone token", e, ok)
	}
	if _, ok := stream.next(); ok {
		t.Error("the stream goes on after its error")
	}
	if ask := <-s.asks; ask.GetFilter() != "offer=10" || ask.GetResumeToken() != "" {
		t.Errorf("asked %v", ask)
	}
}

func TestEventsResume(t *testing.T) {
	for _, c := range []struct{ query, lastID, want string }{
		{"", "t7", "t7"}, {"?resume_token=t5", "t7", "t7"}, {"?resume_token=t5", "", "t5"}, {"?resumeToken=t5", "", "t5"},
	} {
		s := &watched{} // no news
		resp, _ := watch(t, s, c.query, c.lastID)
		if ask := <-s.asks; ask.GetResumeToken() != c.want || resp.StatusCode != http.StatusOK {
			t.Errorf("%+v: asked with %q, answered with %d", c, ask.GetResumeToken(), resp.StatusCode)
		}
		_ = resp.Body.Close()
		select {
		case <-s.gone:
		case <-time.After(10 * time.Second):
			t.Fatal("the service still sends to a caller who has left")
		}
	}
}

// TestEventsOutliveTheReadTimeout waits longer than the server's read timeout.
func TestEventsOutliveTheReadTimeout(t *testing.T) {
	s := &watched{}
	resp, stream := watch(t, s, "", "t7")
	ended := make(chan bool, 1)
	go func() {
		_, ok := stream.next()
		ended <- ok
	}()
	select {
	case <-ended:
		t.Fatal("the stream ended")
	case <-time.After(time.Second):
	}
	_ = resp.Body.Close()
	<-ended
}

func TestEventsRefused(t *testing.T) {
	for _, c := range []struct {
		query  string
		err    error
		status int
		reason string
	}{
		{"?filter=x", apperr.Invalid("INVALID_FILTER", "filter", "at character 2"), http.StatusBadRequest, "INVALID_FILTER"},
		{"", apperr.New(apperr.Unavailable, "TOO_MANY_WATCHES", "too many"), http.StatusServiceUnavailable, "TOO_MANY_WATCHES"},
		{"?page_size=5", nil, http.StatusBadRequest, "UNKNOWN_PARAMETER"},
		{"?resume_token=a&resumeToken=b", nil, http.StatusBadRequest, "DUPLICATE_PARAMETER"},
	} {
		resp, stream := watch(t, &watched{err: c.err}, c.query, "")
		stream.lines.Scan()
		if resp.StatusCode != c.status || resp.Header.Get("Content-Type") != "application/json" || !strings.Contains(stream.lines.Text(), c.reason) {
			t.Errorf("%s: answered %d with %s, want %d with %s", c.query, resp.StatusCode, stream.lines.Text(), c.status, c.reason)
		}
		_ = resp.Body.Close()
	}
}

// TestHeadOfEvents checks that HEAD says what GET would say, and leaves no stream behind.
func TestHeadOfEvents(t *testing.T) {
	refused := askFeed(t, &watched{err: apperr.Invalid("INVALID_FILTER", "filter", "at character 2")}, http.MethodHead, "?filter=x", "")
	defer func() { _ = refused.Body.Close() }()
	if refused.StatusCode != http.StatusBadRequest || refused.Header.Get("Content-Type") != "application/json" {
		t.Errorf("a wrong filter: %d %v", refused.StatusCode, refused.Header)
	}
	s := &watched{}
	taken := askFeed(t, s, http.MethodHead, "?filter=offer%3D10", "")
	defer func() { _ = taken.Body.Close() }()
	if taken.StatusCode != http.StatusOK || taken.Header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("a filter: %d %v", taken.StatusCode, taken.Header)
	}
	select {
	case <-s.gone:
	case <-time.After(10 * time.Second):
		t.Error("the stream of a HEAD goes on")
	}
}
