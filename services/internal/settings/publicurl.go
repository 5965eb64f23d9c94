package settings

import (
	"fmt"
	"net"
	"net/url"
	"strings"
)

// PublicURL says under which address the outside reaches the HTTP origin: tracking links begin with
// it.
type PublicURL struct {
	PublicURL string `env:"COUPONLINK_PUBLIC_URL" name:"public-url" placeholder:"URL" help:"Address of the HTTP origin as the outside sees it; tracking links begin with it. Default: http:// and the HTTP address."`
}

// Or returns the address that was given, without a slash at its end, else the one that an HTTP
// listener's address leads to.
func (p PublicURL) Or(httpAddr string) (string, error) {
	if p.PublicURL == "" {
		return defaultURL(httpAddr)
	}
	u, err := url.Parse(p.PublicURL)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return "", fmt.Errorf("COUPONLINK_PUBLIC_URL %q must be like https://go.example.com", p.PublicURL)
	}
	if strings.Trim(u.Path, "/") != "" {
		return "", fmt.Errorf("COUPONLINK_PUBLIC_URL %q must have no path: the HTTP origin is served at the root", p.PublicURL)
	}
	return u.Scheme + "://" + u.Host, nil
}

func defaultURL(httpAddr string) (string, error) {
	host, port, err := net.SplitHostPort(httpAddr)
	if err != nil {
		return "", fmt.Errorf("COUPONLINK_HTTP_ADDR %q must be like 127.0.0.1:8080: %w", httpAddr, err)
	}
	// A listener on all addresses has none of its own that a link could name.
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port), nil
}
