package httpserve

import (
	"net"
	"sync"
	"time"

	"github.com/couponlink/couponlink/services/internal/stall"
)

const (
	// backlogPatience is how long a closing listener waits for one more connection.
	backlogPatience = 10 * time.Millisecond
	// backlogTimeout bounds how long a closing listener hands out connections in total.
	backlogTimeout = time.Second
	// plugPatience is how long the last connection may take to be made; it is made within the machine.
	plugPatience = 20 * time.Millisecond
)

// listener gives its connections deadlines for writing. When it is closed, it first hands out the connections
// that callers have made already, which the system would reset.
//
// Under load another connection always waits. So the listener shrinks the system's backlog to one connection
// and fills it with a connection of its own, the plug, so that no other comes in.
type listener struct {
	net.Listener
	// patience is stall.Patience, but in tests.
	patience time.Duration

	mu        sync.Mutex
	accepting bool
	closing   bool
	isSmall   bool
	plug      net.Conn
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
	if l.plugged() {
		return nil, net.ErrClosed
	}
	if !l.hurry() {
		return nil, net.ErrClosed
	}
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, net.ErrClosed // not the deadline's error, after which the server would try again
	}
	return conn, nil
}

// plugged tries to make the plug, and reports whether it is there.
func (l *listener) plugged() bool {
	if !l.isSmall {
		return false
	}
	plug, err := net.DialTimeout("tcp", l.Addr().String(), plugPatience)
	if err != nil {
		return false // another connection waits
	}
	l.mu.Lock()
	l.plug = plug
	l.mu.Unlock()
	return true
}

// hurry lets Accept fail unless there is a connection very soon. It reports whether it could.
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
	isLast := l.accepting && l.hurry()
	if isLast && !l.closing {
		l.isSmall = shrinkBacklog(l.Listener)
	}
	l.closing = true
	l.mu.Unlock()
	if isLast {
		select {
		case <-l.ended:
		case <-time.After(backlogTimeout):
		}
	}
	err := l.Listener.Close()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.plug != nil {
		_ = l.plug.Close() // nobody has the other end
	}
	return err
}
