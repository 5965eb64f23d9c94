//go:build !linux

package httpserve

import "net"

// ignoreNew does nothing: connections that come while a listener is being closed may be reset.
func ignoreNew(net.Listener) {}
