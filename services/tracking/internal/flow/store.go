// Package flow holds the tracking service's use cases. Data flows one way: edge → flow → rules, then
// the Store, which is declared here and implemented by the store packages.
package flow

import (
	"context"
	"errors"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/tracking/internal/rules"
)

// ErrNotFound is returned by a Store or a Catalog where the thing asked for does not exist.
var ErrNotFound = errors.New("not found")

// Store keeps clicks and conversions. A write that returned nil is durable; one that returned an
// error changed nothing that is ever shown. A failure of the storage itself is an apperr of kind
// Unavailable.
//
// Writes are group-committed: while one batch is being written the next gathers. A caller whose
// context ends while it waits gets the context's error, and the write may still happen.
type Store interface {
	// InsertClick stores a new click.
	InsertClick(ctx context.Context, click rules.Click) error
	// Click returns a click by its id.
	Click(ctx context.Context, id string) (rules.Click, error)

	// InsertConversion stores a conversion unless its id is taken, which the database itself decides,
	// and returns what is stored under the id: the conversion itself with inserted true, else the
	// earlier one.
	InsertConversion(ctx context.Context, conversion rules.Conversion) (stored rules.Conversion, inserted bool, err error)
	// Conversion returns a conversion by its id.
	Conversion(ctx context.Context, id string) (rules.Conversion, error)
	// Conversions returns the conversions that a query selects, without the grounds of their
	// decisions.
	Conversions(ctx context.Context, q listing.Query) ([]rules.Conversion, error)

	// Ping says whether the store can be reached.
	Ping(ctx context.Context) error
	// Close waits for writes under way and releases what the store holds.
	Close() error
}

// Catalog answers what the coupon service knows. Its answers may be held in memory. It returns an
// apperr of kind Unavailable where the coupon service cannot be reached and memory has no answer.
type Catalog interface {
	// Offer returns an offer by its id.
	Offer(ctx context.Context, id string) (rules.Offer, error)
	// OfferByToken returns the offer that has a postback token, or had it before the last rotation;
	// whether it is still taken is for the caller to judge.
	OfferByToken(ctx context.Context, token string) (rules.Offer, error)
	// Coupons returns the coupons that have a code, in whatever case, on an offer, or on all offers
	// where offer is empty.
	Coupons(ctx context.Context, offer, code string) ([]rules.Coupon, error)
	// Standing says how a publisher stands on an offer; ErrNotFound where there is no such publisher.
	Standing(ctx context.Context, offer, publisher string) (rules.Standing, error)
}
