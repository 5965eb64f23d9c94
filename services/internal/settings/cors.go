package settings

import (
	"fmt"
	"net/url"
	"strings"
)

// CORSOrigins are the other origins whose frontends may call the API from a browser.
type CORSOrigins struct {
	CORSOrigins string `env:"COUPONLINK_CORS_ORIGINS" name:"cors-origins" placeholder:"ORIGINS" help:"Origins whose frontends may call the API from a browser, separated by commas, such as https://app.example.com. Default: only its own."`
}

// Origins returns the origins in the setting. The error names the first that is invalid.
func (c CORSOrigins) Origins() ([]string, error) {
	var origins []string
	for entry := range strings.SplitSeq(c.CORSOrigins, ",") {
		entry = strings.TrimSpace(entry)
		if entry == "" {
			continue
		}
		u, err := url.Parse(entry)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || entry != u.Scheme+"://"+u.Host || strings.Contains(entry, "*") {
			return nil, fmt.Errorf("COUPONLINK_CORS_ORIGINS has %q; an origin is a scheme and a host, such as https://app.example.com or http://localhost:3000, without a path or a *", entry)
		}
		origins = append(origins, strings.ToLower(entry))
	}
	return origins, nil
}
