// Package app holds the tracking service's use cases. A request goes from grpcapi or partnerhttp to app, which
// asks domain to decide and then writes to the Store. The Store is declared here; the store packages implement
// it.
package app

import (
	"context"
	"time"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
)

// Store keeps clicks, conversions, the journal of postbacks, deliveries, saved reports, and scans of
// offers. A write that returned nil is durable; one that returned an error changed nothing that is ever
// shown. A failure of the storage itself is an apperr of kind Unavailable.
//
// Clicks and sales are group-committed: while one batch is being written the next gathers. A caller
// whose context ends while it waits gets the context's error, and the write may still happen.
type Store interface {
	ConversionStore
	FeedStore
	PostbackStore
	DeliveryStore
	FigureStore
	SavedReportStore
	OfferScanStore
	DeferredStore
	AnswerStore

	// InsertClick stores a new click.
	InsertClick(ctx context.Context, click domain.Click) error
	// Click returns a click by its id.
	Click(ctx context.Context, id string) (domain.Click, error)

	// Ping says whether the store can be reached.
	Ping(ctx context.Context) error
	// Close waits for writes under way and releases what the store holds.
	Close() error
}

// ConversionStore keeps conversions. They are never deleted.
type ConversionStore interface {
	// InsertConversion stores a conversion unless its id is taken, which the database itself decides,
	// and returns what is stored under the id: with inserted true the conversion itself, or what the
	// limits of its coupon make of it, else the earlier one. Its postback is stored with it, and only
	// if it is inserted. An inserted conversion says whether changes came before it (Awaited). If an insert
	// and a Defer run at once, and the caller of Defer then looks for the conversion, at least one sees the
	// other.
	InsertConversion(ctx context.Context, sale domain.Sale) (stored domain.Conversion, inserted bool, err error)
	// UpdateConversion replaces a conversion by what change makes of it, as one step: of two updates at
	// once, the second sees the first's result. change gets the whole conversion; it may be called more
	// than once; its error is returned as it is, and nothing is written then. ErrLimitReached: the use
	// could not be taken, and nothing was written. It returns what is stored.
	UpdateConversion(ctx context.Context, id string, change func(domain.Conversion) (domain.Update, error)) (domain.Conversion, error)
	// UsesLeft says whether a coupon's limits have room for a use now. It takes none.
	UsesLeft(ctx context.Context, use domain.Use) (bool, error)
	// Conversion returns a conversion by its id, whole.
	Conversion(ctx context.Context, id string) (domain.Conversion, error)
	// Conversions returns the conversions that a query selects, without what lists leave out.
	Conversions(ctx context.Context, q listing.Query) ([]domain.Conversion, error)
	// ExportConversions calls each with the conversions that a query selects, as Conversions has them,
	// some hundreds at a time, in order and from one consistent view: what is written after the first
	// call is not seen. If each takes long, a store may go on with a later view, in which there are changes made
	// since, but no more conversions. A Limit of 0 or less is none, in this method only. It holds no more than a part
	// in memory, which is each's until each returns. It ends with each's error as it is, or with ctx's.
	ExportConversions(ctx context.Context, q listing.Query, each func([]domain.Conversion) error) error
}

// FeedStore tells of conversions as they are inserted and changed, each event once, those of one conversion in
// their order.
type FeedStore interface {
	// FeedID returns the feed's name. No other database has it, so that a position of another is not taken for one
	// of this.
	FeedID() string
	// Events returns the first events after a position, at most limit. What is committed once Events or
	// LastPosition has returned a position comes after it, however long the write was under way and whatever
	// times it has: so whoever goes on from the last event that they know misses none and gets none twice.
	Events(ctx context.Context, after domain.Position, limit int) ([]domain.Event, error)
	// LastPosition returns a position after which there is no event yet. Positions are never used again.
	LastPosition(ctx context.Context) (domain.Position, error)
}

// FigureStore keeps the figures of clicks and conversions, in the cells of rollup.Sums by the calendar that
// the store was opened with. At any moment they are exactly what a Sums of all clicks and conversions that
// are counted comes to, whatever was killed when: what is counted is counted once, and a change of a
// conversion moves it from its old cells to the new.
type FigureStore interface {
	// CountNew counts what is stored and changed, or a part of it: more says that there is more to count at
	// once. Several may call it at a time. When it has returned false, Cells knows everything that was stored
	// before it was called, whatever times that has. now is that moment, for Cells to tell.
	CountNew(ctx context.Context, now time.Time) (more bool, err error)
	// Cells returns the cells of spans that satisfy where, whose fields are offer, publisher, coupon_code,
	// status and method; nil: all. The same cell may come more than once, to be added up, and cells may be
	// zero. counted is up to when everything is counted. ErrNotCounted: CountNew has not come to an end
	// yet, since the store is new, or was opened with another zone.
	Cells(ctx context.Context, spans []rollup.Span, where listing.Expr) (cells []rollup.Cell, counted time.Time, err error)
	// CountedMonths returns the first and the last month that has a click or a conversion; first is after
	// last where there is none. ErrNotCounted as Cells.
	CountedMonths(ctx context.Context) (first, last rollup.Month, err error)
	// Recount counts a month anew from clicks and conversions, of the cubes of days and of months, and
	// compares the cells with those that are kept. Where mend is set those that differ become what was
	// counted, without what is counted meanwhile being lost. Clicks of days that are, or may be, deleted
	// already are taken as they are kept. ErrNotCounted as Cells.
	Recount(ctx context.Context, month rollup.Month, mend bool) (rollup.Recount, error)
	// Totals adds up the conversions that satisfy a condition on their fields, as in Conversions; nil: all.
	// The cells have no key but the currency, one for each, and one without for the counts.
	Totals(ctx context.Context, where listing.Expr) ([]rollup.Cell, error)
}

