package coupons

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
	"github.com/couponlink/couponlink/services/gateway/internal/couponimport"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/couponcsv"
)

const (
	// maxUploadBytes bounds a form with a file, or with one that was read before and comes packed.
	maxUploadBytes = couponcsv.MaxBytes + couponcsv.MaxBytes/2
	// uploadPatience is how long a browser may take to send it.
	uploadPatience = 2 * time.Minute
	// maxImportRows is how many rows of a result are shown: those refused come first.
	maxImportRows = 500
	// uploadMemory is how much of a form is kept in memory.
	uploadMemory = 4 << 20
)

// importView is the page of an import. The file travels with the page between its dry run and the import
// itself, packed in the form: nothing of it is kept here.
type importView struct {
	Action, Cancel, Error string
	IsAll                 bool
	// Done says that it is imported; else Rows is what would happen.
	Done            bool
	Created, Failed int
	// Verdict says both; Save is the button that creates those that can be.
	Verdict, Save string
	Table         *ui.Table
	// File is the file, packed; FileName what it is called.
	File, FileName string
	// Rest is how many rows are not shown.
	Rest string
}

func askImport(_ http.ResponseWriter, _ *http.Request, p *ui.Page) error {
	scope, err := scopeOf(p)
	if err != nil {
		return err
	}
	return showImport(p, http.StatusOK, scope, importView{})
}

func showImport(p *ui.Page, httpStatus int, scope scope, v importView) error {
	scope.below(p, "Import coupons")
	v.Action, v.Cancel, v.IsAll = scope.at("import"), scope.at(), scope.isAll()
	return p.ShowAs(httpStatus, "coupon-import", v)
}

// importCoupons makes the dry run of a file, or, for a file that has had one, the import.
func importCoupons(w http.ResponseWriter, r *http.Request, p *ui.Page) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxUploadBytes)
	// A connection that knows no deadlines, as a test's, has to do without.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(uploadPatience))
	if err := r.ParseMultipartForm(uploadMemory); err != nil && !errors.Is(err, http.ErrNotMultipart) { //nolint:gosec // MaxBytesReader bounds the body
		return p.Refuse(http.StatusRequestEntityTooLarge, "This file could not be read", "A file has at most 8 MB. Send it in parts.")
	}
	scope, err := scopeOf(p)
	if err != nil {
		return err
	}
	file, name, fault := uploaded(r)
	if fault != "" {
		return showImport(p, http.StatusUnprocessableEntity, scope, importView{Error: fault})
	}
	isDry := r.PostFormValue("do") != "import"
	result, err := couponimport.Run(r.Context(), p.Coupons(), couponimport.Request{
		Parent: scope.parent(), File: file, Zone: p.Zone, ValidateOnly: isDry,
	})
	if refusal := apperr.As(err); refusal != nil {
		return showImport(p, http.StatusUnprocessableEntity, scope, importView{Error: format.Sentence(refusal.Message), FileName: name})
	}
	if err != nil {
		return err
	}
	view := importResult(p, result, isDry)
	view.FileName = name
	if isDry {
		view.File = packedFile(file)
	}
	return showImport(p, http.StatusOK, scope, view)
}

// uploaded returns the file of a form, or what is wrong with it. It was chosen, or is packed in the page of its dry run.
func uploaded(r *http.Request) (content []byte, name, fault string) {
	if packed := r.PostFormValue("packed"); packed != "" {
		content, err := unpackedFile(packed)
		if err != nil {
			return nil, "", "The file was lost in transit. Choose it again."
		}
		return content, r.PostFormValue("file_name"), ""
	}
	file, header, err := r.FormFile("file")
	if err != nil {
		return nil, "", "Choose a CSV file."
	}
	defer func() { _ = file.Close() }()
	content, err = io.ReadAll(io.LimitReader(file, couponcsv.MaxBytes+1))
	switch {
	case err != nil:
		return nil, "", "The file did not arrive completely. Send it again."
	case len(content) > couponcsv.MaxBytes:
		return nil, "", "The file is longer than 8 MB. Send it in parts."
	case len(content) == 0:
		return nil, "", "The file is empty."
	}
	return content, header.Filename, ""
}

