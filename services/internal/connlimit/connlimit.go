// Package connlimit bounds the connections that a listener accepts, in total and for each client address.
//
// The services' wiring may import it; of our packages it imports clientaddr.
package connlimit

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"github.com/couponlink/couponlink/services/internal/clientaddr"
)

// refuseTimeout bounds how long Accept takes to tell a client that its connection is refused.
const refuseTimeout = time.Second

// Bounds are the limits of one listener's connections. Zero means no limit.
type Bounds struct {
	Connections int `env:"COUPONLINK_MAX_CONNECTIONS" name:"max-connections" default:"8192" placeholder:"N" help:"Maximum number of connections on each listening address; further ones are closed (${default}; 0: no limit)."`
	PerAddress  int `env:"COUPONLINK_MAX_CONNECTIONS_PER_ADDRESS" name:"max-connections-per-address" default:"256" placeholder:"N" help:"Maximum number of connections of one client address; private addresses, where proxies are, are exempt (${default}; 0: no limit)."`
}

// httpRefusal is the response to an HTTP client whose connection is refused.
const httpRefusal = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

// HTTP returns a bounded listener for an HTTP server: it answers a connection above a bound with 503 and
// closes it. Connections count for the clientaddr.Owner of their address. Those from private addresses count
// only towards the total, since a proxy speaks for many clients.
func (b Bounds) HTTP(listener net.Listener) net.Listener { return b.listener(listener, httpRefusal) }

// GRPC is like HTTP, for a gRPC server: it closes a connection above a bound without an answer.
func (b Bounds) GRPC(listener net.Listener) net.Listener { return b.listener(listener, "") }

func (b Bounds) listener(inner net.Listener, refusal string) net.Listener {
	return &bounded{Listener: inner, bounds: b, refusal: refusal, of: map[netip.Prefix]int{}}
}

type bounded struct {
	net.Listener
	bounds  Bounds
	refusal string

	mu    sync.Mutex
	inAll int
	of    map[netip.Prefix]int
}

// Accept implements net.Listener.
func (l *bounded) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		owner := ownerOf(c)
		if l.take(owner) {
			return &conn{Conn: c, release: sync.OnceFunc(func() { l.release(owner) })}, nil
		}
		l.refuse(c)
	}
}

// SyscallConn implements syscall.Conn, if the bounded listener does.
func (l *bounded) SyscallConn() (syscall.RawConn, error) {
	socket, ok := l.Listener.(syscall.Conn)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	return socket.SyscallConn() //nolint:wrapcheck // the error is the listener's own
}

// SetDeadline bounds how long Accept waits, if the bounded listener can.
func (l *bounded) SetDeadline(t time.Time) error {
	if inner, ok := l.Listener.(interface{ SetDeadline(time.Time) error }); ok {
		return inner.SetDeadline(t) //nolint:wrapcheck // as above
	}
	return errors.ErrUnsupported
}

// refuse closes a connection. The few bytes fit into the socket's buffer, so the write does not block.
func (l *bounded) refuse(c net.Conn) {
	if l.refusal != "" && c.SetWriteDeadline(time.Now().Add(refuseTimeout)) == nil {
		_, _ = c.Write([]byte(l.refusal))
	}
	_ = c.Close()
}

// ownerOf returns the network that a connection counts for; the zero Prefix if it counts only towards the total.
func ownerOf(c net.Conn) netip.Prefix {
	host, _, err := net.SplitHostPort(c.RemoteAddr().String())
	if ip := net.ParseIP(host); err != nil || ip == nil || ip.IsLoopback() || ip.IsPrivate() {
		return netip.Prefix{}
	}
	return clientaddr.Owner(host)
}

func (l *bounded) take(owner netip.Prefix) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.bounds.Connections > 0 && l.inAll >= l.bounds.Connections {
		return false
	}
	if owner.IsValid() {
		if l.bounds.PerAddress > 0 && l.of[owner] >= l.bounds.PerAddress {
			return false
		}
		l.of[owner]++
	}
	l.inAll++
	return true
}

func (l *bounded) release(owner netip.Prefix) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inAll--
	if !owner.IsValid() {
		return
	}
	if l.of[owner]--; l.of[owner] == 0 {
		delete(l.of, owner)
	}
}

type conn struct {
	net.Conn
	release func()
}

// Close implements net.Conn.
func (c *conn) Close() error {
	defer c.release()
	return c.Conn.Close()
}

// CloseWrite lets a server end a response without cutting off what the client still sends.
func (c *conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite() //nolint:wrapcheck // the error is the connection's own
	}
	return errors.ErrUnsupported
}
