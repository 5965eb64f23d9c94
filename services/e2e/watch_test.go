package e2e

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/internal/mongotest"
)

const (
	// watchedSales is the number of sales that the followers follow; watchedSalesOnEngine, on the embedded MongoDB
	// engine, which is slow.
	watchedSales         = 2000
	watchedSalesOnEngine = 60
	// followPatience bounds how long a follower that ends its streams again and again takes to know all sales.
	followPatience = 45 * time.Second
	// watchStopTime is how long a process with open streams may take to end.
	watchStopTime = 5 * time.Second
)

// TestWatch follows sales and changes, with streams that end in the middle, while the process is killed and restarted.
// Nothing may be missing, and the changes of a conversion must come in order.
func TestWatch(t *testing.T) {
	t.Parallel()
	addrs, dataDir := freeAddrs(t, 3), t.TempDir()
	_, process := startAt(t, addrs, dataDir, nil)
	client := newTyped(t, addrs)
	w := newWatched(t, client, client)
	selling := w.sell(t.Context(), watchedSales, client)
	for range 2 {
		time.Sleep(700 * time.Millisecond)
		process.kill()
		_, process = startAt(t, addrs, dataDir, nil)
	}
	selling.Wait()
	w.check(t)

	open := newFollower(client.conversions, "")
	if err := open.begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- open.follow(t.Context(), 1<<30) }()
	time.Sleep(100 * time.Millisecond)
	process.askToStop(t)
	if err := process.wait(t, watchStopTime); err != nil {
		t.Errorf("the process with open streams ended with %v", err)
	}
	if err := <-ended; status.Code(err) != codes.Unavailable {
		t.Errorf("the stream ended with %v, not with UNAVAILABLE", err)
	}
}

// TestWatchOnMongoDB follows sales and changes made by two processes on the same databases.
//
// On the embedded engine there is one process: see the reason that is logged.
func TestWatchOnMongoDB(t *testing.T) {
	t.Parallel()
	uri, n := mongotest.URI(t), watchedSales
	first := newTyped(t, startOnMongoDBAt(t, uri).addrs)
	second := first
	if mongotest.Engine() {
		n = watchedSalesOnEngine
		t.Log("two processes on the same databases: not on the embedded engine. FerretDB 1 updates by reading and then writing whole documents, " +
			"so that of two updates over two connections one may be lost; MONGODB_URI names a server that runs this")
	} else {
		second = newTyped(t, startOnMongoDBAt(t, uri).addrs)
	}
	w := newWatched(t, first, second)
	w.sell(t.Context(), n, first, second).Wait()
	w.check(t)
}

// TestWatchRefusals requests streams that do not exist.
func TestWatchRefusals(t *testing.T) {
	t.Parallel()
	s, _ := startTogether(t, t.TempDir(), nil)
	client := newTyped(t, s.addrs)
	all := newFollower(client.conversions, "")
	if err := all.begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, request := range map[string]*trackingv1.WatchConversionsRequest{
		"a filter that is none":    {Filter: "color = RED"},
		"a token that is none":     {ResumeToken: "yesterday"},
		"another filter's token":   {Filter: "status = APPROVED", ResumeToken: all.token},
		"a token with a tail":      {ResumeToken: all.token + "x"},
		"a filter that is too odd": {Filter: "status ="},
	} {
		stream, err := client.conversions.WatchConversions(t.Context(), request)
		if err == nil {
			_, err = stream.Recv()
		}
		if status.Code(err) != codes.InvalidArgument {
			t.Errorf("%s: the stream ended with %v", name, err)
		}
	}
}

// watched has sales and their followers: one ends its streams again and again, one follows a publisher, and one follows
// rejected conversions.
type watched struct {
	codes                      []string
	sold                       *sold
	breaking, publisher, state *follower
	stop                       context.CancelFunc
	following                  sync.WaitGroup
}

// newWatched creates a campaign of two publishers and starts the followers. If there are two processes, the follower
// that ends its streams follows the other one.
func newWatched(t *testing.T, client, other typed) *watched {
	t.Helper()
	w := &watched{
		sold:     newSold(),
		breaking: newFollower(other.conversions, "").breaking(), publisher: newFollower(client.conversions, `publisher = "publishers/p1"`),
		state: newFollower(client.conversions, "status = REJECTED"),
	}
	w.state.partial = true
	w.codes = client.campaign(t, "watched", 2, func(i int) (string, *couponv1.Publisher) {
		return fmt.Sprintf("p%d", i), &couponv1.Publisher{DisplayName: "P"}
	})
	ctx, stop := context.WithCancel(t.Context())
	w.stop = stop
	t.Cleanup(stop)
	followers := []*follower{w.breaking, w.publisher, w.state}
	var began errgroup.Group
	for _, f := range followers {
		began.Go(func() error { return f.begin(ctx) })
	}
	if err := began.Wait(); err != nil {
		t.Fatal(err)
	}
	for _, f := range followers {
		w.following.Go(func() { f.run(ctx) })
	}
	return w
}

// sell reports sales through all clients at once.
func (w *watched) sell(ctx context.Context, n int, clients ...typed) *sync.WaitGroup {
	var selling sync.WaitGroup
	for i, client := range clients {
		selling.Go(func() {
			w.sold.sell(ctx, client, "watched", w.codes, fmt.Sprintf("c%d-", i), n/len(clients), 4)
		})
	}
	return &selling
}

// check waits until the followers know all sales.
func (w *watched) check(t *testing.T) {
	t.Helper()
	w.sold.check(t)
	w.publisher.await(t, "of one publisher", w.sold.changes["publishers/p1"])
	w.state.await(t, "of what is rejected", w.sold.rejected)
	w.breaking.await(t, "of all, with breaks", w.sold.all)
	w.stop()
	w.following.Wait()
}
