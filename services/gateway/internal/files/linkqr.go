package files

import (
	"fmt"
	"net/http"
	"strconv"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/couponlink/couponlink/services/gateway/internal/rest"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/qrcode"
	"github.com/couponlink/couponlink/services/internal/rpcstatus"
)

// qrFormat is a form of a QR code.
type qrFormat struct {
	contentType string
	draw        func(code qrcode.Code, size int) ([]byte, error)
}

// serveQR serves the QR code of a URL. Any URL is allowed, because links have short forms and programs have
// their own domains.
func serveQR(w http.ResponseWriter, r *http.Request, _ map[string]string) {
	query := r.URL.Query() // cannot fail: checkURL has parsed it
	format, fault := qrFormatOf(query.Get("format"))
	if fault != nil {
		rest.WriteStatus(w, http.StatusBadRequest, fault)
		return
	}
	size := qrcode.DefaultSize
	if text := query.Get("size"); text != "" {
		var err error
		if size, err = strconv.Atoi(text); err != nil {
			rest.WriteStatus(w, http.StatusBadRequest, rest.Malformed("INVALID_SIZE", "size", fmt.Sprintf("%.40q is no whole number", text)))
			return
		}
	}
	code, err := qrcode.New(query.Get("url"))
	var picture []byte
	if err == nil {
		picture, err = format.draw(code, size)
	}
	if refusal := apperr.As(err); refusal != nil {
		rest.WriteStatus(w, http.StatusBadRequest, errRefused(refusal))
		return
	}
	if err != nil {
		rest.WriteStatus(w, http.StatusInternalServerError, rpcstatus.New(codes.Internal, "INTERNAL", "the QR code cannot be drawn"))
		return
	}
	header := w.Header()
	header.Set("Content-Type", format.contentType)
	// The image never changes, but the link is private.
	header.Set("Cache-Control", "private, max-age=86400")
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(picture) // an error means that the caller has gone
}

func qrFormatOf(name string) (qrFormat, *status.Status) {
	switch name {
	case "png", "":
		return qrFormat{"image/png", qrcode.Code.PNG}, nil
	case "svg":
		return qrFormat{"image/svg+xml", qrcode.Code.SVG}, nil
	default:
		return qrFormat{}, rest.Malformed("INVALID_FORMAT", "format", fmt.Sprintf("%.40q is no format; the formats are png, svg", name))
	}
}
