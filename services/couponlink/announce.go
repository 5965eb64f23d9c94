package couponlink

import (
	"fmt"
	"io"
	"strings"
)

// Announce returns a Config.Started that writes the addresses and where the admin key is, for people to read. It
// writes the key itself only if it was generated just now and isTerminal is set: other outputs are kept, as logs are.
func Announce(w io.Writer, isTerminal bool) func(Started) {
	return func(s Started) {
		local := "http://" + s.HTTPAddr
		var text strings.Builder
		fmt.Fprintf(&text, `Couponlink serves.
  console         %s/console/   (log in with the admin key)
  HTTP            %s   (REST under /v1, clicks and postbacks)
  API reference   %s/docs
  gRPC            %s (coupon), %s (tracking)
  tracking links  %s/click?...
  data            %s
  admin key       in %s
`, local, local, local, s.CouponGRPCAddr, s.TrackingGRPCAddr, s.PublicURL, s.Database, s.AdminKey.Place)
		if s.AdminKey.IsNew && isTerminal {
			fmt.Fprintf(&text, "                  %s   (shown this once)\n", s.AdminKey.Key)
		}
		_, _ = io.WriteString(w, text.String()) // To a terminal: there is nobody to tell of a failure.
	}
}
