package admission

import (
	"bytes"
	"errors"
	"io"
)

// aheadBytes bounds how much of a body is read before its request enters a gate. It is a little more than a postback may
// have.
const aheadBytes = 64<<10 + 1

// aheadBody is a body whose first part was read ahead.
type aheadBody struct {
	io.Reader
	io.Closer
}

// readAhead reads the first part of a body. The body that it returns has all of it: reads return the same bytes, and the
// same error, as those of the original.
func readAhead(body io.ReadCloser) io.ReadCloser {
	var begin bytes.Buffer
	_, err := io.CopyN(&begin, body, aheadBytes)
	switch {
	case err == nil:
		return aheadBody{Reader: io.MultiReader(&begin, body), Closer: body}
	case errors.Is(err, io.EOF):
		return aheadBody{Reader: &begin, Closer: body}
	default:
		return aheadBody{Reader: io.MultiReader(&begin, failed{err}), Closer: body}
	}
}

// failed fails each read.
type failed struct{ err error }

func (f failed) Read([]byte) (int, error) { return 0, f.err }
