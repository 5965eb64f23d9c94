package rest

import (
	"net/http"
	"slices"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/status"

	"github.com/couponlink/couponlink/services/internal/rpcstatus"
)

// WithDocs returns a handler whose own errors link to the documentation, as the services' errors do. docs is its address;
// "" for no links.
func WithDocs(docs string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(documented{w, docs}, r) })
}

// documented is a ResponseWriter that knows where the documentation is.
type documented struct {
	http.ResponseWriter

	docs string
}

// Unwrap lets http.ResponseController flush.
func (d documented) Unwrap() http.ResponseWriter { return d.ResponseWriter }

// Flush implements http.Flusher, which streams over Connect need.
func (d documented) Flush() { _ = http.NewResponseController(d.ResponseWriter).Flush() }

// docsOf returns the address of the documentation that a writer, or one that it wraps, knows; "" for none.
func docsOf(w http.ResponseWriter) string {
	for {
		switch known := w.(type) {
		case documented:
			return known.docs
		case interface{ Unwrap() http.ResponseWriter }:
			w = known.Unwrap()
		default:
			return ""
		}
	}
}

// helped returns a status with a link to the documentation, unless a service has added it.
func helped(st *status.Status, docs string) *status.Status {
	if slices.ContainsFunc(st.Details(), func(detail any) bool { _, ok := detail.(*errdetails.Help); return ok }) {
		return st
	}
	return rpcstatus.WithHelp(st, docs)
}
