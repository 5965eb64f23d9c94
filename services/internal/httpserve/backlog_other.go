//go:build !linux

package httpserve

import "net"

// shrinkBacklog does nothing: connections that come while a listener is being closed may be reset.
func shrinkBacklog(net.Listener) bool { return false }
