// Package stall cuts off callers that stop reading: what they do not read holds memory, and views of the storage.
//
// The servers may import it; it imports none of ours.
package stall

import (
	"net"
	"time"
)

// Patience is how long a caller may take to read what is written at once, 64 KiB at most: one that reads slowly but
// steadily is waited for.
const Patience = 20 * time.Second

// pieceBytes is how much is written at once.
const pieceBytes = 64 << 10

// Conn gives each piece that is written a deadline of its own.
type Conn struct {
	net.Conn
	// Patience is how long a piece may take.
	Patience time.Duration
}

// Write writes in pieces.
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

// Listener makes its connections Conns.
type Listener struct{ net.Listener }

// Accept returns the next connection.
func (l Listener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return Conn{conn, Patience}, nil
}