// PostbackStore keeps the journal of postbacks, each entry for as long as the store was told to.
type PostbackStore interface {
	// InsertPostback stores an entry that came with no new conversion.
	InsertPostback(ctx context.Context, postback domain.Postback) error
	// SetReplay notes what the last replay of a postback came to; ErrNotFound where there is none.
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

// AnswerStore keeps the answers of a CouponClient. They hold the offers' tokens and secrets, as the coupon
// service's own database does.
type AnswerStore interface {
	// KeepAnswers stores answers, and removes those without a Body. It does not touch stored answers that are newer.
	KeepAnswers(ctx context.Context, answers []domain.CouponAnswer) error
	// Answers returns the answers of a kind that were asked for at since or later, the newest first, at most
	// limit.
	Answers(ctx context.Context, kind string, since time.Time, limit int) ([]domain.CouponAnswer, error)
	// PruneAnswers removes the answers of a kind from before a time, and the oldest if there are more than most.
	PruneAnswers(ctx context.Context, kind string, before time.Time, most int) error
}

// DeliveryStore keeps deliveries, those that are done for 90 days.
type DeliveryStore interface {
	// Unplanned returns conversions that are Unplanned, whole, at most limit.
	Unplanned(ctx context.Context, limit int) ([]domain.Conversion, error)
	// Plan stores the deliveries of plans, leaving out those whose ids are taken, and then notes that
	// their conversions are planned, unless one has changed since its plan was made. A crash in between
	// leaves the conversion unplanned.
	Plan(ctx context.Context, plans []domain.DeliveryPlan) error
	// ClaimDeliveries returns deliveries that are due, the longest due first, with their attempts and with
	// DueTime set to the claim's Until: until then nobody else gets them. Of a conversion's deliveries to
	// one publisher only the first that is not done is ever given out.
	ClaimDeliveries(ctx context.Context, claim domain.DeliveryClaim) ([]domain.Delivery, error)
	// FinishDelivery stores what a try made of a claimed delivery: done, or due again. It does nothing
	// where the delivery is no longer the holder's.
	FinishDelivery(ctx context.Context, delivery domain.Delivery, holder string) error
	// ReplayDelivery makes a delivery due at a time with no attempts counted, whatever its state, and
	// returns it; ErrNotFound where there is none.
	ReplayDelivery(ctx context.Context, id string, now time.Time) (domain.Delivery, error)
	// Delivery returns a delivery by its id, with its attempts.
	Delivery(ctx context.Context, id string) (domain.Delivery, error)
	// Deliveries returns the deliveries that a query selects, without their attempts.
	Deliveries(ctx context.Context, q listing.Query) ([]domain.Delivery, error)
}

// CouponClient answers what the coupon service knows. Its answers may be held in memory. It returns an
// apperr of kind Unavailable where the coupon service cannot be reached and memory has no answer.
type CouponClient interface {
	// Offer returns an offer by its id.
	Offer(ctx context.Context, id string) (domain.Offer, error)
	// LatestOffer returns an offer as it is now, never from memory. Calls at about the same time share one
	// question, so that callers who guess credentials cost the coupon service little.
	LatestOffer(ctx context.Context, id string) (domain.Offer, error)
	// KnowsToken reports whether OfferByToken has an answer in memory, however old.
	KnowsToken(token string) bool
	// OfferByToken returns the offer that has a postback token, or had it before the last rotation;
	// whether it is still taken is for the caller to judge.
	OfferByToken(ctx context.Context, token string) (domain.Offer, error)
	// Coupons returns the coupons that have a code, in whatever case, on an offer, or on all offers
	// where offer is empty.
	Coupons(ctx context.Context, offer, code string) ([]domain.Coupon, error)
	// Standing says how a publisher stands on an offer; ErrNotFound where there is no such publisher.
	Standing(ctx context.Context, offer, publisher string) (domain.Standing, error)
	// Publisher returns a publisher by its id with what a delivery to it needs.
	Publisher(ctx context.Context, id string) (domain.Publisher, error)
}
