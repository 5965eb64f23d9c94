// Package partner parses what visitors' browsers and advertisers' systems send: tracking links and postbacks,
// with their parameters, signatures and times. It is pure.
package partner

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/couponcode"
	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/internal/pasted"
	"github.com/couponlink/couponlink/services/internal/resource"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// maxWarnings bounds the unknown parameters that an answer lists.
const maxWarnings = 10

// parameter is one parameter of a postback, with the other names that advertisers' systems use.
type parameter struct {
	name    string
	aliases []string
	// set parses a value, which is not empty, and stores it in r; now is the time of the report. If the
	// parameter may have several values, set is called for each.
	set func(r *domain.Report, value string, now time.Time) error
	// unfilled says what happens to a value that the sender's template did not fill in.
	unfilled unfilledPolicy
	// anyCase says that values are compared without regard to case.
	anyCase bool
	// couldBe reports whether an empty word, such as null, could be a real value; nil means never.
	couldBe func(string) bool
	// split returns the values within one value; nil if the parameter has only one.
	split func(value string, isUnfilled func(string) bool) []string
}

// unfilledPolicy says what happens to a value that was not filled in. The zero policy treats the parameter as
// not sent, with a warning.
type unfilledPolicy int

const (
	// refused refuses the report: with such a value, all sales would look like repeats of one.
	refused unfilledPolicy = iota + 1
	// held also treats it as not sent, and the sale waits in PENDING, since its value is uncertain.
	held
)

// parameters lists the parameters of a postback and their aliases.
var parameters = []parameter{
	{name: "coupon_code", aliases: []string{"coupon", "promo_code", "code"}, set: addCode, couldBe: couponcode.Is, split: splitCodes},
	{name: "click_id", aliases: []string{"clickid", "cid"}, set: text(func(r *domain.Report) *string { return &r.ClickID })},
	{name: "offer_id", aliases: []string{"oid"}, set: id(func(r *domain.Report) *string { return &r.Offer }), couldBe: resource.IsID},
	{name: "pub_id", set: id(func(r *domain.Report) *string { return &r.Publisher }), couldBe: resource.IsID},
	{name: "transaction_id", aliases: []string{"txn_id", "order_id"}, set: text(func(r *domain.Report) *string { return &r.TransactionID }), unfilled: refused},
	{name: "amount", aliases: []string{"sale_amount"}, set: setAmount, unfilled: held},
	{name: "currency", set: setCurrency, unfilled: held, anyCase: true},
	{name: "discount", set: setDiscount},
	{name: "event", set: setEvent, anyCase: true},
	{name: "timestamp", set: setTime},
	{name: "token", aliases: []string{"security_token", "secure"}, set: text(func(r *domain.Report) *string { return &r.Token })},
	{name: "ts", set: text(func(r *domain.Report) *string { return &r.Proof.Time })},
	{name: "sig", set: setSignature},
	{name: "test", set: setTest, anyCase: true},
	{name: "status", aliases: []string{"conversion_status"}, set: setStatus, unfilled: held, anyCase: true},
	{name: "status_reason", aliases: []string{"reason"}, set: text(func(r *domain.Report) *string { return &r.StatusReason })},
	{name: "reservation_id", set: setReservation},
	{name: "refund_id", set: text(func(r *domain.Report) *string { return &r.RefundID }), unfilled: refused},
}

// ParsePostback parses a postback's parameters under our own names, query and body together. It is strict
// where a mistake could lose or double a sale, and warns of unknown parameters and unfilled values. The error
// is InvalidArgument on the first invalid parameter. The report still has the others, so that the caller can
// tell which offer it is for.
func ParsePostback(params map[string][]string, now time.Time) (domain.Report, error) {
	return ours.Read(params, now)
}

// sent is a parameter under one of its names, as received.
type sent struct {
	word
	name   string
	values []string
}

