package httpserve

import (
	"sync/atomic"

	"github.com/couponlink/couponlink/services/internal/stall"
)

// progressConn is a connection that knows whether a request has begun.
type progressConn struct {
	stall.Conn
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
	if half, ok := c.Conn.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
