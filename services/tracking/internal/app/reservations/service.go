// Package reservations reserves uses of coupons with limits for checkouts, and releases them. Sales that take them are
// in package attribution.
package reservations

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/couponcode"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/resource"
	"github.com/couponlink/couponlink/services/internal/rows"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// Store keeps reservations. A write that returned nil is durable.
type Store interface {
	// Reserve stores a reservation unless its id is taken, and returns what is stored under the id. days is the use that it
	// holds, on each day. ErrLimitReached: one of them has no room, and nothing was written. Of reservations and sales of a
	// coupon at once, no more get a use than its limits allow.
	Reserve(ctx context.Context, r domain.Reservation, days []domain.Use) (stored domain.Reservation, inserted bool, err error)
	// Reservation returns a reservation by its id, or ErrNotFound.
	Reservation(ctx context.Context, id string) (domain.Reservation, error)
	// HeldFor returns the reservation that holds a use of a coupon for a transaction at a time, or ErrNotFound.
	HeldFor(ctx context.Context, coupon, transaction string, now time.Time) (domain.Reservation, error)
	// HeldReservations returns the reservations that a query selects.
	HeldReservations(ctx context.Context, q listing.Query) ([]domain.Reservation, error)
	// CountHeld returns how many reservations hold a use of a coupon at a time.
	CountHeld(ctx context.Context, coupon string, now time.Time) (int64, error)
	// UsesLeft says whether a coupon's limits have room for a use now. It takes none.
	UsesLeft(ctx context.Context, use domain.Use) (bool, error)
	// ReleaseReservation gives back the use that a reservation holds at a time, if it does. It returns the reservation as it
	// is then, or ErrNotFound.
	ReleaseReservation(ctx context.Context, id string, now time.Time) (domain.Reservation, error)
}

// Catalog answers what the coupon service knows.
type Catalog interface {
	// Coupons returns the coupons that have a code, in any case, on an offer, or on all offers if offer is empty.
	Coupons(ctx context.Context, offer, code string) ([]domain.Coupon, error)
}

// Config is what a Service works with.
type Config struct {
	Store   Store
	Catalog Catalog
	Now     func() time.Time
	// Zone is the program's time zone. Its days are those of daily limits.
	Zone *time.Location
}

// Service reserves uses. It is safe for concurrent use.
type Service struct {
	config Config
	schema *listing.Schema
}

// New returns the use cases.
func New(c Config) *Service {
	return &Service{config: c, schema: listing.NewSchema(
		listing.Field{Name: "name", Stored: "id", Kind: listing.Opaque}, "expire_time", listing.Field{Name: "expire_time", Kind: listing.Time, Sortable: true},
	)}
}

// Order says which coupon to hold a use of.
type Order struct {
	// ID is the caller's key; "" to have one generated.
	ID   string
	Code string
	// Offer and Publisher are ids; "" for any.
	Offer, Publisher string
	// TransactionID is the order id that the sale will have; "" if it is not known.
	TransactionID string
	// TTL is how long to hold it; 0: domain.DefaultReservationTTL.
	TTL time.Duration
}

// Now returns the time in UTC, in the stored precision.
func (s *Service) Now() time.Time { return s.config.Now().UTC().Truncate(time.Millisecond) }

// Reserve holds a use of a coupon, or returns the reservation that an earlier call with the same key made.
//
// Errors: those of Prepare, and of the function that it returns.
func (s *Service) Reserve(ctx context.Context, o Order) (domain.Reservation, error) {
	reserve, err := s.Prepare(ctx, o)
	if err != nil {
		return domain.Reservation{}, err
	}
	return reserve(ctx)
}

