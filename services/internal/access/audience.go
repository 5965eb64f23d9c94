package access

import (
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	optionsv1 "github.com/couponlink/couponlink/gen/go/couponlink/options/v1"
)

// Audience is a set of kinds of callers that are not told all fields, one bit each. Callers without limits are of none.
type Audience uint8

const (
	// somePublishers are callers who are limited to publishers.
	somePublishers Audience = 1 << iota
	// publisherPartners are partners among them, and offerPartners partners who are limited to offers.
	publisherPartners
	offerPartners
)

// Audience returns what kinds of caller a caller is.
func (p *Principal) Audience() Audience {
	var a Audience
	if p.LimitedByPublishers() {
		a |= somePublishers
	}
	if !p.IsPartner() {
		return a
	}
	if p.LimitedByPublishers() {
		a |= publisherPartners
	}
	if p.LimitedByOffers() {
		a |= offerPartners
	}
	return a
}

// IsPartner reports whether the caller is limited and has no role of the program's staff. Partners are not told what is
// internal to the program.
func (p *Principal) IsPartner() bool {
	return p.IsLimited() && !slices.Contains([]Role{Owner, Manager, Finance, Analyst}, p.Role)
}

// HiddenFrom returns the callers who are not told a field, by its options.
func HiddenFrom(field protoreflect.FieldDescriptor) Audience {
	var hidden Audience
	if tells, _ := proto.GetExtension(field.Options(), optionsv1.E_TellsOthers).(bool); tells {
		hidden |= somePublishers
	}
	partners, _ := proto.GetExtension(field.Options(), optionsv1.E_HiddenFromPartners).([]optionsv1.RowLimit)
	for _, limit := range partners {
		switch limit {
		case optionsv1.RowLimit_PUBLISHERS:
			hidden |= publisherPartners
		case optionsv1.RowLimit_OFFERS:
			hidden |= offerPartners
		}
	}
	return hidden
}
