package gateway

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
)

const (
	exportPath = "/v1/reports/conversions:export"
	// exportPatience is how long a caller may take to read one part of an export. Who takes longer is gone,
	// and must not keep the storage's view of that moment.
	exportPatience = time.Minute
	exportBuffer   = 64 << 10
)

// exportRoute is the route of the export, which no annotation can describe: what it answers with is a
// file.
func exportRoute() (route, error) {
	rt, err := newRouteOf(http.MethodGet, exportPath, (*trackingv1.ExportConversionsRequest)(nil).ProtoReflect().Descriptor())
	rt.more = []string{"format", "columns"}
	return rt, err
}

// exporter answers exports of conversions.
type exporter struct {
	reports trackingv1.ReportServiceClient
	codec   *codec
	faults  *faults
	log     *slog.Logger
}

// exportWriter writes conversions in one format.
type exportWriter interface {
	// begin writes what stands before the conversions.
	begin() error
	write(*trackingv1.Conversion) error
	// flush hands on what was written.
	flush() error
}

// serve streams what matches. Up to the first row an error is an answer like any other; after it the
// connection is cut, so that nobody takes a part for the whole.
func (e *exporter) serve(w http.ResponseWriter, r *http.Request, _ map[string]string) {
	query := r.URL.Query() // It can be parsed: checkURL saw to that.
	format, fault := formatOf(query)
	if fault != nil {
		writeStatus(w, http.StatusBadRequest, fault)
		return
	}
	ctx, cancel := context.WithCancel(metadata.AppendToOutgoingContext(r.Context(), "authorization", r.Header.Get("Authorization")))
	defer cancel() // With it the query ends.
	stream, err := e.reports.ExportConversions(ctx, &trackingv1.ExportConversionsRequest{
		Filter: query.Get("filter"), OrderBy: orderBy(query),
	})
	var part *trackingv1.ExportConversionsResponse
	if err == nil {
		part, err = stream.Recv()
	}
	if err != nil && !errors.Is(err, io.EOF) {
		e.faults.call(ctx, nil, nil, w, r, err)
		return
	}
	header := w.Header()
	header.Set("Content-Type", format.contentType)
	header.Set("Content-Disposition", `attachment; filename="`+format.fileName+`"`)
	buffered := bufio.NewWriterSize(w, exportBuffer)
	if err := copyExport(http.NewResponseController(w), buffered, format.writer(buffered, e.codec), stream, part); err != nil {
		if r.Context().Err() == nil {
			e.log.WarnContext(ctx, "an export broke off", slog.String("code", status.Code(err).String()), slog.Any("error", err))
		}
		panic(http.ErrAbortHandler)
	}
}

// copyExport writes the parts, the first of which has been read already; nil: there is none.
func copyExport(
	control *http.ResponseController, buffered *bufio.Writer, to exportWriter,
	stream grpc.ServerStreamingClient[trackingv1.ExportConversionsResponse], part *trackingv1.ExportConversionsResponse,
) error {
	if err := to.begin(); err != nil {
		return err
	}
	for part != nil {
		// A connection that knows no deadlines, as a test's, has to do without.
		_ = control.SetWriteDeadline(time.Now().Add(exportPatience))
		for _, conversion := range part.GetConversions() {
			if err := to.write(conversion); err != nil {
				return err
			}
		}
		if err := to.flush(); err != nil {
			return err
		}
		if err := buffered.Flush(); err != nil {
			return err
		}
		var err error
		if part, err = stream.Recv(); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
	}
	if err := to.flush(); err != nil {
		return err
	}
	if err := buffered.Flush(); err != nil {
		return err
	}
	// The last of it is written when the handler returns, and then the next request.
	_ = control.SetWriteDeadline(time.Time{})
	return nil
}

// orderBy is the order asked for, by either of the parameter's names.
func orderBy(query url.Values) string {
	if order := query.Get("order_by"); order != "" {
		return order
	}
	return query.Get("orderBy")
}
