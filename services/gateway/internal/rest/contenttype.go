package rest

import (
	"bufio"
	"bytes"
	"io"
	"mime"
	"net/http"
	"strings"

	"google.golang.org/grpc/codes"

	"github.com/couponlink/couponlink/services/internal/rpcstatus"
)

// checkType is a handler that refuses bodies that are not JSON in UTF-8. Without a Content-Type a body counts as JSON. So
// does an object that says it is a form: curl says so of all it sends.
func checkType(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if encoding := r.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
			refuseType(w, "the body has the Content-Encoding "+encoding+"; send it without")
			return
		}
		if strings.HasSuffix(r.URL.Path, "/coupons:import") { // a file, which has a type of its own
			next.ServeHTTP(w, r)
			return
		}
		if r.Method != http.MethodGet && !isJSON(r) {
			refuseType(w, "the body is "+r.Header.Get("Content-Type")+"; send application/json, in UTF-8")
			return
		}
		// grpc-gateway reads the type again, and complains on the standard error about one that it cannot read.
		r.Header.Del("Content-Type")
		next.ServeHTTP(w, r)
	})
}

// isJSON reports whether a request has no body, or one that counts as JSON.
func isJSON(r *http.Request) bool {
	sent := r.Header.Get("Content-Type")
	if sent == "" || r.ContentLength == 0 {
		return true
	}
	kind, parameters, err := mime.ParseMediaType(sent)
	switch {
	case err != nil:
		return false
	case !isUTF8(parameters["charset"]):
		return false
	case kind == "application/json" || strings.HasPrefix(kind, "application/") && strings.HasSuffix(kind, "+json"):
		return true
	case kind == "application/x-www-form-urlencoded":
		return beginsWithObject(r)
	default:
		return false
	}
}

// isUTF8 reports whether text in a charset can be read as UTF-8. No charset means UTF-8.
func isUTF8(charset string) bool {
	switch strings.ToLower(charset) {
	case "", "utf-8", "utf8", "us-ascii", "ascii":
		return true
	}
	return false
}

// beginsWithObject reports whether the body's first character, but for space, begins an object. It reads no more than
// the buffer of the body, which the handler then reads too.
func beginsWithObject(r *http.Request) bool {
	buffered := bufio.NewReader(r.Body)
	r.Body = struct {
		io.Reader
		io.Closer
	}{buffered, r.Body}
	for n := 1; n <= buffered.Size(); n++ {
		begin, err := buffered.Peek(n)
		if text := bytes.TrimLeft(begin, " \t\r\n"); len(text) > 0 {
			return text[0] == '{'
		}
		if err != nil {
			return true // there is no body, or it cannot be read, which the handler finds too
		}
	}
	return false
}

func refuseType(w http.ResponseWriter, message string) {
	w.Header().Set("Accept", "application/json")
	WriteStatus(w, http.StatusUnsupportedMediaType, rpcstatus.New(codes.InvalidArgument, "UNSUPPORTED_CONTENT_TYPE", rpcstatus.Clean(message)))
}
