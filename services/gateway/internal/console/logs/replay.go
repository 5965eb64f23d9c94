package logs

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
)

// replayPatience is how long a page waits for a replay of many postbacks.
const replayPatience = 20 * time.Second

// replayAll replays the postbacks that match, or says what that would come to. What it returns is not done
// where they are more than a page waits for: the others are as they were.
func replayAll(p *ui.Page, filter string, isTry bool) (*trackingv1.ReplayPostbacksResponse, error) {
	ctx, cancel := context.WithTimeout(p.Request.Context(), replayPatience)
	defer cancel()
	answers, err := p.Postbacks().ReplayPostbacks(ctx, &trackingv1.ReplayPostbacksRequest{Filter: filter, ValidateOnly: isTry})
	if err != nil {
		return nil, err
	}
	total := &trackingv1.ReplayPostbacksResponse{}
	for {
		next, err := answers.Recv()
		switch {
		case errors.Is(err, io.EOF) || status.Code(err) == codes.DeadlineExceeded:
			return total, nil
		case err != nil:
			return nil, err
		}
		total = next
	}
}

// postbackQuestion says what a replay of all that match would come to.
func postbackQuestion(p *ui.Page, l ui.List, filter string) (*ui.BulkReplay, error) {
	would, err := replayAll(p, filter, true)
	if err != nil {
		return nil, err
	}
	n := would.GetReplayedCount()
	bulk := &ui.BulkReplay{Cancel: l.With("replay", "")}
	switch {
	case !would.GetDone():
		bulk.Title = "More postbacks match than a page can replay"
		bulk.Text = "After " + format.Number(n) + " there were still more. Filter further, or replay them by POST /v1/postbacks:replay, which tells how far it is."
	case would.GetAttributedCount()+would.GetRecordedCount() == 0:
		bulk.Title, bulk.Text = "A replay would change nothing", format.CountOf(int(n), "postback was", "postbacks were")+" processed again. "+staying(would)
	default:
		bulk.Title = "Replay " + format.CountOf(int(n), "postback", "postbacks") + "?"
		bulk.Text = "All that match, on all pages, are processed again as they were sent, at their original time, with today’s coupons and settings. " + gained(would, "would be", "would be") + " " + staying(would) +
			" A sale that is already credited never changes."
		bulk.Action, bulk.Save, bulk.Fields = ui.Href("reports", "postbacks", "replay"), "Replay "+format.Number(n), l.Filters(postbackNames())
	}
	return bulk, nil
}

// gained says what replays gain, with the verb for one and for several.
func gained(of *trackingv1.ReplayPostbacksResponse, is, are string) string {
	credited, recorded := of.GetAttributedCount(), of.GetRecordedCount()
	var parts []string
	if credited > 0 {
		parts = append(parts, format.CountOf(int(credited), "sale", "sales")+" "+format.Plural(credited, is, are)+" credited to a publisher.")
	}
	if recorded > 0 {
		parts = append(parts, format.CountOf(int(recorded), "sale that was refused", "sales that were refused")+" "+format.Plural(recorded, is, are)+" recorded.")
	}
	return strings.Join(parts, " ")
}

// staying says what replays leave as it is.
func staying(of *trackingv1.ReplayPostbacksResponse) string {
	var parts []string
	if n := of.GetUnchangedCount(); n > 0 {
		parts = append(parts, format.CountOf(int(n), "stays", "stay")+" as "+format.Plural(n, "it is.", "they are."))
	}
	if n := of.GetRefusedCount(); n > 0 {
		parts = append(parts, format.CountOf(int(n), "is", "are")+" still refused.")
	}
	return strings.Join(parts, " ")
}

func replayPostbacks(p *ui.Page, l ui.List, filter string) error {
	came, err := replayAll(p, filter, false)
	if err != nil {
		return err
	}
	text := gained(came, "is", "are")
	if text == "" {
		text = "Nothing changed."
	}
	if !came.GetDone() {
		return p.Done(l.With("replay", "all")+"#replay", ui.Toast{Text: text + " There are more: replay again to continue.", IsError: true})
	}
	return p.Done(l.Href(l.Copy()), ui.Toast{Text: text})
}
