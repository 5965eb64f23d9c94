package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
)

// follower follows the conversions with WatchConversions, over several streams, and checks what the API promises.
type follower struct {
	client trackingv1.ConversionServiceClient
	filter string
	// partial means that the filter excludes some states of a conversion, so changes may be missing.
	partial bool
	// breakAfter returns the number of answers after which the follower ends a stream.
	breakAfter func() int

	mu    sync.Mutex
	token string
	// known has the number of the last change of each conversion.
	known map[string]int32
	// streams and answers count.
	streams, answers int
	wrong            []string
}

func newFollower(client trackingv1.ConversionServiceClient, filter string) *follower {
	return &follower{client: client, filter: filter, known: map[string]int32{}, breakAfter: func() int { return 1 << 30 }}
}

// breaking makes the follower end its streams at random.
func (f *follower) breaking() *follower {
	f.breakAfter = func() int { return 50 + rand.IntN(450) }
	return f
}

// begin waits for the first token. From then on, nothing may be missed.
func (f *follower) begin(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, tellPatience)
	defer cancel()
	if err := f.follow(ctx, 1); err != nil {
		return fmt.Errorf("the stream ended before its first token: %w", err)
	}
	return nil
}

// breakTime is the pause between two streams.
const breakTime = 200 * time.Millisecond

// run follows until ctx ends, with a new stream after each end.
func (f *follower) run(ctx context.Context) {
	for ctx.Err() == nil {
		err := f.follow(ctx, f.breakAfter())
		if code := status.Code(err); err != nil && ctx.Err() == nil && code != codes.Unavailable {
			f.complain("a stream ended with %v", err)
		}
		_ = sleep(ctx, breakTime) // the loop sees the end of ctx
	}
}

// follow follows one stream from the last token on, for n answers or until the stream ends.
func (f *follower) follow(ctx context.Context, n int) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	f.mu.Lock()
	token := f.token
	f.streams++
	f.mu.Unlock()
	stream, err := f.client.WatchConversions(ctx, &trackingv1.WatchConversionsRequest{Filter: f.filter, ResumeToken: token}, grpc.WaitForReady(true))
	if err != nil {
		return err
	}
	told := map[string]int32{}
	for range n {
		news, err := stream.Recv()
		if err != nil {
			return err
		}
		f.take(news, told)
	}
	return nil
}

// take checks and records an answer. told has what the same stream sent before.
func (f *follower) take(news *trackingv1.WatchConversionsResponse, told map[string]int32) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answers++
	f.token = news.GetResumeToken()
	c := news.GetConversion()
	if c == nil {
		return
	}
	last, known := f.known[c.GetName()]
	before, again := told[c.GetName()]
	for _, change := range news.GetChanges() {
		number := change.GetNumber()
		if !f.partial && (number > last+1 || again && number != before+1) {
			f.wrong = append(f.wrong, fmt.Sprintf("change %d of %s came after %d, in its stream after %d", number, c.GetName(), last, before))
		}
		last, before, again = max(last, number), number, true
	}
	if !f.partial && !known && !news.GetCreated() {
		f.wrong = append(f.wrong, c.GetName()+" was not new when it came first")
	}
	if n := len(news.GetChanges()); n > 0 && news.GetChanges()[n-1].GetTo().GetStatus() != c.GetStatus() {
		f.wrong = append(f.wrong, fmt.Sprintf("%s is %v after the change %v", c.GetName(), c.GetStatus(), news.GetChanges()[n-1]))
	}
	f.known[c.GetName()], told[c.GetName()] = last, before
}

func (f *follower) complain(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.wrong = append(f.wrong, fmt.Sprintf(format, args...))
}

