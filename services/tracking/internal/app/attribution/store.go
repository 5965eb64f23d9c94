package attribution

import (
	"context"
	"time"

	"github.com/couponlink/couponlink/services/internal/idempotency"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// Store keeps conversions, the journal of postbacks, and reports that wait, and finds clicks. A write that returned nil is
// durable; one that returned an error changed nothing visible. A failure of the storage itself is an apperr of
// kind Unavailable.
//
// Sales are group-committed: while one batch is being written, the next one collects. A caller whose
// context ends while it waits gets the context's error, but the write may still happen.
type Store interface {
	ConversionStore
	PostbackStore
	DeferredStore

	// Click returns a click by its id.
	Click(ctx context.Context, id string) (domain.Click, error)
}

// ConversionStore keeps conversions. They are never deleted.
type ConversionStore interface {
	// InsertConversion stores a conversion unless its id is taken, which the database itself decides, and
	// returns what is stored under the id: if inserted, the conversion itself as changed by its coupon's limits,
	// else the earlier one. Its postback is stored with it, and only if it is inserted. An inserted conversion
	// says whether changes came before it (Awaited). If an insert and a Defer run at once, and the caller of
	// Defer then looks for the conversion, at least one sees the other.
	InsertConversion(ctx context.Context, sale domain.Sale) (stored domain.Conversion, inserted bool, err error)
	// UpdateConversion atomically replaces a conversion by the result of change: of two concurrent updates, the
	// second sees the first's result. change gets the whole conversion and may be called more than once. If it
	// fails, its error is returned unchanged and nothing is written. ErrLimitReached: the use could not be
	// taken, and nothing was written. UpdateConversion returns the stored conversion.
	UpdateConversion(ctx context.Context, id string, change func(domain.Conversion) (domain.Update, error)) (domain.Conversion, error)
	// UpdateConversionOnce is UpdateConversion for a call with a request id. It stores the call and its answer in the
	// same transaction, also if the change changes nothing. If the call was stored before, it writes nothing and returns
	// *Made, or the error of idempotency.Record.Replay. Of concurrent calls with one id, one is stored.
	UpdateConversionOnce(ctx context.Context, id string, once Once, change func(domain.Conversion) (domain.Update, error)) (domain.Conversion, error)
	// Repeated returns the answer that was stored for a call; found is false if none was. Its error is that of
	// idempotency.Record.Replay.
	Repeated(ctx context.Context, call idempotency.Call) (answer string, found bool, err error)
	// UsesLeft says whether a coupon's limits have room for a use now. It takes none.
	UsesLeft(ctx context.Context, use domain.Use) (bool, error)
	// Reservation returns a reservation of a coupon's use by its id, or ErrNotFound.
	Reservation(ctx context.Context, id string) (domain.Reservation, error)
	// Conversion returns a conversion by its id, whole.
	Conversion(ctx context.Context, id string) (domain.Conversion, error)
}

// PostbackStore keeps the journal of postbacks, each entry for the retention that the store was opened with.
type PostbackStore interface {
	// InsertPostback stores an entry that came with no new conversion.
	InsertPostback(ctx context.Context, postback domain.Postback) error
	// SetReplay stores the result of a postback's last replay, or returns ErrNotFound.
	SetReplay(ctx context.Context, id string, replay domain.Replay) error
	// Postback returns an entry by its id.
	Postback(ctx context.Context, id string) (domain.Postback, error)
	// Postbacks returns the entries that a query selects.
	Postbacks(ctx context.Context, q listing.Query) ([]domain.Postback, error)
}

// DeferredStore keeps reports that wait to be judged automatically, until they are settled.
type DeferredStore interface {
	// Defer stores an early change, with its entry in the journal, unless its ID is taken; kept says whether
	// it did. If its conversion is inserted after Defer returns, it is Awaited.
	Defer(ctx context.Context, d domain.Deferred) (kept bool, err error)
	// EarlyChanges returns the early changes that wait for a conversion, in the order they came, at most
	// limit.
	EarlyChanges(ctx context.Context, conversion string, limit int) ([]domain.Deferred, error)
	// ClaimDeferred returns reports of a reason that are due, the longest due first, at most limit, with
	// DueTime set to until. No other caller gets them before then.
	ClaimDeferred(ctx context.Context, reason domain.Reason, now, until time.Time, limit int) ([]domain.Deferred, error)
	// PutOff stores the Tries and the DueTime of a report. It does nothing if the report is settled.
	PutOff(ctx context.Context, d domain.Deferred) error
	// Settle ends a report's wait. It does nothing if the wait has ended.
	Settle(ctx context.Context, id string) error
}

// CouponClient answers what the coupon service knows. Its answers may come from a cache. It returns an apperr of
// kind Unavailable if the coupon service cannot be reached and the cache has no answer.
type CouponClient interface {
	// Offer returns an offer by its id.
	Offer(ctx context.Context, id string) (domain.Offer, error)
	// LatestOffer returns an offer as it is now, never from the cache. Calls at about the same time share one
	// query, so that callers who guess credentials cost the coupon service little.
	LatestOffer(ctx context.Context, id string) (domain.Offer, error)
	// KnowsToken reports whether OfferByToken has a cached answer, however old.
	KnowsToken(token string) bool
	// NoteTokenUse notes that a postback had the named token with a hash. It does not wait.
	NoteTokenUse(hash string)
	// OfferByToken returns the offer that has a postback token, or had it before the last rotation; the caller
	// decides whether it is still accepted.
	OfferByToken(ctx context.Context, token string) (domain.Offer, error)
	// Coupons returns the coupons that have a code, in any case, on an offer, or on all offers if offer is
	// empty.
	Coupons(ctx context.Context, offer, code string) ([]domain.Coupon, error)
	// Standing returns a publisher's standing on an offer, or ErrNotFound for an unknown publisher.
	Standing(ctx context.Context, offer, publisher string) (domain.Standing, error)
	// Publisher returns a publisher by its id with what a delivery to it needs.
	Publisher(ctx context.Context, id string) (domain.Publisher, error)
}
