package domain

import "time"

// PostbackOutcome says how a postback was answered.
type PostbackOutcome string

// The outcomes of a postback.
const (
	PostbackAttributed   PostbackOutcome = "ATTRIBUTED"
	PostbackUnattributed PostbackOutcome = "UNATTRIBUTED"
	PostbackDuplicate    PostbackOutcome = "DUPLICATE"
	PostbackRejected     PostbackOutcome = "REJECTED"
)

// Postback is an entry in the journal: one call that passed authentication, with its verdict.
type Postback struct {
	// ID is a UUIDv7 in its 36-character form; it holds the time of the call.
	ID    string
	Offer string
	// Conversion is the id of the conversion that the call made or was about; "" if none.
	Conversion string
	Outcome    PostbackOutcome
	// Reason is a stable word for programs, "" if nothing was wrong. Message is the answer in words.
	Reason     string
	Message    string
	HTTPStatus int
	// Method is GET or POST.
	Method string
	// Parameters are those received, in query form, without tokens and signatures, and with the preset that
	// the path named.
	Parameters string
	// Body and ContentType are kept only if the parameters in the body could not be read.
	Body        string
	ContentType string
	// Warnings are other things that the sender was told to fix.
	Warnings []string
	// CouponCode and TransactionID are as sent.
	CouponCode    string
	TransactionID string
	// IdempotencyKey comes from the call's header, or is its signed id.
	IdempotencyKey string
	IP             string
	// Authenticated says that the call came with proof.
	Authenticated bool
	Time          time.Time
	// Duration is how long it took from the arrival to the verdict, in whole microseconds.
	Duration time.Duration
	// Replay is the last replay; nil if the postback was never replayed.
	Replay *Replay
}

// ReplayOutcome says what a replay did, or would do.
type ReplayOutcome string

// The outcomes of a replay.
const (
	ReplayAttributed ReplayOutcome = "ATTRIBUTED"
	ReplayRecorded   ReplayOutcome = "RECORDED"
	ReplayUnchanged  ReplayOutcome = "UNCHANGED"
	ReplayRefused    ReplayOutcome = "REFUSED"
)

// Replay is the result of replaying a postback.
type Replay struct {
	Outcome ReplayOutcome
	Reason  string
	Message string
	// Conversion is the conversion's id, and Publisher the one credited; "" if none.
	Conversion string
	Publisher  string
	Time       time.Time
}

// Of returns the entry completed for a call that made a conversion.
func (p Postback) Of(c Conversion) Postback {
	p.Conversion, p.Offer = c.ID, c.Offer
	p.Outcome, p.HTTPStatus = PostbackAttributed, 200
	if c.Outcome == Unattributed {
		p.Outcome, p.HTTPStatus = PostbackUnattributed, 202
	}
	p.Reason, p.Message = string(c.Reason), c.Explanation
	return p
}
