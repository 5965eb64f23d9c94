package events

import (
	"net/http"

	"google.golang.org/grpc/status"

	"github.com/couponlink/couponlink/services/gateway/internal/rest"
)

// resumeToken returns where a stream resumes; "" means from now on. Last-Event-ID wins over the parameter, because a
// browser that connects again repeats the address of its first request.
func resumeToken(r *http.Request) (string, *status.Status) {
	query := r.URL.Query() // cannot fail: rest has parsed it
	if query.Has("resume_token") && query.Has("resumeToken") {
		return "", rest.Malformed("DUPLICATE_PARAMETER", "resume_token", "is in the query twice, under two names; send it once")
	}
	if id := r.Header.Get("Last-Event-ID"); id != "" {
		return id, nil
	}
	if token := query.Get("resume_token"); token != "" {
		return token, nil
	}
	return query.Get("resumeToken"), nil
}
