package httpserve

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// newConnections is a filter that drops the packets that begin connections, those with SYN among TCP's flags. The flags
// are the byte at 13 of TCP's header.
var newConnections = []unix.SockFilter{
	{Code: unix.BPF_LD | unix.BPF_B | unix.BPF_ABS, K: 13},
	{Code: unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K, Jt: 0, Jf: 1, K: 0x02},
	{Code: unix.BPF_RET | unix.BPF_K, K: 0},
	{Code: unix.BPF_RET | unix.BPF_K, K: 0xffffffff},
}

// ignoreNew keeps connections from being begun. Their callers try again a second later. Those begun already are
// completed, and can be accepted. It does nothing if the listener does not support it, as one for Multipath TCP.
func ignoreNew(l net.Listener) {
	socket, ok := l.(syscall.Conn)
	if !ok {
		return
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		program := unix.SockFprog{Len: uint16(len(newConnections)), Filter: &newConnections[0]} //nolint:gosec // it is four
		_ = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &program) // without it some are reset
	})
}
