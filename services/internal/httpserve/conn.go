package httpserve

import (
	"sync/atomic"

	"github.com/couponlink/couponlink/services/internal/stall"
)

// progressConn is a connection that records whether a request has begun.
type progressConn struct {
	stall.Conn
	// hasRead is set if a byte was read since the last request.
	hasRead atomic.Bool
	// isAhead is set if the first byte of the next request was read before the last one ended.
	isAhead atomic.Bool
}

// Read implements net.Conn.
func (c *progressConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.hasRead.Store(true)
	}
	if n > 0 && len(p) == 1 { // so net/http looks for what follows a request while its handler runs
		c.isAhead.Store(true)
	}
	return n, err
}

// CloseWrite lets the server end a response without cutting off what the client still sends.
func (c *progressConn) CloseWrite() error {
	if half, ok := c.Conn.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
