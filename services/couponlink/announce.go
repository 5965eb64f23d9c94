package couponlink

import (
	"fmt"
	"io"
)

// Announce returns a Config.Started that writes the addresses and where the admin key is, for people to read.
func Announce(w io.Writer) func(Started) {
	return func(s Started) {
		local := "http://" + s.HTTPAddr
		_, _ = fmt.Fprintf(w, `Couponlink serves.
  console         %s/console/   (log in with the admin key)
  HTTP            %s   (REST under /v1, clicks and postbacks)
  API reference   %s/docs
  gRPC            %s (coupon), %s (tracking)
  tracking links  %s/click?...
  data            %s
  admin key       %s
`, local, local, local, s.CouponGRPCAddr, s.TrackingGRPCAddr, s.PublicURL, s.Database, s.AdminKey) // To a terminal: there is nobody to tell of a failure.
	}
}