// packedFile writes a file as a form's value.
func packedFile(content []byte) string {
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	_, _ = w.Write(content) // a buffer takes everything
	_ = w.Close()
	return base64.RawURLEncoding.EncodeToString(zipped.Bytes())
}

// unpackedFile reads what packedFile wrote.
func unpackedFile(text string) ([]byte, error) {
	zipped, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, err
	}
	r, err := gzip.NewReader(bytes.NewReader(zipped))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(r, couponcsv.MaxBytes+1))
}

// importResult shows the result of each row, refused ones first.
func importResult(p *ui.Page, result couponimport.Result, isDry bool) importView {
	v := importView{Done: !isDry, Created: result.Created, Failed: result.Failed}
	v.Verdict = format.CountOf(result.Created, "coupon", "coupons") + " created."
	if isDry {
		v.Verdict = format.CountOf(result.Created, "coupon", "coupons") + " can be created."
		v.Save = "Create " + format.CountOf(result.Created, "coupon", "coupons")
	}
	if result.Failed > 0 {
		v.Verdict += " " + format.CountOf(result.Failed, "row", "rows") + " " + format.Plural(int64(result.Failed), "was", "were") + " refused."
		if isDry {
			v.Verdict = strings.Replace(v.Verdict, " refused.", " refused: fix the file and choose it again, or leave them out.", 1)
		}
	}
	t := ui.Table{
		ID: "import-rows", Caption: "Rows of the file",
		Columns: []ui.Column{{Label: "Row", IsNumber: true}, {Label: "Result"}, {Label: "Code"}, {Label: "Offer"}, {Label: "Publisher"}, {Label: "Start"}, {Label: "Expiration"}, {Label: "What is wrong"}},
		Empty:   ui.Empty{Title: "The file has no rows", Text: "Write one coupon in each row below the names of the columns."},
	}
	for _, refused := range []bool{true, false} {
		for _, one := range result.Rows {
			if (one.Fault != nil) == refused && len(t.Rows) < maxImportRows {
				t.Rows = append(t.Rows, importRow(p, one, isDry))
			}
		}
	}
	if rest := len(result.Rows) - len(t.Rows); rest > 0 {
		v.Rest = format.Number(int64(rest)) + " more rows are not shown."
	}
	v.Table = &t
	return v
}

func importRow(p *ui.Page, one couponimport.Row, isDry bool) ui.Row {
	word := &ui.Badge{Text: "Created", Tone: "good"}
	if isDry {
		word = &ui.Badge{Text: "Will be created", Tone: "good"}
	}
	code := ui.Cell{Text: one.Input.Code, IsCode: true}
	fault := ""
	if one.Fault != nil {
		word, fault = &ui.Badge{Text: "Refused", Tone: "bad"}, ui.Unlinked(p.Told(one.Fault.GetMessage()))
	} else if !isDry {
		code = ui.Cell{Text: one.Coupon.GetCode(), Href: couponHref(one.Coupon)}
	}
	offer := one.Input.Offer
	if offer == "" {
		offer = one.Coupon.GetOffer()
	}
	end := ui.Cell{Time: one.Input.ExpireTime}
	if !end.Time.IsZero() {
		end.Time = end.Time.Add(-time.Millisecond)
	}
	return ui.Row{Cells: []ui.Cell{
		{Text: strconv.Itoa(one.Number)},
		{Badge: word},
		code,
		{Text: ui.IDOf(offer)},
		{Text: ui.IDOf(one.Input.Publisher)},
		{Time: one.Input.StartTime},
		end,
		{Text: fault},
	}}
}
