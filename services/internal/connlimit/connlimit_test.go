package connlimit_test

import (
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/connlimit"
)

// queue is a listener that hands out connections.
type queue struct {
	net.Listener
	conns []*conn
}

func (q *queue) Accept() (net.Conn, error) {
	if len(q.conns) == 0 {
		return nil, io.EOF
	}
	c := q.conns[0]
	q.conns = q.conns[1:]
	return c, nil
}

// conn is a connection from an address.
type conn struct {
	net.Conn
	ip     string
	said   strings.Builder
	closed bool
}

func (c *conn) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: net.ParseIP(c.ip), Port: 4} }
func (c *conn) Write(b []byte) (int, error)      { return c.said.Write(b) }
func (c *conn) SetWriteDeadline(time.Time) error { return nil }
func (c *conn) Close() error {
	c.closed = true
	return nil
}

func TestConnectionsAreBounded(t *testing.T) {
	q := &queue{}
	l := connlimit.Bounds{Connections: 6, PerAddress: 2}.HTTP(q)
	// dial returns the accepted connection; nil if it was refused.
	dial := func(ip string) net.Conn {
		t.Helper()
		c := &conn{ip: ip}
		q.conns = append(q.conns, c)
		accepted, err := l.Accept()
		if err != nil && (!c.closed || !strings.HasPrefix(c.said.String(), "HTTP/1.1 503 ") || !strings.Contains(c.said.String(), "Retry-After: 1\r\n")) {
			t.Errorf("refused with %q", c.said.String())
		}
		return accepted
	}
	first := dial("203.0.113.7")
	if first == nil || dial("203.0.113.7") == nil || dial("::ffff:203.0.113.7") != nil {
		t.Error("an address does not have exactly two connections")
	}
	if dial("203.0.113.8") == nil {
		t.Error("another address is refused")
	}
	_ = first.Close()
	_ = first.Close()
	if dial("203.0.113.7") == nil || dial("203.0.113.7") != nil {
		t.Error("after one was closed, twice, not exactly one more comes in")
	}
	for range 3 {
		if dial("10.0.0.5") == nil {
			t.Error("a proxy of the network is refused")
		}
	}
	if dial("203.0.113.9") != nil || dial("10.0.0.5") != nil {
		t.Error("there are more connections than allowed in all")
	}
}

// TestTheSocketIsReached checks that a server that stops can tune its listener's socket through the bounds.
func TestTheSocketIsReached(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	socket, ok := connlimit.Bounds{}.HTTP(listener).(syscall.Conn)
	if !ok {
		t.Fatal("it is no syscall.Conn")
	}
	if _, err := socket.SyscallConn(); err != nil {
		t.Error(err)
	}
	inTime, ok := socket.(interface{ SetDeadline(time.Time) error })
	if !ok || inTime.SetDeadline(time.Now()) != nil {
		t.Error("it takes no deadline")
	}
}
