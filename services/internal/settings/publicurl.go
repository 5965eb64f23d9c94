package settings

import (
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/couponlink/couponlink/services/internal/outbound"
)

// PublicURL is the origin as clients see it. Tracking links begin with it.
type PublicURL struct {
	PublicURL string `env:"COUPONLINK_PUBLIC_URL" name:"public-url" placeholder:"URL" help:"Address of the HTTP origin as the outside sees it; tracking links begin with it. Default: http:// and the HTTP address."`
}

// Or returns the given URL as browsers write an origin, or else the URL of an HTTP listener's address.
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
	host, err := canonicalHost(u)
	if err != nil {
		return "", fmt.Errorf("COUPONLINK_PUBLIC_URL %q must be like https://go.example.com: %w", p.PublicURL, err)
	}
	return u.Scheme + "://" + host, nil
}

// canonicalHost returns a URL's host as browsers send it in the Origin header: in lower case, in ASCII, and without the
// scheme's own port.
func canonicalHost(u *url.URL) (string, error) {
	host, port := strings.ToLower(u.Hostname()), u.Port()
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	} else if name, err := outbound.ASCIIName(host); err == nil {
		host = name
	} else {
		return "", err //nolint:wrapcheck // it says what is wrong
	}
	if port == "" || u.Scheme == "http" && port == "80" || u.Scheme == "https" && port == "443" {
		return host, nil
	}
	return host + ":" + port, nil
}

func defaultURL(httpAddr string) (string, error) {
	host, port, err := net.SplitHostPort(httpAddr)
	if err != nil {
		return "", fmt.Errorf("COUPONLINK_HTTP_ADDR %q must be like 127.0.0.1:8080: %w", httpAddr, err)
	}
	// A listener on all addresses has no address that a link could use.
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port), nil
}

// Check returns what is wrong with the setting.
func (p PublicURL) Check() error { _, err := p.Or("127.0.0.1:80"); return err }