// Read is like ParsePostback, but with the vocabulary's names. Errors and warnings use the names as sent.
func (v *Vocabulary) Read(params map[string][]string, now time.Time) (domain.Report, error) {
	r := domain.Report{Event: domain.DefaultEvent}
	var few [12]sent
	all := few[:0] // enough for most postbacks, without allocating
	var unknown []string
	for name, values := range params {
		w, ok := v.word(name)
		switch {
		case !ok:
			unknown = append(unknown, name)
		case w.parameter >= 0:
			all = append(all, sent{word: w, name: name, values: values})
		}
	}
	slices.SortFunc(all, func(a, b sent) int {
		return cmp.Or(cmp.Compare(a.parameter, b.parameter), cmp.Compare(a.rank, b.rank), strings.Compare(a.name, b.name))
	})
	var fault error
	for len(all) > 0 {
		i := all[0].parameter
		n := 1
		for n < len(all) && all[n].parameter == i {
			n++
		}
		err := parameters[i].read(&r, all[:n], v.meanings[i], now)
		fault = cmp.Or(fault, err)
		all = all[n:]
	}
	if r.Status == domain.ReportRefunded {
		fault = cmp.Or(fault, r.UnfilledMoney)
	}
	if fault == nil {
		fault = warnOfUnknown(&r, unknown)
	}
	return r, fault
}

// given is one value of a parameter and the name that it was sent under.
type given struct{ name, value string }

// taken are the values sent for a parameter: the real ones, and those that were not filled in.
type taken struct{ values, unfilled []given }

// read sets a parameter from what was sent under its names. meanings translates values; it may be nil.
func (p parameter) read(r *domain.Report, all []sent, meanings map[string]string, now time.Time) error {
	var one [1]given
	found := taken{values: one[:0]}
	for _, s := range all {
		for _, value := range s.values {
			value = pasted.Trim(value)
			if p.split == nil || strings.IndexFunc(value, isCodeSeparator) < 0 {
				if err := p.take(&found, s.name, value, meanings); err != nil {
					return err
				}
				continue
			}
			for _, part := range p.split(value, p.isUnfilled) {
				if err := p.take(&found, s.name, part, meanings); err != nil {
					return err
				}
			}
		}
	}
	for _, g := range found.unfilled {
		p.leaveOut(r, g, len(found.values) > 0)
	}
	for _, g := range found.values {
		if err := p.set(r, g.value, now); err != nil {
			return p.fault(g.name, err)
		}
	}
	return nil
}

// take adds one more value to those found, if it is a new one.
func (p parameter) take(found *taken, name, value string, meanings map[string]string) error {
	if err := domain.CheckText(name, value); err != nil {
		return p.fault(name, err)
	}
	if meanings != nil {
		if meaning, ok := meanings[strings.ToLower(value)]; ok {
			value = meaning
		}
	}
	switch {
	case value == "":
	case p.isUnfilled(value):
		if p.unfilled == refused {
			return p.fault(name, notFilledIn(value))
		}
		found.unfilled = append(found.unfilled, given{name: name, value: value})
	case slices.ContainsFunc(found.values, func(g given) bool { return g.value == value || p.anyCase && strings.EqualFold(g.value, value) }):
	case len(found.values) > 0 && p.split == nil:
		return tooMany(found.values[0], name, value)
	default:
		found.values = append(found.values, given{name: name, value: value})
	}
	return nil
}

// tooMany refuses a second value of a parameter that has one.
func tooMany(first given, name, value string) error {
	if first.name == name {
		return apperr.Invalid("DUPLICATE_PARAMETER", name, "was sent with different values, %q and %q; send one of them", first.value, value)
	}
	return apperr.Invalid("CONFLICTING_ALIASES", name, "says %q, but %s, which means the same, says %q; send one of them", value, first.name, first.value)
}

// fault returns an error about the parameter as InvalidArgument on the name that it was sent under.
func (p parameter) fault(name string, err error) error {
	if e := apperr.As(err); e != nil {
		return apperr.OnField(e, name)
	}
	return apperr.Invalid(domain.InvalidReason(p.name), name, "%s", err)
}

func (p parameter) isUnfilled(value string) bool {
	switch {
	case isMacro(value):
		return true
	case p.unfilled == refused && isBoolean(value):
		return true
	case IsEmptyWord(value):
		return p.couldBe == nil || !p.couldBe(value)
	default:
		return p.unfilled == held && strings.EqualFold(value, p.name) // as in our examples
	}
}

