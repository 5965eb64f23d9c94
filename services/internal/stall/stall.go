// Package stall cuts off callers that stop reading. Unread data holds memory, and snapshots of the storage.
//
// The servers may import it; it imports none of ours.
package stall

import (
	"net"
	"time"
)

// Patience is how long a caller may take to read one piece, which is at most 64 KiB. A caller that reads slowly but
// steadily is not cut off.
const Patience = 20 * time.Second

// pieceBytes is the size of a piece.
const pieceBytes = 64 << 10

// Conn gives each written piece its own deadline.
type Conn struct {
	net.Conn
	// Patience is how long a caller may take to read a piece.
	Patience time.Duration
}

// Write implements net.Conn. It writes in pieces.
func (c Conn) Write(p []byte) (written int, err error) {
	for {
		piece := p[written:min(len(p), written+pieceBytes)]
		if err := c.SetWriteDeadline(time.Now().Add(c.Patience)); err != nil {
			return written, err
		}
		n, err := c.Conn.Write(piece)
		written += n
		if err != nil || written >= len(p) {
			return written, err
		}
	}
}

// Listener wraps its connections in Conns.
type Listener struct{ net.Listener }

// Accept implements net.Listener.
func (l Listener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return Conn{conn, Patience}, nil
}
