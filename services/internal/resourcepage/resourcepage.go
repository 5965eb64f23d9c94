// Package resourcepage keeps the answers of lists within what gRPC clients take: they refuse messages over
// 4 MiB, whatever page size they asked for.
//
// The services' edges import it; it imports none of ours.
package resourcepage

import (
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// MaxBytes bounds the resources of one page: a page ends before it is longer, unless its first resource is.
const MaxBytes = 1 << 20

// tagBytes is how many bytes a field number takes that is below 16, as those of lists are.
const tagBytes = 1

// Page collects the resources of a page while a list request is run: pass its Take as the request's.
type Page[T any, M proto.Message] struct {
	// Resources are those taken, in order.
	Resources []M
	convert   func(T) M
	bytes     int
}

// Of returns an empty page of resources that convert makes from a list's rows.
func Of[T any, M proto.Message](convert func(T) M) *Page[T, M] {
	return &Page[T, M]{Resources: []M{}, convert: convert}
}

// Take adds the resource of a row, a *T, and returns true; false if the page has no room for it.
func (p *Page[T, M]) Take(row any) bool {
	resource := p.convert(*row.(*T)) //nolint:forcetypeassert // another type is a mistake in the caller
	size := proto.Size(resource)
	size += tagBytes + protowire.SizeVarint(uint64(size)) //nolint:gosec // sizes are not negative
	if len(p.Resources) > 0 && p.bytes+size > MaxBytes {
		return false
	}
	p.Resources, p.bytes = append(p.Resources, resource), p.bytes+size
	return true
}
