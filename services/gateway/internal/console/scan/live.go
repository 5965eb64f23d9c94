package scan

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
)

// scanLive sends a scan while it runs, as server-sent events whose data is HTML: a `hop` for each hop, and at last one
// `end` with the result or the failure.
func scanLive(w http.ResponseWriter, r *http.Request, p *ui.Page) error {
	view := scanView{Form: scanFormOf(r.URL.Query())}
	if !view.Form.check() {
		return p.Refuse(http.StatusBadRequest, "This is not a link", view.Form.URL.Error)
	}
	told := &events{w: w}
	result, err := tellScan(p, r.Context(), told, &trackingv1.StreamScanLinkRequest{
		Url: view.Form.URL.Value, Device: scanDevice(view.Form.Device.Value), Language: view.Form.Language.Value,
	})
	switch {
	case errors.Is(err, errGone) || r.Context().Err() != nil:
		return nil
	case err != nil && view.Form.fail(p, err):
		view.Failure = strings.TrimSpace(view.Form.URL.Error + " " + view.Form.Device.Error + " " + view.Form.Language.Error)
	case err != nil:
		reason := p.ReasonOf(err)
		view.Failure = reason.Title + ". " + reason.Text
	}
	view.Result = result
	p.View = view
	html, err := p.Views.Piece("scan", "scan-outcome", p)
	if err != nil {
		return err
	}
	_ = told.send("end", html) // who has gone needs no end
	return nil
}

// tellScan tells the hops of a scan and returns its result.
func tellScan(p *ui.Page, ctx context.Context, told *events, req *trackingv1.StreamScanLinkRequest) (*scanResult, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	stream, err := trackingv1.NewScanServiceClient(p.Tracking).StreamScanLink(ctx, req)
	if err != nil {
		return nil, err
	}
	for way := (trail{}); ; {
		news, err := stream.Recv()
		if err != nil {
			return nil, err
		}
		if found := news.GetScan(); found != nil {
			return scanResultOf(p, req.GetUrl(), found), nil
		}
		html, err := p.Views.Piece("scan", "scan-hop", way.hop(news.GetHop()))
		if err != nil {
			return nil, err
		}
		if err := told.send("hop", html); err != nil {
			return nil, err
		}
	}
}

// errGone says that nobody reads the events any more.
var errGone = errors.New("the reader has gone")

// events are server-sent events on their way: https://html.spec.whatwg.org/multipage/server-sent-events.html
type events struct {
	w       http.ResponseWriter
	hasSent bool
}

// send sends one event at once. Its error is errGone.
func (e *events) send(name string, data []byte) error {
	if !e.hasSent {
		e.w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
		e.w.Header().Set("X-Accel-Buffering", "no") // else nginx holds events back
		e.hasSent = true
	}
	data = bytes.ReplaceAll(data, []byte("\r"), nil)
	data = bytes.ReplaceAll(data, []byte("\n"), []byte("\ndata: "))
	if _, err := fmt.Fprintf(e.w, "event: %s\ndata: %s\n\n", name, data); err != nil {
		return errGone
	}
	if err := http.NewResponseController(e.w).Flush(); err != nil {
		return errGone
	}
	return nil
}
