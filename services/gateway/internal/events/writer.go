package events

import (
	"io"
	"net/http"
	"strings"

	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/rest"
)

// The types of events.
const (
	typeCreated = "conversion.created"
	typeChanged = "conversion.changed"
	typeError   = "error"
)

// writer writes events and flushes each one. After an error it writes nothing more.
type writer struct {
	w       io.Writer
	flusher *http.ResponseController
	err     error
}

// write sends a block, which ends with an empty line.
func (w *writer) write(block string) {
	if w.err != nil {
		return
	}
	if _, w.err = io.WriteString(w.w, block); w.err == nil {
		w.err = w.flusher.Flush()
	}
}

// event sends a message of the feed. A message without a conversion becomes an id without data, which browsers remember
// without calling a listener.
func (w *writer) event(news *trackingv1.WatchConversionsResponse) {
	id := "id: " + news.GetResumeToken() + "\n"
	if news.GetConversion() == nil {
		w.write(id + "\n")
		return
	}
	data, err := rest.Marshal(news)
	if err != nil {
		w.err = err
		return
	}
	kind := typeChanged
	if news.GetCreated() {
		kind = typeCreated
	}
	w.write(id + "event: " + kind + "\ndata: " + oneLine(data) + "\n\n")
}

// fault sends the error that ends the stream, as a google.rpc.Status.
func (w *writer) fault(st *status.Status) {
	data, err := protojson.Marshal(st.Proto())
	if err != nil {
		data = []byte("{}") // its details have a type that the gateway does not know
	}
	w.write("event: " + typeError + "\ndata: " + oneLine(data) + "\n\n")
}

// oneLine returns JSON without line breaks. Those inside strings are escaped already.
func oneLine(data []byte) string { return strings.ReplaceAll(string(data), "\n", "") }
