package rules

import (
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/money"
)

const (
	// maxValueChars bounds a parameter's value.
	maxValueChars = 255
	// maxWarnings bounds the unknown parameters that an answer lists.
	maxWarnings = 10
)

// parameter is one parameter of a postback, with the other names that advertisers' systems use.
type parameter struct {
	name    string
	aliases []string
	// set reads a value that is not empty; now is the time of the report.
	set func(r *Report, value string, now time.Time) error
}

// parameters lists what a postback may carry (the design's table of parameters and aliases).
var parameters = []parameter{
	{"coupon_code", []string{"coupon", "promo_code", "code"}, text(func(r *Report) *string { return &r.Code })},
	{"click_id", []string{"clickid", "cid"}, text(func(r *Report) *string { return &r.ClickID })},
	{"offer_id", []string{"oid"}, id(func(r *Report) *string { return &r.Offer })},
	{"pub_id", nil, id(func(r *Report) *string { return &r.Publisher })},
	{"transaction_id", []string{"txn_id", "order_id"}, setTransaction},
	{"amount", []string{"sale_amount"}, setAmount},
	{"currency", nil, setCurrency},
	{"event", nil, setEvent},
	{"timestamp", nil, setTime},
	{"token", []string{"security_token", "secure"}, text(func(r *Report) *string { return &r.Token })},
	{"ts", nil, text(func(r *Report) *string { return &r.Proof.Time })},
	{"sig", nil, setSignature},
	{"test", nil, setTest},
	{"status", []string{"conversion_status"}, setStatus},
	{"status_reason", []string{"reason"}, text(func(r *Report) *string { return &r.StatusReason })},
	{"refund_id", nil, text(func(r *Report) *string { return &r.RefundID })},
}

// ParsePostback reads a postback's parameters, query and form together. It is strict where a
// mistake could cost or double a sale, and warns of parameters it does not know. The error is
// InvalidArgument on the first parameter at fault; the report then has what the others say, so that it
// can be told whose it is.
func ParsePostback(params map[string][]string, now time.Time) (Report, error) {
	r := Report{Event: DefaultEvent}
	known := 0
	var fault error
	for _, p := range parameters {
		value, seen, err := p.value(params)
		known += seen
		if err == nil && value != "" {
			err = p.read(&r, value, now)
		}
		if fault == nil {
			fault = err
		}
	}
	if fault == nil && known < len(params) {
		fault = warnOfUnknown(&r, params)
	}
	return r, fault
}

// read sets what a value says.
func (p parameter) read(r *Report, value string, now time.Time) error {
	err := p.set(r, value, now)
	if err == nil || apperr.As(err) != nil {
		return err
	}
	return apperr.Invalid("INVALID_"+strings.ToUpper(p.name), p.name, "%s", err)
}

// HideProof returns a postback's parameters in query form, sorted, without what proves who sent them:
// tokens, which may have other names too, and signatures.
func HideProof(params url.Values, tokens ...string) string {
	shown := make(url.Values, len(params))
	for name, values := range params {
		if slices.Contains([]string{"token", "security_token", "secure", "sig"}, name) || slices.Contains(tokens, name) {
			values = []string{"***"}
		}
		shown[name] = values
	}
	return shown.Encode()
}

// value returns a parameter's one value, trimmed, from its name and aliases, and under how many of
// these it was sent.
func (p parameter) value(params map[string][]string) (value string, seen int, err error) {
	from := ""
	take := func(name string) error {
		values, ok := params[name]
		if !ok {
			return nil
		}
		seen++
		if len(values) > 1 {
			return apperr.Invalid("DUPLICATE_PARAMETER", name, "was sent %d times; send it once", len(values))
		}
		v := strings.TrimSpace(values[0])
		if err := CheckText(name, v); err != nil || v == "" {
			return err
		}
		if from != "" && v != value {
			return apperr.Invalid("CONFLICTING_ALIASES", name, "says %q, but %s, which means the same, says %q; send one of them", v, from, value)
		}
		value, from = v, name
		return nil
	}
	if err := take(p.name); err != nil {
		return "", 0, err
	}
	for _, alias := range p.aliases {
		if err := take(alias); err != nil {
			return "", 0, err
		}
	}
	return value, seen, nil
}

// CheckText refuses what no value from outside may hold: invalid UTF-8, control characters, more than
// 255 characters. The error is InvalidArgument on the field.
func CheckText(name, value string) error {
	if !utf8.ValidString(value) || !utf8.ValidString(name) {
		return apperr.Invalid("INVALID_UTF8", strings.ToValidUTF8(name, "�"), "is not valid UTF-8; percent-encode the UTF-8 bytes of the value")
	}
	if utf8.RuneCountInString(value) > maxValueChars {
		return apperr.Invalid("INVALID_"+strings.ToUpper(name), name, "has %d characters; at most %d are allowed", utf8.RuneCountInString(value), maxValueChars)
	}
	if i := strings.IndexFunc(value, func(c rune) bool { return c < ' ' || c == 0x7f }); i >= 0 {
		return apperr.Invalid("INVALID_"+strings.ToUpper(name), name, "has a control character (%U)", value[i])
	}
	return nil
}

