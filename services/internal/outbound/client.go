// Package outbound makes HTTP calls to hosts that partners name, such as a publisher's postback, and
// keeps these calls from being turned against the network that they come from.
//
// The services may import it, but for their rules, and settings; it imports none of ours.
package outbound

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"syscall"
	"time"
)

// Limits of one call and of the connections kept. A caller may allow itself less by its context; it
// must itself limit what it reads of a body.
const (
	dialTimeout    = 5 * time.Second
	tlsTimeout     = 5 * time.Second
	answerTimeout  = 15 * time.Second // until the answer's headers are there
	callTimeout    = 30 * time.Second // until the answer's body has been read
	idleTimeout    = 60 * time.Second
	pingAfter      = 20 * time.Second // HTTP/2: a connection this long silent is asked whether it lives
	pingTimeout    = 5 * time.Second
	maxHeaderBytes = 64 << 10
	maxIdle        = 256
	maxIdlePerHost = 8
)

// Option changes how NewClient's clients work.
type Option func(*options)

type options struct {
	resolver *net.Resolver
	roots    *x509.CertPool
}

// WithResolver has names looked up by a resolver other than the system's.
func WithResolver(resolver *net.Resolver) Option {
	return func(o *options) { o.resolver = resolver }
}

// WithRootCAs has servers trusted whose certificates come from roots, instead of the system's.
func WithRootCAs(roots *x509.CertPool) Option {
	return func(o *options) { o.roots = roots }
}

// NewClient returns a client that reaches public addresses, and of others only those allowed. What is
// judged is the address that is about to be dialled, whatever the name led to before; IsBlocked knows
// the error. It follows no redirects: a 3xx is the answer. It keeps no cookies and uses no proxy. Its
// idle connections are closed by CloseIdleConnections.
func NewClient(allowed Allowed, opts ...Option) *http.Client {
	var o options
	for _, opt := range opts {
		opt(&o)
	}
	return &http.Client{
		Timeout:       callTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext:            dial(allowed, o.resolver),
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.roots},
			ForceAttemptHTTP2:      true,
			HTTP2:                  &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingTimeout},
			TLSHandshakeTimeout:    tlsTimeout,
			ResponseHeaderTimeout:  answerTimeout,
			IdleConnTimeout:        idleTimeout,
			MaxIdleConns:           maxIdle,
			MaxIdleConnsPerHost:    maxIdlePerHost,
			MaxResponseHeaderBytes: maxHeaderBytes,
			// An answer that is small when sent must not become huge when unpacked.
			DisableCompression: true,
		},
	}
}

// dial returns how connections are made: freely to names that are allowed, else guarded.
func dial(allowed Allowed, resolver *net.Resolver) func(ctx context.Context, network, address string) (net.Conn, error) {
	free := &net.Dialer{Timeout: dialTimeout, Resolver: resolver}
	guarded := &net.Dialer{Timeout: dialTimeout, Resolver: resolver, Control: guard(allowed)}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		host, text, err := net.SplitHostPort(address)
		if err != nil {
			return nil, fmt.Errorf("dialling %q: %w", address, err)
		}
		port, err := strconv.ParseUint(text, 10, 16)
		if err == nil && allowed.name(normal(host), uint16(port)) {
			return free.DialContext(ctx, network, address)
		}
		return guarded.DialContext(ctx, network, address)
	}
}

// guard returns what refuses an address when the name has been looked up and just before it is
// dialled, so that no second lookup can come between.
func guard(allowed Allowed) func(network, address string, conn syscall.RawConn) error {
	return func(_, address string, _ syscall.RawConn) error {
		target, err := netip.ParseAddrPort(address)
		if err != nil {
			return fmt.Errorf("dialling %q: %w", address, err)
		}
		if kind := inside(target.Addr()); kind != "" && !allowed.address(target.Addr(), target.Port()) {
			return blocked("%v is %s", target.Addr(), kind)
		}
		return nil
	}
}
