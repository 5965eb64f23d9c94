package settings

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// CORSOrigins are the other origins whose frontends may call the API from a browser.
type CORSOrigins struct {
	CORSOrigins string `env:"COUPONLINK_CORS_ORIGINS" name:"cors-origins" placeholder:"ORIGINS" help:"Origins whose frontends may call the API from a browser, separated by commas, such as https://app.example.com. Default: only its own."`
}

// Origins returns the origins in the setting as browsers write them: in lower case, in ASCII, and without the scheme's
// own port. The error names the first that is invalid.
func (c CORSOrigins) Origins() ([]string, error) {
	var origins []string
	for entry := range strings.SplitSeq(c.CORSOrigins, ",") {
		entry = strings.TrimSpace(entry)
		if entry == "" {
			continue
		}
		origin, err := originOf(entry)
		if err != nil {
			return nil, fmt.Errorf("COUPONLINK_CORS_ORIGINS has %q: %w", entry, err)
		}
		origins = append(origins, origin)
	}
	return origins, nil
}

// originOf returns an origin as browsers write it.
func originOf(entry string) (string, error) {
	u, err := url.Parse(entry)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || strings.ContainsAny(entry, "*@?#") || u.Path != "" {
		return "", errors.New("an origin is a scheme and a host, such as https://app.example.com or http://localhost:3000, without a path or a *")
	}
	if port := u.Port(); port != "" {
		number, err := strconv.ParseUint(port, 10, 16)
		if err != nil {
			return "", errors.New("its port is over 65535")
		}
		u.Host = strings.TrimSuffix(u.Host, port) + strconv.FormatUint(number, 10)
	}
	host, err := canonicalHost(u)
	if err != nil {
		return "", err
	}
	return u.Scheme + "://" + host, nil
}

// Check returns what is wrong with the setting.
func (c CORSOrigins) Check() error { _, err := c.Origins(); return err }
