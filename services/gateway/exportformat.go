package gateway

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"google.golang.org/grpc/status"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
)

// exportFormat is the form of an export.
type exportFormat struct {
	contentType, fileName string
	writer                func(*bufio.Writer, *codec) exportWriter
}

// formatOf reads the parameters format and columns.
func formatOf(query url.Values) (exportFormat, *status.Status) {
	if query.Has("order_by") && query.Has("orderBy") {
		return exportFormat{}, errMalformed("DUPLICATE_PARAMETER", "order_by", "stands twice in the query, under two names; it may stand once")
	}
	switch format := query.Get("format"); format {
	case "csv", "":
		columns, fault := columnsOf(query.Get("columns"))
		return exportFormat{"text/csv; charset=utf-8", "conversions.csv", func(w *bufio.Writer, _ *codec) exportWriter {
			return newCSVWriter(w, columns)
		}}, fault
	case "ndjson":
		if query.Has("columns") {
			return exportFormat{}, errMalformed("INVALID_COLUMNS", "columns", "are for format=csv: with format=ndjson each line has all fields")
		}
		return exportFormat{"application/x-ndjson", "conversions.ndjson", func(w *bufio.Writer, c *codec) exportWriter {
			return &ndjsonWriter{w, c}
		}}, nil
	default:
		return exportFormat{}, errMalformed("INVALID_FORMAT", "format", fmt.Sprintf("%.40q is no format; the formats are csv, ndjson", format))
	}
}

// columnsOf reads a list of columns; empty: those by default.
func columnsOf(list string) ([]exportColumn, *status.Status) {
	if list == "" {
		list = defaultColumns
	}
	all := exportColumns()
	var chosen []exportColumn
	for name := range strings.SplitSeq(list, ",") {
		name = strings.TrimSpace(name)
		named := func(c exportColumn) bool { return c.name == name }
		i := slices.IndexFunc(all, named)
		switch {
		case i < 0:
			return nil, errMalformed("UNKNOWN_COLUMN", "columns", fmt.Sprintf("there is no column %.60q; the columns are %s", name, columnNames(all)))
		case slices.ContainsFunc(chosen, named):
			return nil, errMalformed("INVALID_COLUMNS", "columns", fmt.Sprintf("%q stands there twice", name))
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

func columnNames(columns []exportColumn) string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.name
	}
	return strings.Join(names, ", ")
}

// csvWriter writes RFC 4180: lines end with CRLF, the first has the columns' names.
type csvWriter struct {
	out     *bufio.Writer
	csv     *csv.Writer
	columns []exportColumn
	// cells is one line, in memory that is used again.
	cells []string
}

func newCSVWriter(w *bufio.Writer, columns []exportColumn) *csvWriter {
	lines := csv.NewWriter(w)
	lines.UseCRLF = true
	return &csvWriter{out: w, csv: lines, columns: columns, cells: make([]string, len(columns))}
}

func (w *csvWriter) begin() error {
	for i, c := range w.columns {
		w.cells[i] = c.name
	}
	return w.csv.Write(w.cells)
}

func (w *csvWriter) write(c *trackingv1.Conversion) error {
	for i, column := range w.columns {
		w.cells[i] = column.cell(c)
	}
	if len(w.cells) == 1 && w.cells[0] == "" {
		// Left to itself the writer makes an empty line of it, which readers skip.
		if err := w.flush(); err != nil {
			return err
		}
		_, err := w.out.WriteString("\"\"\r\n")
		return err
	}
	return w.csv.Write(w.cells)
}

func (w *csvWriter) flush() error {
	w.csv.Flush()
	return w.csv.Error()
}

// ndjsonWriter writes conversions as lists have them, each on a line of its own.
type ndjsonWriter struct {
	out   *bufio.Writer
	codec *codec
}

func (w *ndjsonWriter) begin() error { return nil }

func (w *ndjsonWriter) write(c *trackingv1.Conversion) error {
	line, err := w.codec.Marshal(c)
	if err != nil {
		return fmt.Errorf("writing %s as JSON: %w", c.GetName(), err)
	}
	_, err = w.out.Write(append(line, '\n'))
	return err
}

func (w *ndjsonWriter) flush() error { return nil }
