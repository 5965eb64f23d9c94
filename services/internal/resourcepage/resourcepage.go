// Package resourcepage keeps list responses small enough for gRPC clients, which refuse messages over 4 MiB
// whatever page size they asked for.
//
// The services' grpcapi packages import it; it imports none of our packages.
package resourcepage

import (
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// MaxBytes bounds the encoded size of a page's resources. Only a page with a single resource can exceed it.
const MaxBytes = 1 << 20

// tagBytes is the encoded size of a field number below 16, which the lists have.
const tagBytes = 1

// Page collects the resources of a page while a list request runs: pass its Take as the request's.
type Page[T any, M proto.Message] struct {
	// Resources are the resources taken so far, in order.
	Resources []M
	convert   func(T) M
	bytes     int
}

// Of returns an empty page whose resources convert makes from a list's rows.
func Of[T any, M proto.Message](convert func(T) M) *Page[T, M] {
	return &Page[T, M]{Resources: []M{}, convert: convert}
}

// Take adds the resource of a row, which must be a *T. It returns false if the page has no room for it.
func (p *Page[T, M]) Take(row any) bool {
	resource := p.convert(*row.(*T)) //nolint:forcetypeassert // any other type is a bug in the caller
	size := proto.Size(resource)
	size += tagBytes + protowire.SizeVarint(uint64(size)) //nolint:gosec // sizes are not negative
	if len(p.Resources) > 0 && p.bytes+size > MaxBytes {
		return false
	}
	p.Resources, p.bytes = append(p.Resources, resource), p.bytes+size
	return true
}
