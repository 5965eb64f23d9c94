//go:build !linux

package httpserve

import "net"

// shrinkBacklog does nothing here. Connections that arrive while a listener is being closed may be reset.
func shrinkBacklog(net.Listener) bool { return false }
