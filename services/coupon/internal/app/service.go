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

// Service has the coupon service's use cases. What a caller did wrong comes back as *apperr.Error;
// any other error is a fault of ours. It may be used by many goroutines at once.
type Service struct {
	store  Store
	clock  func() time.Time
	memory *memory
	// checkHost says what is wrong with the host of a publisher's postback URL.
	checkHost func(*url.URL) error
	// random is where generated codes come from.
	random io.Reader

	offers     *listing.Schema
	publishers *listing.Schema
	approvals  *listing.Schema
	coupons    *listing.Schema
}

// New returns the use cases on a store. now is the clock; its times are cut to whole milliseconds.
// checkHost says what is wrong with the host of a publisher's postback URL, nil if nothing is.
func New(store Store, now func() time.Time, checkHost func(*url.URL) error) *Service {
	s := &Service{
		store:      store,
		clock:      now,
		checkHost:  checkHost,
		random:     rand.Reader,
		offers:     offerSchema(),
		publishers: publisherSchema(),
		approvals:  approvalSchema(),
		coupons:    couponSchema(),
	}
	s.memory = newMemory(store, s.Now)
	return s
}

// Now returns the time by which the service judges and stores: UTC, whole milliseconds.
func (s *Service) Now() time.Time { return s.clock().UTC().Truncate(time.Millisecond) }

// Update says which fields of a resource to change.
type Update struct {
	// Fields are the fields' API names; a field not listed keeps its value.
	Fields []string
	// Etag is the revision that the caller knows; "" matches any.
	Etag string
	// ValidateOnly says that nothing is stored.
	ValidateOnly bool
}

// Draft returns a resource with the new values of the fields that an update changes, as a caller wants them in
// place of the current ones. Its error says which of them cannot be read; the update is refused then, together
// with its other faults.
type Draft[T any] func(current T) (T, error)

// errTried ends the transaction of a dry run.
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

// field sets one field of a resource to the value that it has in another.
type field[T any] func(target *T, from T)

// pick returns the setters of the fields to change.
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

// apply returns a resource with the picked fields taken from another.
func apply[T any](current, from T, setters []field[T]) T {
	for _, set := range setters {
		set(&current, from)
	}
	return current
}

// errUnchanged ends an update that would change nothing.
var errUnchanged = errors.New("nothing changes")

// orMissing returns missing in place of a store's ErrNotFound, and describes other errors.
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

// newID returns an id for a resource whose caller chose none: ten characters without look-alikes,
// fifty bits of chance.
func newID() string {
	const alphabet = "0123456789abcdefghjkmnpqrstvwxyz" // 32 of them, so that each is as likely as the others
	id := make([]byte, 10)
	_, _ = rand.Read(id) // never fails, says its documentation
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

// withID calls insert with the checked id that a caller chose or, if it chose none, with generated ids until
// one is free.
func withID(chosen string, insert func(id string) error) error {
	if chosen != "" {
		return insert(chosen)
	}
	const attempts = 4 // two ids alike are a one in 10^15 chance; four times in a row is a fault
	for range attempts {
		if err := insert(newID()); !errors.Is(err, ErrExists) {
			return err
		}
	}
	return fmt.Errorf("no generated id was free in %d attempts", attempts)
}
