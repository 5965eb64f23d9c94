package settings

import (
	"cmp"
	"fmt"

	"github.com/couponlink/couponlink/services/internal/clientaddr"
)

// TrustedProxies are the proxies whose X-Forwarded headers are trusted.
type TrustedProxies struct {
	TrustedProxies string `env:"COUPONLINK_TRUSTED_PROXIES" name:"trusted-proxies" default:"loopback" placeholder:"RANGES" help:"Proxies whose X-Forwarded-For is believed, with commas between them: addresses, ranges such as 10.1.0.0/16, or the words loopback, private, none (${default})."`
}

// Proxies returns the parsed proxies. The error names the wrong entry.
func (t TrustedProxies) Proxies() (clientaddr.Proxies, error) {
	proxies, err := clientaddr.ParseProxies(cmp.Or(t.TrustedProxies, "loopback"))
	if err != nil {
		return proxies, fmt.Errorf("COUPONLINK_TRUSTED_PROXIES: %w", err)
	}
	return proxies, nil
}

// Check returns what is wrong with the setting.
func (t TrustedProxies) Check() error { _, err := t.Proxies(); return err }
