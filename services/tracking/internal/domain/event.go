package domain

import (
	"cmp"
)

// Position is the place of an Event in the feed of insertions and changes. Positions are ordered by Major and
// then Minor; their meaning is up to the store. The zero Position is before all events.
type Position struct{ Major, Minor int64 }

// Compare returns less than 0 if p is before q, 0 if they are the same, and more if p is after q.
func (p Position) Compare(q Position) int {
	return cmp.Or(cmp.Compare(p.Major, q.Major), cmp.Compare(p.Minor, q.Minor))
}

// Event is the insertion of a conversion, or one or more changes of it.
type Event struct {
	Position Position
	// Conversion is as stored now, with its changes and conflicts, but without its Basis.
	Conversion Conversion
	// First and Last say what happened: 0 is the insertion, n the conversion's n-th change. First is after
	// Last if something else was written, such as a conflict.
	First, Last int
	// Revision is the conversion's revision after the event.
	Revision int64
}

// Left returns the conversion as the event left it.
func (e *Event) Left() Conversion {
	if e.Revision == e.Conversion.Revision {
		return e.Conversion
	}
	c := e.Conversion.AsOf(e.Last)
	c.Revision = e.Revision
	return c
}

// Changes returns the event's changes; nil for an insertion alone.
func (e *Event) Changes() []Change {
	first, last := max(e.First-1, 0), min(e.Last, len(e.Conversion.Changes))
	if first >= last {
		return nil
	}
	return e.Conversion.Changes[first:last:last]
}
