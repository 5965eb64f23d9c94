package settings

import "github.com/couponlink/couponlink/services/internal/outbound"

// AllowedPrivateHosts are the hosts inside the network that deliveries and scans may call.
type AllowedPrivateHosts struct {
	AllowedPrivateHosts string `env:"COUPONLINK_ALLOWED_PRIVATE_HOSTS" placeholder:"HOSTS" help:"Hosts inside the network that deliveries and scans may reach, with commas between them: a host, host:port, or a range of addresses such as 10.1.0.0/16. Default: none."`
}

// AllowedHosts returns the parsed hosts. The error names the wrong entry.
func (a AllowedPrivateHosts) AllowedHosts() (outbound.Allowed, error) {
	return outbound.ParseAllowed(a.AllowedPrivateHosts)
}

// Check returns what is wrong with the setting.
func (a AllowedPrivateHosts) Check() error { _, err := a.AllowedHosts(); return err }
