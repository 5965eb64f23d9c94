package httpserve

import (
	"errors"
	"io"
	"net/http"
	"sync"
	"time"
)

// arrivals are the requests whose body has not fully arrived. When the server stops, they get arrivalGrace: a caller that
// sends half a body must not hold up the stop.
type arrivals struct {
	mu   sync.Mutex
	open map[*arrival]struct{}
	// until is when bodies must have arrived; zero unless the server stops.
	until time.Time
}

// arrival is a request's body. It notices when the body has arrived.
type arrival struct {
	io.ReadCloser
	control *http.ResponseController
	all     *arrivals
}

// track returns a request whose body, if it has one, is tracked. Call end once the request is answered. The server's own
// request keeps its body: the server needs it to end the request.
func (a *arrivals) track(w http.ResponseWriter, r *http.Request) (_ *http.Request, end func()) {
	if r.ContentLength == 0 {
		return r, func() {}
	}
	body := &arrival{ReadCloser: r.Body, control: http.NewResponseController(w), all: a}
	tracked := *r
	tracked.Body = body
	a.mu.Lock()
	defer a.mu.Unlock()
	a.open[body] = struct{}{}
	body.hurry(a.until)
	return &tracked, body.end
}

// hurry gives the bodies that have not arrived, and those of later requests, until a time.
func (a *arrivals) hurry(until time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.until = until
	for body := range a.open {
		body.hurry(until)
	}
}

// isCalm reports whether bodies have all the time that the server gives them.
func (a *arrivals) isCalm() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.until.IsZero()
}

// hurry lets reads fail from a time on, unless it is zero. A connection that is closed needs no deadline.
func (b *arrival) hurry(until time.Time) {
	if !until.IsZero() {
		_ = b.control.SetReadDeadline(until)
	}
}

// Read implements io.Reader.
func (b *arrival) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) && b.forget() && !b.all.isCalm() {
		_ = b.control.SetReadDeadline(time.Time{}) // the server reads on, to notice when the caller leaves
	}
	return n, err //nolint:wrapcheck // readers compare it with io.EOF
}

// end is called when the request is answered. The server still reads the rest of a body; if it stops, that has a deadline
// already.
func (b *arrival) end() {
	if b.forget() && b.all.isCalm() {
		_ = b.control.SetReadDeadline(time.Now().Add(arrivalGrace))
	}
}

// forget reports whether the body had not arrived.
func (b *arrival) forget() (wasOpen bool) {
	b.all.mu.Lock()
	defer b.all.mu.Unlock()
	_, wasOpen = b.all.open[b]
	delete(b.all.open, b)
	return wasOpen
}
