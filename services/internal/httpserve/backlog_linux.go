package httpserve

import (
	"net"
	"syscall"
)

// shrinkBacklog makes the system keep at most one connection that is not accepted yet, and drop the packets that begin
// others; their callers try again a second later. It reports whether it succeeded.
func shrinkBacklog(l net.Listener) bool {
	socket, ok := l.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return false
	}
	var refused error
	err = raw.Control(func(fd uintptr) { refused = syscall.Listen(int(fd), 0) })
	return err == nil && refused == nil
}
