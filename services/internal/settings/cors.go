package settings

import (
	"fmt"
	"net/url"
	"strings"
)

// CORSOrigins says from which other origins browsers may call the API.
type CORSOrigins struct {
	CORSOrigins string `env:"COUPONLINK_CORS_ORIGINS" name:"cors-origins" placeholder:"ORIGINS" help:"Origins of frontends that may call the API from a browser, with commas between them, such as https://app.example.com. Default: none but its own."`
}

// Origins returns the origins that were given, or which of them is wrong.
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
