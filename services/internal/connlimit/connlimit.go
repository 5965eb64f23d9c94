// Package connlimit bounds the connections that a listener accepts, in all and for each client address.
//
// The services' wiring may import it; of ours it imports clientaddr.
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

// refuseTimeout bounds how long a connection is held to tell its client why it is refused.
const refuseTimeout = time.Second

// Bounds are how many connections one listener may have. Zero is no limit.
type Bounds struct {
	Connections int `env:"COUPONLINK_MAX_CONNECTIONS" name:"max-connections" default:"8192" placeholder:"N" help:"Connections at most, on each address that is served; further ones are closed (${default}; 0: no limit)."`
	PerAddress  int `env:"COUPONLINK_MAX_CONNECTIONS_PER_ADDRESS" name:"max-connections-per-address" default:"256" placeholder:"N" help:"Connections of one client address at most, but for addresses inside the network, where proxies are (${default}; 0: no limit)."`
}

// httpRefusal is what an HTTP client is told whose connection is refused.
const httpRefusal = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

// HTTP returns a listener with bounds for an HTTP server: a connection too many is answered with 503 and
// closed. An address counts as clientaddr.Owner has it; addresses inside the network count in all only, since
// a proxy speaks for many clients.
func (b Bounds) HTTP(listener net.Listener) net.Listener { return b.listener(listener, httpRefusal) }

// GRPC is HTTP for a gRPC server: a connection too many is closed.
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

// SyscallConn implements syscall.Conn, if the listener that has bounds does.
func (l *bounded) SyscallConn() (syscall.RawConn, error) {
	socket, ok := l.Listener.(syscall.Conn)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	return socket.SyscallConn() //nolint:wrapcheck // the error is the listener's own
}

// SetDeadline bounds how long Accept waits, if the listener that has bounds can.
func (l *bounded) SetDeadline(t time.Time) error {
	if inner, ok := l.Listener.(interface{ SetDeadline(time.Time) error }); ok {
		return inner.SetDeadline(t) //nolint:wrapcheck // as above
	}
	return errors.ErrUnsupported
}

// refuse closes a connection. The few bytes fit into the socket's buffer, so that nobody waits.
func (l *bounded) refuse(c net.Conn) {
	if l.refusal != "" && c.SetWriteDeadline(time.Now().Add(refuseTimeout)) == nil {
		_, _ = c.Write([]byte(l.refusal))
	}
	_ = c.Close()
}

// ownerOf returns whom a connection counts for; the zero Prefix: nobody in particular.
func ownerOf(c net.Conn) netip.Prefix {
	host, _, err := net.SplitHostPort(c.RemoteAddr().String())
	if err != nil || clientaddr.IsInside(host) {
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

// CloseWrite lets a server end an answer without cutting off what the caller still sends.
func (c *conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite() //nolint:wrapcheck // the error is the connection's own
	}
	return errors.ErrUnsupported
}
