package app

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/url"
	"time"

	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/listing"
)

// Service has the coupon service's use cases. Errors that the caller can act on are *apperr.Error; any other
// error is internal. A Service is safe for concurrent use.
type Service struct {
	store  Store
	clock  func() time.Time
	memory *memory
	// checkHost returns what is wrong with the host of a publisher's postback URL.
	checkHost func(*url.URL) error
	// limits remembers whether limits are reached; nil: nobody says so.
	limits *shelf[domain.Limits, bool]
	// random is the source of generated codes.
	random io.Reader

	offers         *listing.Schema
	publishers     *listing.Schema
	approvals      *listing.Schema
	coupons        *listing.Schema
	postbackTokens *listing.Schema
}

// New returns the use cases on a store. Times from the clock, now, are truncated to milliseconds. Dates in filters
// are days of the zone. checkHost returns what is wrong with the host of a publisher's postback URL, or nil.
func New(store Store, now func() time.Time, zone *time.Location, checkHost func(*url.URL) error) *Service {
	s := &Service{
		store:          limited{store},
		clock:          now,
		checkHost:      checkHost,
		random:         rand.Reader,
		offers:         offerSchema(zone),
		publishers:     publisherSchema(zone),
		approvals:      approvalSchema(zone),
		coupons:        couponSchema(zone),
		postbackTokens: postbackTokenSchema(),
	}
	s.memory = newMemory(store, s.Now)
	return s
}

// Now returns the service's current time, in UTC and whole milliseconds.
func (s *Service) Now() time.Time { return s.clock().UTC().Truncate(time.Millisecond) }

// Update says how to change a resource.
type Update struct {
	// Fields has the API names of the fields to change. Other fields keep their values.
	Fields []string
	// Etag is the revision that the caller last read; "" matches any.
	Etag string
	// ValidateOnly means that nothing is stored.
	ValidateOnly bool
}

// Draft returns a resource with the new values of the fields that an update changes, given the current
// resource. Its error names the fields that cannot be read. The update is then refused, with its other faults
// listed too.
type Draft[T any] func(current T) (T, error)

// errTried rolls back the transaction of a dry run.
var errTried = errors.New("nothing is to be stored")

// verdict returns the error of an update whose values were read and checked with errs.
func (u Update) verdict(errs ...error) error {
	if err := apperr.Join(errs...); err != nil {
		return err
	}
	if u.ValidateOnly {
		return errTried
	}
	return nil
}

// field copies one field from one resource to another.
type field[T any] func(target *T, from T)

// pick returns the setters of the named fields.
func pick[T any](u Update, settable map[string]field[T]) ([]field[T], error) {
	setters := make([]field[T], len(u.Fields))
	for i, name := range u.Fields {
		set, ok := settable[name]
		if !ok {
			return nil, apperr.Invalid("INVALID_UPDATE_MASK", "update_mask", "%q is not a field that can be changed", name)
		}
		setters[i] = set
	}
	return setters, nil
}

// apply returns a resource with the picked fields copied from another.
func apply[T any](current, from T, setters []field[T]) T {
	for _, set := range setters {
		set(&current, from)
	}
	return current
}

// errUnchanged rolls back an update that would change nothing.
var errUnchanged = errors.New("nothing changes")

// orMissing returns missing in place of ErrNotFound, and describes other errors.
func orMissing(err, missing error, doing string) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrNotFound):
		return missing
	case apperr.As(err) != nil:
		return err
	default:
		return fmt.Errorf("%s: %w", doing, err)
	}
}

// newID returns a random id for a resource: ten characters without look-alikes, which hold fifty bits.
func newID() string {
	const alphabet = "0123456789abcdefghjkmnpqrstvwxyz" // 32 characters, so that all are equally likely
	id := make([]byte, 10)
	_, _ = rand.Read(id) // documented to never fail
	for i, b := range id {
		id[i] = alphabet[b%byte(len(alphabet))]
	}
	return string(id)
}

// checkChosenID checks the id that a caller chose for a new resource; nil if it chose none.
func checkChosenID(field, id string) error {
	if id == "" {
		return nil
	}
	return domain.CheckID(field, id)
}

// withID calls insert with the caller's id after checking it or, if the caller chose none, with generated ids
// until one is free.
func withID(chosen string, insert func(id string) error) error {
	if chosen != "" {
		return insert(chosen)
	}
	const attempts = 4 // a collision has a chance of one in 10^15, so four in a row are a bug
	for range attempts {
		if err := insert(newID()); !errors.Is(err, ErrExists) {
			return err
		}
	}
	return fmt.Errorf("no generated id was free in %d attempts", attempts)
}