// Prepare looks up what an order needs and returns a function that does the rest of Reserve, and uses only the store.
//
// Errors: InvalidArgument with the field at fault; NotFound (COUPON_NOT_FOUND); FailedPrecondition (RESERVATION_ENDED,
// AMBIGUOUS_CODE, and why the code is not valid); AlreadyExists (RESERVATION_EXISTS); Unavailable. The function's:
// FailedPrecondition (LIMIT_REACHED, RESERVATION_ENDED); AlreadyExists (RESERVATION_EXISTS); Unavailable if nothing was
// stored.
func (s *Service) Prepare(ctx context.Context, o Order) (reserve func(context.Context) (domain.Reservation, error), err error) {
	if o.TTL == 0 {
		o.TTL = domain.DefaultReservationTTL
	}
	now := s.Now()
	known := func(earlier domain.Reservation, err error) (func(context.Context) (domain.Reservation, error), error) {
		return func(context.Context) (domain.Reservation, error) { return earlier, nil }, err
	}
	if o.ID != "" {
		earlier, err := s.config.Store.Reservation(ctx, o.ID)
		if !errors.Is(err, domain.ErrNotFound) {
			return known(repeated(earlier, err, o, now))
		}
	}
	coupon, err := s.coupon(ctx, o, now)
	if err != nil {
		return nil, err
	}
	if o.ID == "" && o.TransactionID != "" {
		earlier, err := s.config.Store.HeldFor(ctx, coupon.Name(), o.TransactionID, now)
		if !errors.Is(err, domain.ErrNotFound) {
			return known(earlier, err)
		}
	}
	r := domain.Reservation{
		ID: o.ID, Offer: coupon.Offer, Coupon: coupon.Name(), Code: coupon.Code, TransactionID: o.TransactionID,
		State: domain.ReservationHeld, CreateTime: now, ExpireTime: now.Add(o.TTL),
	}
	if r.ID == "" {
		random, err := uuid.NewRandom()
		if err != nil {
			return nil, fmt.Errorf("making a reservation's id: %w", err)
		}
		r.ID = strings.ReplaceAll(random.String(), "-", "")
	}
	return func(ctx context.Context) (domain.Reservation, error) { return s.hold(ctx, r, coupon, o) }, nil
}

// hold stores a reservation of a coupon, unless an earlier one has its id.
func (s *Service) hold(ctx context.Context, r domain.Reservation, coupon domain.Coupon, o Order) (domain.Reservation, error) {
	now := r.CreateTime
	stored, inserted, err := s.config.Store.Reserve(ctx, r, r.Days(domain.Use{
		Coupon: r.Coupon, Code: r.Code, ETag: coupon.ETag, Limits: coupon.Limits, Now: now,
	}, s.day))
	switch {
	case errors.Is(err, domain.ErrLimitReached):
		return domain.Reservation{}, apperr.New(apperr.FailedPrecondition, "LIMIT_REACHED", "all uses of coupon %s that its limits allow are taken or held by other checkouts", coupon.Code)
	case err != nil || inserted:
		return stored, err
	default:
		return repeated(stored, nil, o, now)
	}
}

// Left says whether a coupon has a use left today.
func (s *Service) Left(ctx context.Context, coupon, code, etag string, limits domain.Limits) (bool, error) {
	use := domain.Use{Coupon: coupon, Code: code, ETag: etag, Limits: limits, Now: s.Now()}
	use.From, use.To = s.day(use.Now)
	return s.config.Store.UsesLeft(ctx, use)
}

// repeated returns the answer to a call whose key was used before. It gives the same use, and never a second one.
func repeated(earlier domain.Reservation, err error, o Order, now time.Time) (domain.Reservation, error) {
	switch state := earlier.StateAt(now); {
	case err != nil:
		return domain.Reservation{}, err
	case !couponcode.Equal(earlier.Code, o.Code), o.Offer != "" && o.Offer != earlier.Offer, o.TransactionID != earlier.TransactionID:
		return domain.Reservation{}, apperr.New(apperr.AlreadyExists, "RESERVATION_EXISTS", "reservation %s is for %s or for another transaction; use another id", earlier.ID, earlier.Coupon)
	case state != domain.ReservationHeld:
		return domain.Reservation{}, apperr.New(apperr.FailedPrecondition, "RESERVATION_ENDED", "reservation %s is %s; reserve under another id", earlier.ID, strings.ToLower(string(state)))
	}
	return earlier, nil
}

