package app

import (
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// Sale is a conversion to store, with what is stored with it.
type Sale struct {
	Conversion domain.Conversion
	// Use is what the conversion takes of a coupon that has limits; nil: it has none. Where no use is
	// left, domain.OverLimit of the conversion is stored instead.
	Use *domain.Use
	// Postback is the journal's entry of the call that reported the sale; nil: a platform service did.
	// What the call came to is filled in as it is stored (domain.Postback.Of).
	Postback *domain.Postback
	// Deferred is the report to judge the sale again; nil if it is judged. It is stored with the conversion,
	// and only if that is inserted.
	Deferred *domain.Deferred
}

// Update is what a conversion becomes.
type Update struct {
	// Conversion is the changed conversion; one with the revision that it had is not stored.
	Conversion domain.Conversion
	// Use is taken where the conversion holds a use of another coupon after the change, or of one again,
	// and that has limits; nil: it has none.
	Use *domain.Use
	// Return is what it held before, to be given back where it no longer does; nil: it held nothing.
	Return *domain.Use
}
