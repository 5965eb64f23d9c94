package settings

import (
	"cmp"
	"fmt"
	"slices"
)

// ClickAddresses says how much of visitors' addresses clicks keep.
type ClickAddresses struct {
	ClickAddresses string `env:"COUPONLINK_CLICK_ADDRESSES" name:"click-addresses" default:"truncated" placeholder:"HOW" help:"What clicks keep of visitors' addresses: full, truncated (the first 24 bits of IPv4, 48 of IPv6) or none (${default})."`
}

// Addresses returns full, truncated or none.
func (c ClickAddresses) Addresses() (string, error) {
	how := cmp.Or(c.ClickAddresses, "truncated")
	if !slices.Contains([]string{"full", "truncated", "none"}, how) {
		return "", fmt.Errorf("COUPONLINK_CLICK_ADDRESSES is %q; it must be full, truncated or none", how)
	}
	return how, nil
}

// Check returns what is wrong with the setting.
func (c ClickAddresses) Check() error { _, err := c.Addresses(); return err }
