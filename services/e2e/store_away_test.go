package e2e

import (
	"database/sql"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	_ "modernc.org/sqlite" // holds the lock, as a backup or a repair would

	"github.com/couponlink/couponlink/services/internal/mongotest"
)

// TestStoreLocked makes another program hold the lock of the SQLite store. Calls that cannot be stored are refused, and
// once the lock is free everything works again.
func TestStoreLocked(t *testing.T) {
	t.Parallel()
	dataDir := t.TempDir()
	s, _ := startTogether(t, dataDir, nil)
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dataDir, "tracking.db")+"?_txlock=immediate&_pragma=busy_timeout(10000)") // the product writes now and then
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	player{system: s, transport: "rest", suite: loadSuite(t)}.loseStore(t, func() (giveBack func()) {
		tx, err := db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		return func() {
			if err := tx.Rollback(); err != nil {
				t.Error(err)
			}
		}
	})
}

// TestMongoDBAway cuts the connection to MongoDB, and restores it.
func TestMongoDBAway(t *testing.T) {
	t.Parallel()
	cable, uri := newCable(t, mongotest.URI(t))
	s := startOnMongoDBAt(t, uri)
	p := player{system: s, transport: "rest", suite: loadSuite(t)}
	v := p.prepare(t, []step{{Use: "campaign"}})
	p.loseStore(t, func() (giveBack func()) {
		cable.cut()
		p.refusedInTime(t, v)
		return cable.restore
	})
}

// TestMongoDBLate starts the product before its database. It waits, alive and not ready, and serves once the database
// is there.
func TestMongoDBLate(t *testing.T) {
	t.Parallel()
	cable, uri := newCable(t, mongotest.URI(t))
	cable.cut()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer cable.restore()
		for deadline := time.Now().Add(startPatience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
			ready, alive := statusOf(addr, "/readyz"), statusOf(addr, "/livez")
			if ready == http.StatusServiceUnavailable && alive == http.StatusOK {
				return
			}
		}
		t.Error("the product does not say that it is alive and not ready while it waits for its database")
	}()
	s := startInside(t, uri+"&serverSelectionTimeoutMS=100", addr)
	player{system: s, transport: "rest", suite: loadSuite(t)}.prepare(t, []step{{Use: "campaign"}, sale("A-1", "")})
}

