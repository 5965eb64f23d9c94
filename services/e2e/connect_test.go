package e2e

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/genproto/googleapis/rpc/errdetails"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
)

// connectCaller calls the gateway in one of Connect's protocols.
type connectCaller struct {
	base    string
	client  *http.Client
	options []connect.ClientOption
}

// connectCallers returns a caller for each protocol and encoding.
func connectCallers(base string) map[string]connectCaller {
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	http2 := &http.Client{Transport: &http.Transport{Protocols: &protocols}}
	return map[string]connectCaller{
		"connect":             {base, http.DefaultClient, nil},
		"connect json":        {base, http.DefaultClient, []connect.ClientOption{connect.WithProtoJSON()}},
		"connect compressed":  {base, http.DefaultClient, []connect.ClientOption{connect.WithSendGzip()}},
		"grpc-web":            {base, http.DefaultClient, []connect.ClientOption{connect.WithGRPCWeb()}},
		"grpc-web compressed": {base, http.DefaultClient, []connect.ClientOption{connect.WithGRPCWeb(), connect.WithSendGzip()}},
		"grpc":                {base, http2, []connect.ClientOption{connect.WithGRPC()}},
		"grpc compressed":     {base, http2, []connect.ClientOption{connect.WithGRPC(), connect.WithSendGzip()}},
	}
}

func connectCall[Q, R any](ctx context.Context, c connectCaller, method, authorization string, request *Q) (*R, error) {
	call := connect.NewRequest(request)
	call.Header().Set("Authorization", authorization)
	response, err := connect.NewClient[Q, R](c.client, c.base+"/couponlink."+method, c.options...).CallUnary(ctx, call)
	if err != nil {
		return nil, err
	}
	return response.Msg, nil
}

// TestConnect calls the gateway of both forms in all of Connect's protocols.
func TestConnect(t *testing.T) {
	t.Parallel()
	together, single := startTogether(t, t.TempDir(), nil)
	apart, processes := startApart(t, nil)
	for form, s := range map[string]*system{"together": together, "apart": apart} {
		p := player{system: s, transport: "rest", suite: loadSuite(t)}
		vars := p.prepare(t, []step{{Use: "campaign"}})
		for name, c := range connectCallers(s.base) {
			t.Run(form+"/"+name, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), casePatience)
				defer cancel()
				checkUnary(ctx, t, c, vars)
				checkStream(ctx, t, c)
			})
		}
	}
	for name, stopping := range map[string]*process{together.base: single, apart.base: processes[2]} {
		stream, err := watchConnect(t.Context(), connectCallers(name)["grpc"])
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		stopping.askToStop(t)
		for stream.Receive() {
		}
		if took := time.Since(began); connect.CodeOf(stream.Err()) != connect.CodeUnavailable || took > watchStopTime {
			t.Errorf("the stream ended %s after its server was asked to stop, with %v", took, stream.Err())
		}
		_ = stream.Close()
		if err := stopping.wait(t, stopPatience); err != nil {
			t.Errorf("the process ended with %v", err)
		}
	}
}

// checkUnary calls methods with one response.
func checkUnary(ctx context.Context, t *testing.T, c connectCaller, vars vars) {
	t.Helper()
	const key = "Bearer " + adminKey
	offer, err := connectCall[couponv1.GetOfferRequest, couponv1.Offer](ctx, c, "coupon.v1.OfferService/GetOffer", key, &couponv1.GetOfferRequest{Name: "offers/" + vars["offer"]})
	if err != nil || offer.GetName() != "offers/"+vars["offer"] {
		t.Errorf("GetOffer: %v, %v", offer, err)
	}
	listed, err := connectCall[trackingv1.ListConversionsRequest, trackingv1.ListConversionsResponse](ctx, c, "tracking.v1.ConversionService/ListConversions", key, &trackingv1.ListConversionsRequest{Filter: "offer = nobody" + strings.Repeat(" ", 2000)})
	if err != nil || len(listed.GetConversions()) > 0 {
		t.Errorf("ListConversions: %v, %v", listed, err)
	}
	_, err = connectCall[couponv1.ListOffersRequest, couponv1.ListOffersResponse](ctx, c, "coupon.v1.OfferService/ListOffers", key, &couponv1.ListOffersRequest{Filter: "color = RED"})
	var failed *connect.Error
	if !errors.As(err, &failed) || failed.Code() != connect.CodeInvalidArgument {
		t.Fatalf("a wrong filter: %v", err)
	}
	reason, field := "", ""
	for _, d := range failed.Details() {
		switch detail, _ := d.Value(); detail := detail.(type) {
		case *errdetails.ErrorInfo:
			reason = detail.GetReason()
		case *errdetails.BadRequest:
			field = detail.GetFieldViolations()[0].GetField()
		}
	}
	if reason != "INVALID_FILTER" || field != "filter" {
		t.Errorf("a wrong filter: reason %q on %q", reason, field)
	}
	_, err = connectCall[couponv1.GetOfferRequest, couponv1.Offer](ctx, c, "coupon.v1.OfferService/GetOffer", "Bearer wrong", &couponv1.GetOfferRequest{Name: "offers/1"})
	if !errors.As(err, &failed) || failed.Code() != connect.CodeUnauthenticated || len(failed.Details()) == 0 {
		t.Errorf("without the key: %v", err)
	}
	_, err = connectCall[couponv1.GetOfferRequest, couponv1.Offer](ctx, c, "coupon.v1.OfferService/Forget", key, &couponv1.GetOfferRequest{})
	if connect.CodeOf(err) != connect.CodeUnimplemented {
		t.Errorf("an unknown method: %v", err)
	}
}

func watchConnect(ctx context.Context, c connectCaller) (*connect.ServerStreamForClient[trackingv1.WatchConversionsResponse], error) {
	call := connect.NewRequest(&trackingv1.WatchConversionsRequest{})
	call.Header().Set("Authorization", "Bearer "+adminKey)
	return connect.NewClient[trackingv1.WatchConversionsRequest, trackingv1.WatchConversionsResponse](
		c.client, c.base+"/couponlink.tracking.v1.ConversionService/WatchConversions", c.options...).CallServerStream(ctx, call)
}

// checkStream reads the first message of a stream, and how one fails.
func checkStream(ctx context.Context, t *testing.T, c connectCaller) {
	t.Helper()
	stream, err := watchConnect(ctx, c)
	if err != nil || !stream.Receive() || stream.Msg().GetResumeToken() == "" {
		t.Errorf("watching: %v", err)
		return
	}
	_ = stream.Close()
	call := connect.NewRequest(&trackingv1.ExportConversionsRequest{Filter: "color = RED"})
	call.Header().Set("Authorization", "Bearer "+adminKey)
	failing, err := connect.NewClient[trackingv1.ExportConversionsRequest, trackingv1.ExportConversionsResponse](
		c.client, c.base+"/couponlink.tracking.v1.ReportService/ExportConversions", c.options...).CallServerStream(ctx, call)
	if err != nil {
		t.Fatal(err)
	}
	var failed *connect.Error
	if failing.Receive() || !errors.As(failing.Err(), &failed) || failed.Code() != connect.CodeInvalidArgument || len(failed.Details()) == 0 {
		t.Errorf("exporting by a wrong filter: %v", failing.Err())
	}
	_ = failing.Close()
}
