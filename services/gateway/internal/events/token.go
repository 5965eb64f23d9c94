package events

import (
	"net/http"

	"google.golang.org/grpc/status"

	"github.com/couponlink/couponlink/services/gateway/internal/rest"
)

// resumeToken returns where a stream resumes; "" means from now on. Last-Event-ID wins over the parameter, because a
// browser that connects again repeats the address of its first request.
func resumeToken(r *http.Request) (string, *status.Status) {
	token, _, fault := rest.Parameter(r.URL.Query(), "resume_token") // the query can be read: rest has parsed it
	if fault != nil {
		return "", fault
	}
	if id := r.Header.Get("Last-Event-ID"); id != "" {
		return id, nil
	}
	return token, nil
}
