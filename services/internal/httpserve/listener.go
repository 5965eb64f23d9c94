package httpserve

import (
	"net"
	"sync"
	"time"

	"github.com/couponlink/couponlink/services/internal/stall"
)

const (
	// backlogPatience is how long a closing listener waits for one more connection: one that is being made takes a
	// round trip.
	backlogPatience = 50 * time.Millisecond
	// backlogLooks is how often it looks for one more: a goroutine that did not get a processor in time finds its
	// deadline over before it has looked.
	backlogLooks = 2
	// backlogTimeout bounds how long a closing listener hands out connections in total.
	backlogTimeout = time.Second
)

// listener gives its connections deadlines for writing. When it is closed, it first hands out the connections
// that callers have made already, which the system would reset. Under load another one always waits, so it lets the
// system ignore new ones from then on.
type listener struct {
	net.Listener
	// patience is stall.Patience, but in tests.
	patience time.Duration

	mu        sync.Mutex
	accepting bool
	closing   bool
	// ended is closed when Accept has failed.
	ended chan struct{}
	once  sync.Once
}

func newListener(l net.Listener, patience time.Duration) *listener {
	return &listener{Listener: l, patience: patience, ended: make(chan struct{})}
}

// Accept returns the next connection.
func (l *listener) Accept() (net.Conn, error) {
	conn, err := l.next()
	if err != nil {
		l.once.Do(func() { close(l.ended) })
		return nil, err
	}
	return &progressConn{Conn: stall.Conn{Conn: conn, Patience: l.patience}}, nil
}

func (l *listener) next() (net.Conn, error) {
	l.mu.Lock()
	l.accepting = true
	closing := l.closing
	l.mu.Unlock()
	if !closing {
		conn, err := l.Listener.Accept()
		if err == nil || !l.isClosing() {
			return conn, err
		}
	}
	for range backlogLooks {
		if !l.hurry() {
			break
		}
		if conn, err := l.Listener.Accept(); err == nil {
			return conn, nil
		}
	}
	return nil, net.ErrClosed // not the deadline's error, after which the server would try again
}

// hurry lets Accept fail unless there is a connection soon. It reports whether it could.
func (l *listener) hurry() (ok bool) {
	tcp, ok := l.Listener.(interface{ SetDeadline(time.Time) error })
	return ok && tcp.SetDeadline(time.Now().Add(backlogPatience)) == nil
}

func (l *listener) isClosing() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closing
}

// Close closes the listener after what waits in it was accepted.
func (l *listener) Close() error {
	l.mu.Lock()
	if l.accepting && !l.closing {
		ignoreNew(l.Listener)
	}
	l.closing = true
	isLast := l.accepting && l.hurry()
	l.mu.Unlock()
	if isLast {
		select {
		case <-l.ended:
		case <-time.After(backlogTimeout):
		}
	}
	return l.Listener.Close() //nolint:wrapcheck // the error is the listener's own
}
