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

// Postback is an entry of the journal: one call that passed authentication, with its verdict.
type Postback struct {
	// ID is a UUIDv7 in its 36-character form; it holds the time of the call.
	ID    string
	Offer string
	// Conversion is the id of the one that the call made or was about; empty: none.
	Conversion string
	Outcome    PostbackOutcome
	// Reason is a stable word, empty where nothing stood in the way; Message is the answer in words.
	Reason     string
	Message    string
	HTTPStatus int
	// Method is GET or POST.
	Method string
	// Parameters are those that came, in query form, without what proves who sent them, and with the
	// preset that the path named.
	Parameters string
	// Body is the body, and ContentType its type, if its parameters could not be read.
	Body        string
	ContentType string
	// Warnings are what else the sender was told to fix.
	Warnings []string
	// CouponCode and TransactionID are as sent.
	CouponCode    string
	TransactionID string
	// IdempotencyKey is what the call brought as a header, or as its signed id.
	IdempotencyKey string
	IP             string
	// Authenticated says that the call came with proof.
	Authenticated bool
	Time          time.Time
	// Duration is how long it took from the arrival to the verdict, in whole microseconds.
	Duration time.Duration
	// Replay is the last one; nil: none.
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

// Replay is what a replay of a postback came to.
type Replay struct {
	Outcome ReplayOutcome
	Reason  string
	Message string
	// Conversion is the id of the conversion, Publisher who is credited with it; empty: none.
	Conversion string
	Publisher  string
	Time       time.Time
}

// Of returns the entry of a call that made a conversion.
func (p Postback) Of(c Conversion) Postback {
	p.Conversion, p.Offer = c.ID, c.Offer
	p.Outcome, p.HTTPStatus = PostbackAttributed, 200
	if c.Outcome == Unattributed {
		p.Outcome, p.HTTPStatus = PostbackUnattributed, 202
	}
	p.Reason, p.Message = string(c.Reason), c.Explanation
	return p
}
