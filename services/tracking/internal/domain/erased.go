package domain

import (
	"slices"
	"strings"
)

const (
	// ErasedText stands where something must stand, such as the click id of a conversion: figures count those without one.
	ErasedText = "erased"
	// erasedRefund begins the id of a refund that was erased.
	erasedRefund = "erased-"
	// erasedMessage is the message of an entry of the journal that was erased.
	erasedMessage = "The personal data of this report was erased."
)

// Erased reports whether the conversion's personal data was erased. What comes later is stored without such data too.
func (c Conversion) Erased() bool {
	return slices.ContainsFunc(c.Changes, func(change Change) bool { return change.Kind == ChangeErase })
}

// ErasedRefund returns a hash that stands for a refund's id, so that a repeat of the refund is still known; "" for "".
func ErasedRefund(id string) string {
	if id == "" || strings.HasPrefix(id, erasedRefund) {
		return id
	}
	return erasedRefund + hash("refund", id)
}

// withoutWords returns who made a change of an erased conversion, without the advertiser's words.
func (b By) withoutWords() By {
	if b.Actor == Advertiser || b.Postback != "" {
		b.Reason = ""
	}
	return b
}

// Erase returns the entry without what the sender said.
func (p Postback) Erase() Postback {
	p.Message, p.Parameters, p.Body, p.ContentType, p.Warnings = erasedMessage, "", "", "", nil
	p.CouponCode, p.TransactionID, p.IdempotencyKey, p.IP = "", "", "", ""
	if p.Replay != nil {
		replay := *p.Replay
		replay.Message = ""
		p.Replay = &replay
	}
	return p
}

// Erased reports whether the entry was erased, so that it cannot be replayed.
func (p Postback) Erased() bool { return p.Message == erasedMessage }
