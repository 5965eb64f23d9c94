package httpserve

import (
	"net"
	"sync/atomic"
	"time"
)

const (
	// writePatience is how long a caller may take to read what is written at once. Who takes longer is cut
	// off: an answer that nobody reads holds memory, and an export the storage's view of a moment.
	writePatience = 30 * time.Second
	// writeBytes is how much is written at once: a caller that reads slowly but steadily is waited for.
	writeBytes = 64 << 10
)

// progressConn gives each piece that is written a deadline of its own.
type progressConn struct {
	net.Conn
	patience time.Duration
	// hasRead says that a byte was read since the last request.
	hasRead atomic.Bool
}

// Read notes that it has read.
func (c *progressConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.hasRead.Store(true)
	}
	return n, err
}

// CloseWrite lets the server end an answer without cutting off what the caller still sends.
func (c *progressConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// Write writes in pieces.
func (c *progressConn) Write(p []byte) (written int, err error) {
	for {
		piece := p[written:min(len(p), written+writeBytes)]
		if err := c.SetWriteDeadline(time.Now().Add(c.patience)); err != nil {
			return written, err
		}
		n, err := c.Conn.Write(piece)
		written += n
		if err != nil || written >= len(p) {
			return written, err
		}
	}
}