// await waits until the follower knows exactly the sold conversions, with their last changes.
func (f *follower) await(t *testing.T, what string, want map[string]int32) {
	t.Helper()
	start := time.Now()
	for len(f.missing(want)) > 0 && time.Since(start) < followPatience {
		if err := sleep(t.Context(), 50*time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	missing := f.missing(want)
	f.mu.Lock()
	defer f.mu.Unlock()
	t.Logf("%s: %d conversions, %d answers in %d streams, all known %s after the last change", what, len(want), f.answers, f.streams, time.Since(start).Round(100*time.Millisecond))
	if len(missing) > 0 {
		t.Errorf("%s: %d of %d conversions or their changes were not told, such as %v", what, len(missing), len(want), missing[:min(len(missing), 5)])
	}
	if len(f.known) > len(want) {
		t.Errorf("%s: %d conversions were told, not %d", what, len(f.known), len(want))
	}
	for _, wrong := range f.wrong[:min(len(f.wrong), 10)] {
		t.Errorf("%s: %s (one of %d)", what, wrong, len(f.wrong))
	}
}

func (f *follower) missing(want map[string]int32) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var missing []string
	for name, number := range want {
		if last, known := f.known[name]; !known || last != number {
			missing = append(missing, fmt.Sprintf("%s: change %d (known %t), not %d", name, last, known, number))
		}
	}
	return missing
}

// sold records sales and changes.
type sold struct {
	mu sync.Mutex
	// changes has the number of changes of each conversion: by publisher, and for rejected ones.
	changes  map[string]map[string]int32
	rejected map[string]int32
	all      map[string]int32
	wrong    []error
}

func newSold() *sold {
	return &sold{changes: map[string]map[string]int32{}, rejected: map[string]int32{}, all: map[string]int32{}}
}

// sell reports n sales, approves a third of them, and rejects half of these. It repeats each call until it is answered.
func (s *sold) sell(ctx context.Context, client typed, offer string, codes []string, prefix string, n, workers int) {
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			for i := w; i < n && ctx.Err() == nil; i += workers {
				c, err := sellOne(ctx, client.conversions, &trackingv1.RecordConversionRequest{
					Offer: "offers/" + offer, CouponCode: codes[i%len(codes)], TransactionId: prefix + strconv.Itoa(i),
				}, i%3 == 0, i%6 == 0)
				s.note(c, err)
			}
		})
	}
	group.Wait()
}

func sellOne(ctx context.Context, client trackingv1.ConversionServiceClient, sale *trackingv1.RecordConversionRequest, approve, reject bool) (*trackingv1.Conversion, error) {
	c, err := insist(ctx, func() (*trackingv1.Conversion, error) {
		resp, err := client.RecordConversion(ctx, sale)
		return resp.GetConversion(), err
	})
	if err == nil && approve {
		c, err = insist(ctx, func() (*trackingv1.Conversion, error) {
			return client.ApproveConversion(ctx, &trackingv1.ApproveConversionRequest{Name: c.GetName()})
		})
	}
	if err == nil && reject {
		c, err = insist(ctx, func() (*trackingv1.Conversion, error) {
			return client.RejectConversion(ctx, &trackingv1.RejectConversionRequest{Name: c.GetName(), Reason: "goods came back"})
		})
	}
	return c, err
}

// insist repeats a call until it is answered.
func insist(ctx context.Context, call func() (*trackingv1.Conversion, error)) (*trackingv1.Conversion, error) {
	for {
		c, err := call()
		if err == nil || status.Code(err) != codes.Unavailable {
			return c, err
		}
		if err := sleep(ctx, 20*time.Millisecond); err != nil {
			return nil, err
		}
	}
}

func (s *sold) note(c *trackingv1.Conversion, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.wrong = append(s.wrong, err)
		return
	}
	n := int32(len(c.GetChanges()))
	s.all[c.GetName()] = n
	if s.changes[c.GetPublisher()] == nil {
		s.changes[c.GetPublisher()] = map[string]int32{}
	}
	s.changes[c.GetPublisher()][c.GetName()] = n
	if c.GetStatus() == trackingv1.Conversion_REJECTED {
		s.rejected[c.GetName()] = n
	}
}

// check fails the test if a sale could not be reported.
func (s *sold) check(t *testing.T) {
	t.Helper()
	if len(s.wrong) > 0 {
		t.Fatalf("%d sales failed, such as: %v", len(s.wrong), s.wrong[0])
	}
}