func warnOfUnknown(r *Report, params map[string][]string) error {
	var unknown []string
	for name := range params {
		if !slices.ContainsFunc(parameters, func(p parameter) bool { return p.name == name || slices.Contains(p.aliases, name) }) {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	return WarnOfUnknown(r, unknown)
}

// WarnOfUnknown adds warnings of parameters that are not known, the first few of them, to a report. The
// error is InvalidArgument on a name that no parameter may have.
func WarnOfUnknown(r *Report, names []string) error {
	for i, name := range names {
		if err := CheckText(name, ""); err != nil {
			return err
		}
		if i < maxWarnings {
			r.Warnings = append(r.Warnings, fmt.Sprintf("parameter %q is not known and was ignored", name))
		}
	}
	return nil
}

// IsParameter says whether a name is that of a postback's parameter, and not only an alias.
func IsParameter(name string) bool {
	return slices.ContainsFunc(parameters, func(p parameter) bool { return p.name == name })
}

// text returns a setter that keeps a value as it is.
func text(field func(*Report) *string) func(*Report, string, time.Time) error {
	return func(r *Report, value string, _ time.Time) error {
		*field(r) = value
		return nil
	}
}

// id returns a setter that keeps the id of an offer or a publisher.
func id(field func(*Report) *string) func(*Report, string, time.Time) error {
	return func(r *Report, value string, _ time.Time) error {
		*field(r) = value
		return CheckID(value)
	}
}

// CheckID says what is wrong with a text that should be the id of an offer or a publisher.
func CheckID(text string) error {
	if !IsID(text) {
		return fmt.Errorf("%q is not an id: 1 to 63 of a-z, 0-9 and '-', the first a letter or digit", text)
	}
	return nil
}

// IsID says whether a text can be the id of an offer or a publisher.
func IsID(text string) bool {
	ok := len(text) >= 1 && len(text) <= 63 && text[0] != '-'
	for _, c := range []byte(text) {
		ok = ok && (c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-')
	}
	return ok
}

// setTransaction refuses a macro that the advertiser's system did not replace: under it, all sales
// would look like repeats of one.
func setTransaction(r *Report, value string, _ time.Time) error {
	if strings.HasPrefix(value, "{") && strings.HasSuffix(value, "}") {
		return fmt.Errorf("%q is a macro that was not replaced; send the order's own id", value)
	}
	r.TransactionID = value
	return nil
}

func setAmount(r *Report, value string, _ time.Time) error {
	amount, err := money.ParseAmount(value, "")
	r.HasAmount, r.Amount.Units, r.Amount.Nanos = err == nil, amount.Units, amount.Nanos
	return err
}

func setCurrency(r *Report, value string, _ time.Time) error {
	code, err := money.ParseCurrency(value)
	r.Amount.Currency = code
	return err
}

func setEvent(r *Report, value string, _ time.Time) error {
	r.Event = value
	return CheckEvent(value)
}

// CheckEvent says what is wrong with an event's name.
func CheckEvent(name string) error {
	ok := len(name) >= 1 && len(name) <= 64
	for _, c := range []byte(name) {
		ok = ok && (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '.' || c == '-')
	}
	if !ok {
		return fmt.Errorf("%q is not 1 to 64 letters, digits, '_', '.' and '-'", name)
	}
	return nil
}

// setSignature keeps a signature that is one; what is none proves nothing.
func setSignature(r *Report, value string, _ time.Time) error {
	r.Proof.Sent = true
	if mac, err := hex.DecodeString(value); err == nil {
		r.Proof.Signatures = [][]byte{mac}
	}
	return nil
}

// setStatus takes a status in whatever case: advertisers' systems differ.
func setStatus(r *Report, value string, _ time.Time) error {
	r.Status = ReportStatus(strings.ToUpper(value))
	switch r.Status {
	case ReportApproved, ReportRejected, ReportRefunded:
		return nil
	}
	return fmt.Errorf("%q is none of approved, rejected and refunded; leave it out to report a sale", value)
}

func setTest(r *Report, value string, _ time.Time) error {
	switch value {
	case "1", "true":
		r.Test = true
	case "0", "false":
	default:
		return fmt.Errorf("%q is neither 1 nor 0", value)
	}
	return nil
}

func setTime(r *Report, value string, now time.Time) error {
	t, err := time.Parse(time.RFC3339Nano, value)
	if err != nil {
		seconds, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			return fmt.Errorf("%q is neither RFC 3339, such as 2026-11-01T12:00:00Z, nor unix seconds", value)
		}
		t = time.Unix(seconds, 0)
	}
	r.Time = t.UTC().Truncate(time.Millisecond)
	return CheckSaleTime(t, now)
}

// CheckSaleTime says what is wrong with the time of a sale reported now.
func CheckSaleTime(t, now time.Time) error {
	if t.Sub(now) > clockSkew {
		return fmt.Errorf("the time lies in the future; it may be at most 5 minutes ahead (unix times are in seconds)")
	}
	if t.Year() < 2000 {
		return fmt.Errorf("the time lies before the year 2000")
	}
	return nil
}
