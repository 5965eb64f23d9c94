// Package outbound makes HTTP calls to hosts that partners name, such as a publisher's postback URL. It prevents these
// calls from being used against the operator's own network.
//
// The services, except their domain packages, and settings may import it; it imports none of ours.
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

// Limits of a call, and of idle connections. A caller can set a shorter time with its context. It must itself limit how
// much of a body it reads.
const (
	dialTimeout    = 5 * time.Second
	tlsTimeout     = 5 * time.Second
	answerTimeout  = 15 * time.Second // until the response's headers have arrived
	callTimeout    = 30 * time.Second // until the response's body has been read
	idleTimeout    = 60 * time.Second
	pingAfter      = 20 * time.Second // HTTP/2: a connection that was silent for this long gets a ping
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

// WithResolver looks up names with resolver instead of the system's.
func WithResolver(resolver *net.Resolver) Option {
	return func(o *options) { o.resolver = resolver }
}

// WithRootCAs trusts servers with certificates from roots instead of the system's.
func WithRootCAs(roots *x509.CertPool) Option {
	return func(o *options) { o.roots = roots }
}

// NewClient returns a client that reaches public addresses, and of all others only the allowed ones. It checks the
// address that it is about to dial, whatever the name resolved to before; IsBlocked identifies the error. The client
// does not follow redirects: a 3xx is the response. It keeps no cookies and uses no proxy. CloseIdleConnections closes
// its idle connections.
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
			// A response that is small on the wire must not become huge when decompressed.
			DisableCompression: true,
		},
	}
}

// dial returns a dial function. It guards allowed names less than all others.
func dial(allowed Allowed, resolver *net.Resolver) func(ctx context.Context, network, address string) (net.Conn, error) {
	free := &net.Dialer{Timeout: dialTimeout, Resolver: resolver, Control: guardName(allowed)}
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

// guardName is guard for an allowed name. It may lead to any address inside but a link-local one, which is no host's
// own, and may be a cloud's service.
func guardName(allowed Allowed) func(network, address string, conn syscall.RawConn) error {
	return func(_, address string, _ syscall.RawConn) error {
		target, err := netip.ParseAddrPort(address)
		if err != nil {
			return fmt.Errorf("dialling %q: %w", address, err)
		}
		ip := target.Addr()
		if err := checkNever(ip.String(), ip); err != nil {
			return err
		}
		if (ip.IsLinkLocalUnicast() || ip.IsLinkLocalMulticast()) && !allowed.address(ip, target.Port()) {
			return blocked("%v is %s", ip, inside(ip))
		}
		return nil
	}
}

// guard returns a control function that refuses an address after the lookup and right before it is dialled, so that no
// second lookup can come between.
func guard(allowed Allowed) func(network, address string, conn syscall.RawConn) error {
	return func(_, address string, _ syscall.RawConn) error {
		target, err := netip.ParseAddrPort(address)
		if err != nil {
			return fmt.Errorf("dialling %q: %w", address, err)
		}
		if err := checkNever(target.Addr().String(), target.Addr()); err != nil {
			return err
		}
		if kind := inside(target.Addr()); kind != "" && !allowed.address(target.Addr(), target.Port()) {
			return blocked("%v is %s", target.Addr(), kind)
		}
		return nil
	}
}