// statusOf returns the status of an answer; 0 if no answer came.
func statusOf(addr, path string) int {
	resp, err := http.Get("http://" + addr + path)
	if err != nil {
		return 0
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

const (
	// firstPatience is how long the first call may take when the database is away, and knownPatience the others.
	firstPatience = 5 * time.Second
	knownPatience = time.Second
	// busyMachine is what a busy machine may add.
	busyMachine = 3 * time.Second
)

// refusedInTime makes calls of each kind to both services while the database is away. The first call to each service is
// refused within firstPatience. By then the service knows, so the others are refused within knownPatience. All may be
// retried.
func (p player) refusedInTime(t *testing.T, v vars) {
	t.Helper()
	patience := firstPatience
	for _, call := range []string{
		"GET /v1/conversions", "GET /v1/offers", "GET /v1/offers/-/coupons", "GET /v1/offers/${offer}/approvals/${pub}",
		`POST /v1/publishers?publisher_id=away {"displayName":"Away"}`, `POST /v1/offers/${offer}/coupons {"code":"AWAY10","publisher":"publishers/${pub}"}`,
		"GET /v1/postbacks", "GET /v1/deliveries", "GET /v1/conversions/1",
	} {
		request, body, _ := strings.Cut(call, " {")
		st := step{HTTP: request, expectation: expectation{Status: http.StatusServiceUnavailable, Header: map[string]any{"Retry-After": "!present"}}}
		if body != "" {
			st.Body, st.Headers = "{"+body, map[string]string{"Content-Type": "application/json"}
		}
		began := time.Now()
		if err := p.play(t.Context(), []step{st}, v); err != nil {
			t.Errorf("while the database is away: %v", err)
		}
		if took := time.Since(began); took > patience+busyMachine {
			t.Errorf("while the database is away: %s took %s, want %s", call, took, patience)
		}
		if call == "GET /v1/offers" { // both services know by now
			patience = knownPatience
		}
	}
}

// loseStore reports a sale before, while and after the store is away. The one in between is refused with a time to
// retry after, and nothing of it is stored until it is sent again.
func (p player) loseStore(t *testing.T, lose func() (giveBack func())) {
	t.Helper()
	v := p.prepare(t, []step{{Use: "campaign"}, sale("A-1", "")})
	unavailable := expectation{
		Status: http.StatusServiceUnavailable, Header: map[string]any{"Retry-After": "!present", "Location": "!absent"},
	}
	refused, again := sale("A-2", ""), sale("A-2", "")
	refused.expectation, refused.Save = unavailable, nil
	refused.Response = map[string]any{"outcome": "REJECTED", "reason": "!present", "message": "!present"}
	giveBack := lose()
	err := p.play(t.Context(), []step{
		refused,
		{HTTP: "GET ${link}", Why: "a click that is not stored is not redirected", expectation: unavailable},
		{Call: "tracking.v1.ConversionService/RecordConversion", Request: map[string]any{"couponCode": "${code}", "offer": "offers/${offer}", "transactionId": "A-2"}, expectation: expectation{Code: "UNAVAILABLE"}},
	}, v)
	giveBack()
	if err != nil {
		t.Fatal(err)
	}
	ofOffer := map[string]any{"filter": `offer = "offers/${offer}"`, "orderBy": "create_time"}
	again.Eventually, again.expectation = "20s", expectation{Response: map[string]any{"outcome": "ATTRIBUTED"}}
	p.mustPlay(t, v, []step{
		again,
		{HTTP: "GET ${link}", Eventually: "20s", expectation: expectation{Status: http.StatusFound}},
		{HTTP: "GET /readyz", Eventually: "20s"},
		{Call: "tracking.v1.ConversionService/ListConversions", Request: ofOffer, expectation: expectation{Response: map[string]any{
			"conversions": []any{map[string]any{"transactionId": "A-1"}, map[string]any{"transactionId": "A-2"}},
		}}},
		{Call: "tracking.v1.PostbackService/ListPostbacks", Why: "the journal agrees", Request: ofOffer, expectation: expectation{Response: map[string]any{
			"postbacks": []any{map[string]any{"transactionId": "A-1", "outcome": "ATTRIBUTED"}, map[string]any{"transactionId": "A-2", "outcome": "ATTRIBUTED"}},
		}}},
	})
}

// cable is a connection to a server that can be cut.
type cable struct {
	t        *testing.T
	addr, to string

	mu       sync.Mutex
	listener net.Listener
	conns    []net.Conn
}

// newCable returns a cable to the server of a MongoDB URI, and the URI of its other end.
func newCable(t *testing.T, uri string) (*cable, string) {
	t.Helper()
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "mongodb" || strings.Contains(u.Host, ",") {
		t.Fatalf("a cable needs the URI of one server, mongodb://host:port: %v", err)
	}
	c := &cable{t: t, addr: "127.0.0.1:0", to: u.Host}
	if u.Port() == "" {
		c.to = net.JoinHostPort(u.Hostname(), "27017")
	}
	c.restore()
	t.Cleanup(c.cut)
	query := u.Query()
	query.Set("directConnection", "true") // otherwise the server names its other addresses
	query.Del("serverSelectionTimeoutMS") // the product's default
	u.Host, u.RawQuery = c.addr, query.Encode()
	return c, u.String()
}

// restore reconnects the cable.
func (c *cable) restore() {
	listener, err := net.Listen("tcp", c.addr)
	if err != nil {
		c.t.Error(err)
		return
	}
	c.mu.Lock()
	c.addr, c.listener = listener.Addr().String(), listener
	c.mu.Unlock()
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			go c.carry(near)
		}
	}()
}

// cut closes all connections and accepts no more.
func (c *cable) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.listener != nil {
		_ = c.listener.Close()
	}
	c.listener = nil
	for _, conn := range c.conns {
		_ = conn.Close()
	}
	c.conns = nil
}

func (c *cable) carry(near net.Conn) {
	defer func() { _ = near.Close() }()
	far, err := net.Dial("tcp", c.to)
	if err != nil {
		return
	}
	defer func() { _ = far.Close() }()
	c.mu.Lock()
	if c.listener == nil { // cut meanwhile
		c.mu.Unlock()
		return
	}
	c.conns = append(c.conns, near, far)
	c.mu.Unlock()
	back := make(chan struct{})
	go func() {
		defer close(back)
		_, _ = io.Copy(near, far)
		_ = near.Close()
	}()
	_, _ = io.Copy(far, near)
	_ = far.Close()
	<-back
}
