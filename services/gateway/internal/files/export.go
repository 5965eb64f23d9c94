package files

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/rest"
	"github.com/couponlink/couponlink/services/internal/columns"
)

// exportBuffer is the number of bytes written at a time. The server disconnects callers that do not read them
// in time.
const exportBuffer = 64 << 10

// exportParameters are the parameters of every export.
func exportParameters() []string {
	return []string{"format", "columns", "filter", "order_by", "orderBy", "bom"}
}

// exportedConversions describes the export of conversions.
func exportedConversions() exported[*trackingv1.Conversion] {
	return exported[*trackingv1.Conversion]{name: "conversions", columns: exportColumns(columns.Conversions()), defaults: defaultColumns}
}

// exportWriter writes resources in one format.
type exportWriter[T any] interface {
	// begin writes what comes before the resources.
	begin() error
	write(T) error
	// flush passes on what was written.
	flush() error
}

// exporter serves exports.
type exporter struct {
	faults rest.Faults
	log    *slog.Logger
}

// pages returns the next resources to export, and io.EOF after the last.
type pages[T any] func() ([]T, error)

// conversions serves exports of conversions.
func (e exporter) conversions(reports trackingv1.ReportServiceClient) runtime.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request, _ map[string]string) {
		serveExport(e, w, r, exportedConversions(), func(ctx context.Context, query url.Values) pages[*trackingv1.Conversion] {
			stream, err := reports.ExportConversions(ctx, &trackingv1.ExportConversionsRequest{
				Filter: query.Get("filter"), OrderBy: orderBy(query),
			})
			return func() ([]*trackingv1.Conversion, error) {
				if err != nil {
					return nil, err
				}
				part, err := stream.Recv()
				return part.GetConversions(), err
			}
		})
	}
}

// serveExport streams the resources that match. An error before the first row is returned as usual. After it,
// the connection is cut, so that nobody mistakes a part for the whole.
func serveExport[T proto.Message](
	e exporter, w http.ResponseWriter, r *http.Request, what exported[T], open func(context.Context, url.Values) pages[T],
) {
	query := r.URL.Query() // cannot fail: checkURL has parsed it
	format, fault := what.formatOf(query)
	if fault != nil {
		rest.WriteStatus(w, http.StatusBadRequest, fault)
		return
	}
	ctx, cancel := context.WithCancel(metadata.AppendToOutgoingContext(r.Context(), "authorization", r.Header.Get("Authorization")))
	defer cancel() // ends the query
	next := open(ctx, query)
	first, err := next()
	if err != nil && !errors.Is(err, io.EOF) {
		e.faults.Answer(ctx, w, r, err)
		return
	}
	header := w.Header()
	header.Set("Content-Type", format.contentType)
	header.Set("Content-Disposition", `attachment; filename="`+format.fileName+`"`)
	buffered := bufio.NewWriterSize(w, exportBuffer)
	if err := copyExport(buffered, format.writer(buffered), next, first, err); err != nil {
		if r.Context().Err() == nil {
			e.log.WarnContext(ctx, "an export broke off", slog.String("code", status.Code(err).String()), slog.Any("error", err))
		}
		panic(http.ErrAbortHandler)
	}
}

// copyExport writes all pages. The first has been read already; it is page, or err is io.EOF.
func copyExport[T any](
	buffered *bufio.Writer, to exportWriter[T], next pages[T], page []T, end error,
) error {
	if err := to.begin(); err != nil {
		return err
	}
	for end == nil {
		for _, row := range page {
			if err := to.write(row); err != nil {
				return err
			}
		}
		if err := to.flush(); err != nil {
			return err
		}
		if err := buffered.Flush(); err != nil {
			return err
		}
		page, end = next()
	}
	if !errors.Is(end, io.EOF) {
		return end
	}
	if err := to.flush(); err != nil {
		return err
	}
	return buffered.Flush()
}

// orderBy returns the requested order. formatOf has refused a second one.
func orderBy(query url.Values) string {
	order, _, _ := rest.Parameter(query, "order_by")
	return order
}
