package delivery_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/deliveryurl"
	app "github.com/couponlink/couponlink/services/tracking/internal/app/delivery"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/delivery"
)

const (
	secret         = "whsec_bm93IG5vdyBub3cgbm93IG5vdyBub3cg"
	previousSecret = "whsec_dGhlbiB0aGVuIHRoZW4gdGhlbiB0aGVu"
)

// publishers is the catalog of a test.
type publishers struct {
	mu   sync.Mutex
	list map[string]domain.Publisher
	// broken is the id of a publisher that cannot be looked up.
	broken string
	err    error
}

func (p *publishers) Publisher(_ context.Context, id string) (domain.Publisher, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return domain.Publisher{}, p.err
	}
	if p.broken != "" && id == p.broken {
		return domain.Publisher{}, errors.New("its postback_url is damaged")
	}
	publisher, ok := p.list[id]
	if !ok {
		return publisher, domain.ErrNotFound
	}
	return publisher, nil
}

// fail has the catalog fail from now on, or answer again.
func (p *publishers) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err = err
}

// publisher returns an active one that is told of everything by GET.
func publisher(t *testing.T, id, url string) domain.Publisher {
	t.Helper()
	template, err := deliveryurl.Compile(url)
	if err != nil {
		t.Fatal(err)
	}
	return domain.Publisher{
		ID: id, Active: true, PostbackURL: template, Method: domain.DeliverByGet, Secret: secret,
		Statuses: []domain.Status{domain.StatusPending, domain.StatusApproved, domain.StatusRejected},
	}
}

// world is a store, a client and endpoints, each by its host, in virtual time.
type world struct {
	*memory
	*publishers
	endpoints map[string]endpoint
	timeout   time.Duration

	mu    sync.Mutex
	calls []call
}

// call is one that an endpoint got.
type call struct {
	host string
	id   string
	at   time.Time
}

// endpoint answers calls with a status, headers, or an error instead.
type endpoint func(req *http.Request) (int, http.Header, error)

// status is an endpoint that always answers the same.
func status(code int) endpoint {
	return func(*http.Request) (int, http.Header, error) { return code, nil, nil }
}

// slow is an endpoint that takes its time to take a delivery, or is given up.
func slow(latency time.Duration) endpoint {
	return func(req *http.Request) (int, http.Header, error) {
		select {
		case <-time.After(latency):
			return http.StatusOK, nil, nil
		case <-req.Context().Done():
			return 0, nil, req.Context().Err()
		}
	}
}

// then is an endpoint that answers by one after another, and by the last from then on.
func then(list ...endpoint) endpoint {
	var mu sync.Mutex
	return func(req *http.Request) (int, http.Header, error) {
		mu.Lock()
		next := list[0]
		if len(list) > 1 {
			list = list[1:]
		}
		mu.Unlock()
		return next(req)
	}
}

// newWorld returns a world with publishers of these ids and endpoints.
func newWorld(t *testing.T, endpoints map[string]endpoint) *world {
	t.Helper()
	w := &world{memory: newMemory(), publishers: &publishers{list: map[string]domain.Publisher{}}, endpoints: endpoints}
	for id := range endpoints {
		w.list[id] = publisher(t, id, "https://"+id+".example/postback?id={delivery_id}")
	}
	return w
}

// RoundTrip implements http.RoundTripper.
func (w *world) RoundTrip(req *http.Request) (*http.Response, error) {
	host := strings.TrimSuffix(req.URL.Host, ".example")
	w.mu.Lock()
	w.calls = append(w.calls, call{host: host, id: req.Header.Get("webhook-id"), at: time.Now()})
	w.mu.Unlock()
	code, header, err := w.endpoints[host](req)
	if err != nil {
		return nil, err
	}
	if header == nil {
		header = http.Header{}
	}
	return &http.Response{StatusCode: code, Header: header, Body: io.NopCloser(strings.NewReader("ok")), Request: req}, nil
}

// called returns the calls that an endpoint got.
func (w *world) called(host string) []call {
	w.mu.Lock()
	defer w.mu.Unlock()
	var found []call
	for _, c := range w.calls {
		if c.host == host {
			found = append(found, c)
		}
	}
	return found
}

// start runs a Sender until the returned function is called, which waits for its end.
func (w *world) start(t *testing.T) (c *app.Sender, stop func()) {
	t.Helper()
	c = app.NewSender(app.SenderConfig{
		Store: w.memory, Publishers: w.publishers, Client: &http.Client{Transport: w}, Now: time.Now,
		Random: func() float64 { return 0.5 }, Log: slog.New(slog.DiscardHandler), CallTimeout: w.timeout,
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- c.Run(ctx) }()
	return c, func() {
		t.Helper()
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	}
}

// due returns deliveries of a publisher, each of a conversion of its own, that are due now.
func due(publisher string, n int) []delivery.Delivery {
	list := make([]delivery.Delivery, n)
	for i := range list {
		list[i] = dueDelivery(fmt.Sprintf("%04d%s", i, publisher), 0, publisher)
	}
	return list
}

// delivery returns a delivery that is due now.
func dueDelivery(conversion string, change int, publisher string) delivery.Delivery {
	now := time.Now().UTC().Truncate(time.Millisecond)
	d := delivery.Test(publisher, domain.PayloadV1, now)
	d.ID, d.Conversion, d.Change = deliveryID(conversion, change, publisher), conversion, change
	return d
}

func deliveryID(conversion string, change int, publisher string) string {
	return fmt.Sprintf("%s-%d-%s", conversion, change, publisher)
}

// sold returns a conversion whose deliveries are to be planned.
func sold(id, publisher string) domain.Conversion {
	now := time.Now().UTC().Truncate(time.Millisecond)
	return domain.Conversion{
		ID: id, Offer: "10", Publisher: publisher, Event: "sale", Status: domain.StatusApproved, Outcome: domain.Attributed,
		Method: domain.CouponCode, ConversionTime: now, CreateTime: now, Revision: 1, Unplanned: true,
	}
}