// leaveOut treats an unfilled value as not sent. isSent says that the parameter has a value under another
// name.
func (p parameter) leaveOut(r *domain.Report, g given, isSent bool) {
	if p.unfilled != held || isSent {
		r.Warnings = append(r.Warnings, LeftOut(g.name, g.value))
		return
	}
	r.Held = true
	r.Warnings = append(r.Warnings, LeftOut(g.name, g.value)+"; the sale waits in PENDING")
	if p.name != "status" {
		r.UnfilledMoney = p.fault(g.name, fmt.Errorf("%.60q was not filled in by the sender's template; send what is refunded, or neither amount nor currency for all that is left", g.value))
	}
}

// warnOfUnknown adds warnings of unknown parameters to a report, up to maxWarnings. The error is
// InvalidArgument on a name that is not valid text.
func warnOfUnknown(r *domain.Report, names []string) error {
	slices.Sort(names)
	for i, name := range names {
		if err := domain.CheckText(name, ""); err != nil {
			return err
		}
		if i < maxWarnings {
			r.Warnings = append(r.Warnings, fmt.Sprintf("parameter %.100q is not known and was ignored", name))
		}
	}
	return nil
}

// text returns a setter that keeps a value as it is.
func text(field func(*domain.Report) *string) func(*domain.Report, string, time.Time) error {
	return func(r *domain.Report, value string, _ time.Time) error {
		*field(r) = value
		return nil
	}
}

// id returns a setter that keeps the id of an offer or a publisher.
func id(field func(*domain.Report) *string) func(*domain.Report, string, time.Time) error {
	return func(r *domain.Report, value string, _ time.Time) error {
		*field(r) = value
		return domain.CheckID(value)
	}
}

func setAmount(r *domain.Report, value string, _ time.Time) error {
	amount, rounded, err := money.ParseRounded(value, "")
	r.HasAmount, r.Amount.Units, r.Amount.Nanos = err == nil, amount.Units, amount.Nanos
	if rounded {
		r.Warnings = append(r.Warnings, fmt.Sprintf("amount: %.60q has more than nine decimal places and was rounded to nine", value))
	}
	return err
}

func setDiscount(r *domain.Report, value string, _ time.Time) error {
	discount, rounded, err := money.ParseRounded(value, "")
	r.HasDiscount, r.Discount = err == nil, discount
	if rounded {
		r.Warnings = append(r.Warnings, fmt.Sprintf("discount: %.60q has more than nine decimal places and was rounded to nine", value))
	}
	return err
}

func setCurrency(r *domain.Report, value string, _ time.Time) error {
	code, err := money.ParseCurrency(value)
	r.Amount.Currency = code
	return err
}

// setReservation takes any text: a sale is not refused for a reservation that nobody knows.
func setReservation(r *domain.Report, value string, _ time.Time) error {
	r.Reservation = domain.ReservationID(value)
	return nil
}

func setEvent(r *domain.Report, value string, _ time.Time) error { return r.SetEvent(value) }

// setSignature keeps a well-formed signature. A malformed one is not an error: it proves nothing.
func setSignature(r *domain.Report, value string, _ time.Time) error {
	r.Proof.Sent = true
	value, r.Proof.IsV1a = strings.CutPrefix(value, "v1a,")
	if mac, err := hex.DecodeString(strings.TrimPrefix(value, "v1,")); err == nil {
		r.Proof.Signatures = [][]byte{mac}
	}
	return nil
}

// setStatus sets the status and ignores its case, since advertisers' systems differ. PENDING is the status of
// a sale.
func setStatus(r *domain.Report, value string, _ time.Time) error {
	switch status := domain.ReportStatus(strings.ToUpper(value)); status {
	case domain.ReportApproved, domain.ReportRejected, domain.ReportRefunded:
		r.Status = status
		return nil
	case domain.ReportPending:
		r.Status, r.Held = status, true
		return nil
	}
	return fmt.Errorf("%q is none of approved, pending, rejected and refunded; leave it out to report a sale", value)
}

func setTest(r *domain.Report, value string, _ time.Time) error {
	switch strings.ToLower(value) {
	case "1", "true", "yes":
		r.Test = true
	case "0", "false", "no":
	default:
		return fmt.Errorf("%q is neither 1 nor 0", value)
	}
	return nil
}
