package files

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/protoadapt"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/couponimport"
	"github.com/couponlink/couponlink/services/gateway/internal/rest"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/couponcsv"
	"github.com/couponlink/couponlink/services/internal/rpcstatus"
)

// uploadPatience bounds how long a caller may take to send a file.
const uploadPatience = 2 * time.Minute

// couponImporter answers imports of coupons.
type couponImporter struct {
	coupons couponv1.CouponServiceClient
	faults  rest.Faults
	zone    *time.Location
}

// importAnswer is the response to an import.
type importAnswer struct {
	Rows         []importedRow `json:"rows"`
	Created      int           `json:"created"`
	Failed       int           `json:"failed"`
	ValidateOnly bool          `json:"validateOnly"`
}

// importedRow is the result for one row: a coupon or a google.rpc.Status.
type importedRow struct {
	Row    int             `json:"row"`
	Coupon json.RawMessage `json:"coupon,omitempty"`
	Error  json.RawMessage `json:"error,omitempty"`
}

func (i couponImporter) serve(w http.ResponseWriter, r *http.Request, params map[string]string) {
	if !isFile(r.Header.Get("Content-Type")) {
		rest.WriteStatus(w, http.StatusUnsupportedMediaType, rest.Malformed("UNSUPPORTED_MEDIA_TYPE", "",
			fmt.Sprintf("Content-Type %.60q is not that of a CSV file; the body must be the file itself, with Content-Type text/csv", r.Header.Get("Content-Type"))))
		return
	}
	// cannot fail: checkURL has parsed it
	validateOnly, fault := validateOnlyOf(r.URL.Query())
	if fault != nil {
		rest.WriteStatus(w, http.StatusBadRequest, fault)
		return
	}
	requestID, fault := rest.RepeatID(r.Header)
	if fault != nil {
		rest.WriteStatus(w, http.StatusBadRequest, fault)
		return
	}
	// Connections without deadlines, as in tests, go without.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(uploadPatience))
	file, err := io.ReadAll(r.Body)
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		rest.WriteStatus(w, http.StatusRequestEntityTooLarge, rest.TooLarge(tooLarge.Limit))
		return
	}
	if err != nil {
		rest.WriteStatus(w, http.StatusBadRequest, rest.Malformed("MALFORMED_BODY", "", "the file arrived incomplete; send it again"))
		return
	}
	ctx := metadata.AppendToOutgoingContext(r.Context(), "authorization", r.Header.Get("Authorization"))
	request := couponimport.Request{Parent: params["parent"], File: file, Zone: i.zone, ValidateOnly: validateOnly, RequestID: requestID}
	result, err := couponimport.Run(ctx, i.coupons, request)
	if refusal := apperr.As(err); refusal != nil {
		rest.WriteStatus(w, http.StatusBadRequest, errRefused(refusal))
		return
	}
	if err != nil {
		i.faults.Answer(ctx, w, r, i.brokenOff(ctx, err, request, result))
		return
	}
	i.answer(ctx, w, r, result, validateOnly)
}

// isFile reports whether a content type is one that browsers send for a .csv, .tsv or .txt file. Browsers ask
// the system, where a spreadsheet program may have registered its own type, and send no type for a file that
// the system does not know.
func isFile(contentType string) bool {
	kind, _, _ := strings.Cut(contentType, ";")
	kind = strings.ToLower(strings.TrimSpace(kind))
	switch kind {
	case "", "text/plain", "text/tab-separated-values", "text/x-tab-separated-values", "application/octet-stream", "binary/octet-stream", "application/x-unknown",
		"application/vnd.ms-excel", "application/vnd.msexcel", "application/msexcel", "application/x-msexcel", "application/excel", "application/x-excel",
		"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":
		return true
	}
	family, name, _ := strings.Cut(kind, "/")
	return (family == "text" || family == "application") && (strings.HasSuffix(name, "csv") || strings.HasSuffix(name, "comma-separated-values"))
}

