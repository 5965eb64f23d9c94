package files

import (
	"bufio"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/couponlink/couponlink/services/gateway/internal/rest"
	"github.com/couponlink/couponlink/services/internal/fieldname"
	"github.com/couponlink/couponlink/services/internal/pasted"
	"github.com/couponlink/couponlink/services/internal/spreadsheet"
)

// exported describes the export of a kind of resource.
type exported[T proto.Message] struct {
	// name is the file's name without its extension.
	name    string
	columns []exportColumn
	// defaults are the columns unless the caller chooses others, separated by commas.
	defaults string
}

// exportFormat is the format of an export of T.
type exportFormat[T proto.Message] struct {
	contentType, fileName string
	writer                func(*bufio.Writer) exportWriter[T]
}

// formatOf reads the parameters format, columns and bom, and refuses a second order_by.
func (e exported[T]) formatOf(query url.Values) (exportFormat[T], *status.Status) {
	if _, _, fault := rest.Parameter(query, "order_by"); fault != nil {
		return exportFormat[T]{}, fault
	}
	switch format := query.Get("format"); format {
	case "csv", "":
		columns, fault := e.columnsOf(query.Get("columns"))
		hasMark := false
		if fault == nil {
			hasMark, fault = markOf(query)
		}
		return exportFormat[T]{"text/csv; charset=utf-8", e.name + ".csv", func(w *bufio.Writer) exportWriter[T] {
			return &csvWriter[T]{spreadsheet.NewWriter(w), columns, hasMark}
		}}, fault
	case "ndjson":
		if query.Has("columns") {
			return exportFormat[T]{}, rest.Malformed("INVALID_COLUMNS", "columns", "are for format=csv: with format=ndjson each line has all fields")
		}
		if query.Has("bom") {
			return exportFormat[T]{}, rest.Malformed("INVALID_BOM", "bom", "is for format=csv: NDJSON has no byte order mark")
		}
		return exportFormat[T]{"application/x-ndjson", e.name + ".ndjson", func(w *bufio.Writer) exportWriter[T] {
			return &ndjsonWriter[T]{w}
		}}, nil
	default:
		return exportFormat[T]{}, rest.Malformed("INVALID_FORMAT", "format", fmt.Sprintf("%.40q is no format; the formats are csv, ndjson", format))
	}
}

// markOf reports whether the file begins with a byte order mark.
func markOf(query url.Values) (bool, *status.Status) {
	switch value := query.Get("bom"); {
	case value == "true":
		return true, nil
	case value == "false" || !query.Has("bom"):
		return false, nil
	default:
		return false, rest.Malformed("INVALID_BOM", "bom", fmt.Sprintf("%.40q is neither true nor false", value))
	}
}

// columnsOf reads a list of columns. If it is empty, it returns the default ones.
func (e exported[T]) columnsOf(list string) ([]exportColumn, *status.Status) {
	if list == "" {
		list = e.defaults
	}
	var chosen []exportColumn
	for name := range strings.SplitSeq(list, ",") {
		name = pasted.Trim(name)
		named := func(c exportColumn) bool { return c.name == name || fieldname.Camel(c.name) == name }
		i := slices.IndexFunc(e.columns, named)
		switch {
		case i < 0:
			return nil, rest.Malformed("UNKNOWN_COLUMN", "columns", fmt.Sprintf("there is no column %.60q; the columns are %s", name, columnNames(e.columns)))
		case slices.ContainsFunc(chosen, named):
			return nil, rest.Malformed("INVALID_COLUMNS", "columns", fmt.Sprintf("%q stands there twice", name))
		}
		chosen = append(chosen, e.columns[i])
	}
	return chosen, nil
}

func columnNames(columns []exportColumn) string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.name
	}
	return fieldname.List(names)
}

// csvWriter writes a line for each resource, after one with the columns' names.
type csvWriter[T proto.Message] struct {
	csv     *spreadsheet.Writer
	columns []exportColumn
	// hasMark means that the file begins with a byte order mark.
	hasMark bool
}

func (w *csvWriter[T]) begin() error {
	if w.hasMark {
		if err := w.csv.Mark(); err != nil {
			return err
		}
	}
	for _, column := range w.columns {
		w.csv.Text(column.name)
	}
	return w.csv.EndLine()
}

func (w *csvWriter[T]) write(c T) error {
	row := c.ProtoReflect()
	for _, column := range w.columns {
		if cell := column.cell(row); column.isText {
			w.csv.Text(cell)
		} else {
			w.csv.Plain(cell)
		}
	}
	return w.csv.EndLine()
}

func (w *csvWriter[T]) flush() error { return w.csv.Flush() }

// ndjsonWriter writes each resource as one line of JSON, with the fields that lists return.
type ndjsonWriter[T proto.Message] struct {
	out *bufio.Writer
}

func (w *ndjsonWriter[T]) begin() error { return nil }

func (w *ndjsonWriter[T]) write(c T) error {
	line, err := rest.Marshal(c)
	if err != nil {
		return fmt.Errorf("writing a row as JSON: %w", err)
	}
	_, err = w.out.Write(append(line, '\n'))
	return err
}

func (w *ndjsonWriter[T]) flush() error { return nil }
