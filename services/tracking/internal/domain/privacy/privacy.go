// Package privacy decides what is erased of a person, and what stays: all that pays somebody, is counted, or refuses a
// second report of a sale.
package privacy

import (
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// Subject names whose data is erased, by exactly one of its parts.
type Subject struct {
	// Click is a click's id.
	Click string
	// Offer and TransactionID name an order.
	Offer, TransactionID string
	// Publisher and PubSubID name a publisher's sub id.
	Publisher, PubSubID string
}

// Kind is a kind of record.
type Kind string

// The kinds.
const (
	Clicks       Kind = "clicks"
	Conversions  Kind = "conversions"
	Postbacks    Kind = "postbacks"
	Deliveries   Kind = "deliveries"
	Deferred     Kind = "deferred"
	Reservations Kind = "reservations"
)

// Found are the ids of records that have personal data, or had.
type Found map[Kind]map[string]bool

// Add adds the ids of records of a kind.
func (f Found) Add(kind Kind, ids ...string) {
	if len(ids) > 0 && f[kind] == nil {
		f[kind] = map[string]bool{}
	}
	for _, id := range ids {
		f[kind][id] = true
	}
}

// Merge adds what other has.
func (f Found) Merge(other Found) {
	for kind, ids := range other {
		for id := range ids {
			f.Add(kind, id)
		}
	}
}

// Click returns a click without personal data. Which coupon and publisher it was for stays.
func Click(c domain.Click) domain.Click {
	c.PubClickID, c.PubSubID, c.PubUniques = "", "", domain.Uniques{}
	c.IP, c.UserAgent, c.Referer, c.Dropped = "", "", "", nil
	if c.Coupon == "" {
		c.CouponCode = ""
	}
	return c
}

// Differ reports whether anything was erased.
func Differ[T any](before, after T) bool { return !reflect.DeepEqual(before, after) }

// Conversion returns a conversion without personal data, with the change that says so. A conversion without
// personal data is returned unchanged.
func Conversion(c domain.Conversion, actor string, now time.Time) domain.Conversion {
	e := c
	e.Click, e.TransactionID, e.PubClickID, e.PubSubID = standIn(c.Click), "", "", ""
	e.Codes, e.StatusReason, e.PubUniques = "", "", domain.Uniques{}
	if strings.EqualFold(c.PubUniques[2], c.CouponCode) {
		e.PubUniques[2] = c.CouponCode
	}
	if c.Explanation != "" {
		e.Explanation = "The personal data of this sale was erased."
	}
	if c.CodeUnknown && c.Coupon == "" { // a text that no coupon has, which figures leave out
		e.CouponCode, e.PubUniques[2] = "", ""
	}
	e.Basis = basis(c.Basis)
	e.Changes = slices.Clone(c.Changes)
	for i := range e.Changes {
		change := &e.Changes[i]
		change.By.Reason, change.RefundID = "", domain.ErasedRefund(change.RefundID)
		for _, state := range []*domain.State{&change.From, &change.To} {
			if c.CodeUnknown && state.Coupon == "" {
				state.CouponCode = ""
			}
		}
	}
	e.Conflicts = slices.Clone(c.Conflicts)
	for i := range e.Conflicts {
		e.Conflicts[i].Code, e.Conflicts[i].Click = "", standIn(e.Conflicts[i].Click)
	}
	if !Differ(e, c) {
		return c
	}
	state := e.State()
	e.Changes = append(e.Changes, domain.Change{
		Number: len(e.Changes) + 1, Kind: domain.ChangeErase, By: domain.By{Actor: actor, Time: now}, From: state, To: state,
	})
	e.Revision++
	if now.After(e.UpdateTime) {
		e.UpdateTime = now
	}
	return e
}

func basis(b *domain.Basis) *domain.Basis {
	if b == nil {
		return nil
	}
	e := *b
	e.Codes = nil
	if b.Click != nil {
		click := *b.Click
		click.Click, click.Dropped = standIn(click.Click), nil
		e.Click = &click
	}
	return &e
}

func standIn(text string) string {
	if text == "" {
		return ""
	}
	return domain.ErasedText
}