// validateOnlyOf reads the parameter, by either of its names.
func validateOnlyOf(query url.Values) (bool, *status.Status) {
	const name = "validate_only"
	value, isSet, fault := rest.Parameter(query, name)
	switch {
	case fault != nil:
		return false, fault
	case value == "true":
		return true, nil
	case value == "false", !isSet:
		return false, nil
	}
	// An unreadable value may have meant a dry run, so nothing is stored.
	return false, rest.Malformed("INVALID_VALIDATE_ONLY", name, "must be true or false")
}

// errRefused turns a refusal of the file into a status.
func errRefused(e *apperr.Error) *status.Status {
	if len(e.Violations) > 0 {
		return rest.Malformed(e.Reason, e.Violations[0].Field, e.Violations[0].Description)
	}
	return rest.Malformed(e.Reason, "", e.Message)
}

// brokenOff adds to an error what is stored of an import that was cut short.
func (i couponImporter) brokenOff(ctx context.Context, err error, req couponimport.Request, result couponimport.Result) error {
	st := status.Convert(err)
	if rpcstatus.Reason(st) == "" {
		st = i.faults.Explain(ctx, st, couponcsv.MaxBytes)
	}
	if result.Created == 0 || req.ValidateOnly {
		return st.Err()
	}
	told, again := st.Proto(), "they will be reported as existing, and the rest is stored"
	if req.RequestID != "" {
		again = "with the same Idempotency-Key the answer is as if nothing had failed"
	}
	told.Message += fmt.Sprintf("; %d coupons of the file were stored before. Send the file again: %s", result.Created, again)
	return status.FromProto(told).Err()
}

func (i couponImporter) answer(ctx context.Context, w http.ResponseWriter, r *http.Request, result couponimport.Result, validateOnly bool) {
	answer := importAnswer{
		Rows: make([]importedRow, len(result.Rows)), Created: result.Created, Failed: result.Failed, ValidateOnly: validateOnly,
	}
	for n, row := range result.Rows {
		var err error
		answer.Rows[n].Row = row.Number
		if row.Fault == nil {
			answer.Rows[n].Coupon, err = rest.Marshal(row.Coupon)
		} else {
			answer.Rows[n].Error, err = protojson.MarshalOptions{EmitDefaultValues: true}.Marshal(rowStatus(row.Fault).Proto())
		}
		if err != nil {
			i.faults.Answer(ctx, w, r, fmt.Errorf("writing row %d as JSON: %w", row.Number, err))
			return
		}
	}
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false) // as in the rest of the API
	if err := encoder.Encode(answer); err != nil {
		i.faults.Answer(ctx, w, r, fmt.Errorf("writing the rows as JSON: %w", err))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(body.Bytes()) // an error means that the caller has gone
}

// rowStatus returns the status with which creating a row's coupon alone would have failed.
func rowStatus(fault *couponv1.BatchCreateCouponsFault) *status.Status {
	info := &errdetails.ErrorInfo{Reason: fault.GetReason()}
	if fault.GetSuggestion() != "" {
		info.Metadata = map[string]string{"suggestion": fault.GetSuggestion()}
	}
	var details []protoadapt.MessageV1
	if fault.GetField() != "" {
		details = append(details, &errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{{
			Field: fault.GetField(), Description: fault.GetMessage(), Reason: fault.GetReason(),
		}}})
	}
	return rpcstatus.WithInfo(codeOfRow(fault), fault.GetMessage(), info, details...)
}

// codeOfRow returns the gRPC code that a fault names; Unknown if this gateway does not know it.
func codeOfRow(fault *couponv1.BatchCreateCouponsFault) codes.Code {
	var code codes.Code
	if err := code.UnmarshalJSON([]byte(`"` + fault.GetCode() + `"`)); err != nil {
		return codes.Unknown
	}
	return code
}
