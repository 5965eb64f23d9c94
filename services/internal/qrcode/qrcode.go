// Package qrcode draws QR codes of URLs, as PNG and SVG. It is pure.
//
// The gateway and the console may import it; of our packages it imports apperr.
package qrcode

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"net/url"
	"strings"

	"github.com/skip2/go-qrcode"

	"github.com/couponlink/couponlink/services/internal/apperr"
)

const (
	// MaxURLBytes is the maximum length of a URL.
	MaxURLBytes = 2000
	// MinSize is the minimum width and height in pixels. Pictures are square.
	MinSize = 64
	// MaxSize is the maximum width and height in pixels.
	MaxSize = 2048
	// DefaultSize is the default width and height in pixels.
	DefaultSize = 512
	// quietModules is the width of the white border that the standard requires, in modules.
	quietModules = 4
)

// Code is the QR code of a URL.
type Code struct {
	// modules has the black (true) and white modules, row by row, without the border.
	modules [][]bool
}

// New returns the QR code of an http or https URL. The URL must be ASCII, as escaped URLs are, and have at most 2,000
// characters. The code can be read with about 15 percent of it damaged (error correction M). Errors: InvalidArgument,
// INVALID_URL on `url`.
func New(link string) (Code, error) {
	if err := checkURL(link); err != nil {
		return Code{}, err
	}
	symbol, err := qrcode.New(link, qrcode.Medium)
	if err != nil {
		return Code{}, fmt.Errorf("making a QR code of %d characters: %w", len(link), err)
	}
	symbol.DisableBorder = true
	return Code{modules: symbol.Bitmap()}, nil
}

// checkURL returns an error if a URL cannot be drawn.
func checkURL(link string) error {
	const reason, field = "INVALID_URL", "url"
	if link == "" {
		return apperr.Invalid(reason, field, "is missing; it must be an http or https URL")
	}
	if len(link) > MaxURLBytes {
		return apperr.Invalid(reason, field, "has %d characters; it may have at most 2,000", len(link))
	}
	for i := range len(link) {
		if link[i] <= ' ' || link[i] >= 0x7F {
			return apperr.Invalid(reason, field, "has a character at %d that URLs cannot have; percent-encode it", i+1)
		}
	}
	parsed, err := url.Parse(link)
	if err != nil || parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.Host == "" {
		return apperr.Invalid(reason, field, "%.60q is not an http or https URL", link)
	}
	return nil
}

// side returns the code's width with its border, in modules.
func (c Code) side() int { return len(c.modules) + 2*quietModules }

// PNG returns a picture that is size pixels wide. A module is a whole number of pixels; remaining pixels widen the
// border. Errors: InvalidArgument, INVALID_SIZE on `size`, also if the picture would have less than one pixel per
// module.
func (c Code) PNG(size int) ([]byte, error) {
	if err := checkSize(size); err != nil {
		return nil, err
	}
	scale := size / c.side()
	if scale == 0 {
		return nil, apperr.Invalid("INVALID_SIZE", "size", "is %d; the code of this URL takes at least %d pixels", size, c.side())
	}
	picture := image.NewPaletted(image.Rect(0, 0, size, size), color.Palette{color.White, color.Black})
	begin := (size - scale*len(c.modules)) / 2
	for y, row := range c.modules {
		for x, black := range row {
			if black {
				fill(picture, begin+x*scale, begin+y*scale, scale)
			}
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, picture); err != nil {
		return nil, fmt.Errorf("writing a PNG: %w", err)
	}
	return out.Bytes(), nil
}

// fill makes a square black.
func fill(picture *image.Paletted, left, top, side int) {
	for y := top; y < top+side; y++ {
		for x := left; x < left+side; x++ {
			picture.SetColorIndex(x, y, 1)
		}
	}
}

// SVG returns a picture that is size pixels wide, unless a page scales it. Errors: InvalidArgument, INVALID_SIZE on
// `size`.
func (c Code) SVG(size int) ([]byte, error) {
	if err := checkSize(size); err != nil {
		return nil, err
	}
	var path strings.Builder
	for y, row := range c.modules {
		for x := 0; x < len(row); x++ {
			run := 0
			for x+run < len(row) && row[x+run] {
				run++
			}
			if run > 0 {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", x+quietModules, y+quietModules, run, run)
				x += run
			}
		}
	}
	return fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" shape-rendering="crispEdges">`+
		`<rect width="100%%" height="100%%" fill="#fff"/><path fill="#000" d="%s"/></svg>`+"\n",
		size, size, c.side(), c.side(), path.String()), nil
}

func checkSize(size int) error {
	if size < MinSize || size > MaxSize {
		return apperr.Invalid("INVALID_SIZE", "size", "is %d; it must be from 64 to 2,048 pixels", size)
	}
	return nil
}
