package domain

import (
	"fmt"
	"strings"
	"time"

	"github.com/couponlink/couponlink/services/internal/resource"
)

const (
	// DefaultReservationTTL is how long a reservation holds its use unless the caller says otherwise.
	DefaultReservationTTL = 15 * time.Minute
	// MaxReservationTTL is the longest that a reservation can hold its use.
	MaxReservationTTL = 24 * time.Hour
	// MaxReservationIDChars is the maximum length of a reservation's id, in characters.
	MaxReservationIDChars = 100
)

// ReservationState says what happened to a reserved use.
type ReservationState string

// The states. ReservationExpired is never stored: a store keeps such a reservation as held.
const (
	ReservationHeld     ReservationState = "HELD"
	ReservationTaken    ReservationState = "TAKEN"
	ReservationReleased ReservationState = "RELEASED"
	ReservationExpired  ReservationState = "EXPIRED"
)

// Reservation holds a use of a coupon for a checkout.
type Reservation struct {
	// ID is the caller's key, or generated.
	ID    string
	Offer string
	// Coupon is the coupon's resource name, Code its code.
	Coupon string
	Code   string
	// TransactionID is the order id that the sale will have; "" if it is not known.
	TransactionID string
	// State is as stored; see StateAt.
	State ReservationState
	// Conversion is the id of the conversion that took the use; "" if none did.
	Conversion string
	CreateTime time.Time
	// ExpireTime is when the use comes back, exclusive.
	ExpireTime time.Time
}

// StateAt returns the state at a time.
func (r Reservation) StateAt(at time.Time) ReservationState {
	if r.State == ReservationHeld && !at.Before(r.ExpireTime) {
		return ReservationExpired
	}
	return r.State
}

// Days returns the use of a coupon on each day that the reservation is held. day returns the bounds of a time's
// day. There are at most three, since a day can have 23 hours.
func (r Reservation) Days(of Use, day func(time.Time) (from, to time.Time)) []Use {
	var uses []Use
	for at := r.CreateTime; at.Before(r.ExpireTime); at = of.To {
		of.From, of.To = day(at)
		uses = append(uses, of)
	}
	return uses
}

// ReservationNote says in a sentence why a reservation that a report names does not hold a use for a sale that a coupon earns;
// "" if it does. coupon is the coupon's resource name, "" if none earns the sale. found is nil if the offer has no such
// reservation.
func ReservationNote(id string, found *Reservation, coupon, conversion string, at time.Time) string {
	switch {
	case found == nil:
		return fmt.Sprintf("Reservation %s is unknown.", id)
	case found.State == ReservationTaken && found.Conversion == conversion:
		return ""
	case found.State == ReservationTaken:
		return fmt.Sprintf("Reservation %s was taken by another sale.", id)
	case found.State == ReservationReleased:
		return fmt.Sprintf("Reservation %s was released.", id)
	case !at.Before(found.ExpireTime):
		return fmt.Sprintf("Reservation %s expired at %s.", id, found.ExpireTime.UTC().Format(time.RFC3339))
	case found.Coupon != coupon:
		return fmt.Sprintf("Reservation %s is for coupon %s, which did not earn the sale.", id, found.Code)
	default:
		return ""
	}
}

// ReservationID returns the id in what was sent as one: the id or the reservation's name.
func ReservationID(sent string) string { return strings.TrimPrefix(sent, resource.Reservations) }

// CheckReservationID says what is wrong with the id of a new reservation.
func CheckReservationID(id string) error {
	ok := len(id) >= 1 && len(id) <= MaxReservationIDChars
	for _, c := range []byte(id) {
		ok = ok && (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.')
	}
	if !ok {
		return fmt.Errorf("%.120q is not 1 to %d letters, digits, '-', '_' and '.'", id, MaxReservationIDChars)
	}
	return nil
}