// coupon returns the one valid coupon that an order means.
func (s *Service) coupon(ctx context.Context, o Order, now time.Time) (domain.Coupon, error) {
	coupons, err := s.config.Catalog.Coupons(ctx, o.Offer, o.Code)
	if err != nil {
		return domain.Coupon{}, err
	}
	var valid []domain.Coupon
	var reason domain.Reason
	for _, coupon := range coupons {
		if o.Publisher != "" && coupon.Publisher != o.Publisher {
			continue
		}
		switch r := coupon.Judge(now, 0); {
		case r == domain.NoReason:
			valid = append(valid, coupon)
		case reason == domain.NoReason:
			reason = r
		}
	}
	switch {
	case len(valid) == 1:
		return valid[0], nil
	case len(valid) > 1:
		return domain.Coupon{}, apperr.New(apperr.FailedPrecondition, string(domain.AmbiguousCode), "code %s is a valid coupon of several publishers or offers; say which", o.Code)
	case reason != domain.NoReason:
		return domain.Coupon{}, apperr.New(apperr.FailedPrecondition, string(reason), "code %s is not valid now", o.Code)
	default:
		return domain.Coupon{}, apperr.New(apperr.NotFound, "COUPON_NOT_FOUND", "no coupon has the code %s", o.Code)
	}
}

// Reservation returns a reservation by its id.
//
// Errors: NotFound (RESERVATION_NOT_FOUND).
func (s *Service) Reservation(ctx context.Context, id string) (domain.Reservation, error) {
	r, err := s.config.Store.Reservation(ctx, id)
	return r, orNotFound(err, id)
}

// Held returns a page of the reservations that hold a use of a coupon now, the first to expire first, the token of the
// next page, and how many there are on all pages.
//
// Errors: InvalidArgument on page_size or page_token.
func (s *Service) Held(ctx context.Context, coupon string, req listing.Request) (page []domain.Reservation, next string, all int64, err error) {
	now := s.Now()
	q, err := s.schema.Query(req, rows.Of(ctx).Nothing(), listing.And{
		listing.Compare{Field: "coupon", Op: listing.Equal, Value: coupon},
		listing.Compare{Field: "state", Op: listing.Equal, Value: string(domain.ReservationHeld)},
		listing.Compare{Field: "expire_time", Op: listing.Greater, Value: now},
	}, now)
	if err != nil {
		return nil, "", 0, err
	}
	found, err := listing.Read(ctx, q, s.config.Store.HeldReservations)
	if err != nil {
		return nil, "", 0, err
	}
	if all, err = s.config.Store.CountHeld(ctx, coupon, now); err != nil {
		return nil, "", 0, err
	}
	page, next = listing.Page(q, found, func(r domain.Reservation, field string) any {
		if field == "id" {
			return r.ID
		}
		return r.ExpireTime
	})
	return page, next, all, nil
}

// Release gives a held use back.
//
// Errors: NotFound (RESERVATION_NOT_FOUND); FailedPrecondition (RESERVATION_TAKEN).
func (s *Service) Release(ctx context.Context, id string) (domain.Reservation, error) {
	r, err := s.config.Store.ReleaseReservation(ctx, id, s.Now())
	if err == nil && r.State == domain.ReservationTaken {
		return r, apperr.New(apperr.FailedPrecondition, "RESERVATION_TAKEN", "reservation %s was taken by %s; reject that to give its use back", id, resource.Conversion(r.Conversion))
	}
	return r, orNotFound(err, id)
}

func orNotFound(err error, id string) error {
	if errors.Is(err, domain.ErrNotFound) {
		return apperr.New(apperr.NotFound, "RESERVATION_NOT_FOUND", "there is no reservation %q; each is kept for 30 days after it expires", id)
	}
	return err
}

// day returns the bounds of a time's day in the program's time zone.
func (s *Service) day(at time.Time) (from, to time.Time) {
	year, month, day := at.In(s.config.Zone).Date()
	return time.Date(year, month, day, 0, 0, 0, 0, s.config.Zone), time.Date(year, month, day+1, 0, 0, 0, 0, s.config.Zone)
}
