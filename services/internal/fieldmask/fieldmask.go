// Package fieldmask determines what an update request changes, and merges it into the stored resource. It is the only
// package that knows about update masks (AIP-134, AIP-161) and field behaviors (AIP-203).
package fieldmask

import (
	"slices"
	"strings"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/couponlink/couponlink/services/internal/apperr"
)

// Change is a change of a resource M by an update request.
type Change[M proto.Message] struct {
	request M
	// paths are the fields, or parts of fields, to change, each as a list of names.
	paths [][]string
	// fixed are the immutable fields that the mask names or, if it is empty, that the request sets.
	fixed []protoreflect.FieldDescriptor
	fault error
}

// Of returns what a request changes: the fields that its mask names, or parts of them such as
// `settings.click_window`. The mask `*` means all fields that can change, and no mask means the fields, and parts of
// fields, that are set in the request. A list, a time, a duration or an amount of money changes as a whole.
//
// Fields that only the server sets are ignored, in the request and in the mask, so that a caller can read a resource,
// change it and send it back whole.
func Of[M proto.Message](request M, mask *fieldmaskpb.FieldMask) Change[M] {
	c := Change[M]{request: request}
	message := request.ProtoReflect()
	fields := message.Descriptor().Fields()
	switch paths := mask.GetPaths(); {
	case len(paths) == 0:
		for _, path := range populated(message) {
			c.add(path)
		}
	case len(paths) == 1 && paths[0] == "*":
		for i := range fields.Len() {
			if f := fields.Get(i); roleOf(f) == changeable {
				c.paths = append(c.paths, []string{string(f.Name())})
			}
		}
	default:
		for _, path := range paths {
			if !(&fieldmaskpb.FieldMask{Paths: []string{path}}).IsValid(request) {
				c.fault = apperr.Join(c.fault, apperr.Invalid("INVALID_UPDATE_MASK", "update_mask", "there is no field %.60q", path))
				continue
			}
			c.add(whole(message.Descriptor(), strings.Split(path, ".")))
		}
	}
	return c
}

// add adds a path, according to its field's role.
func (c *Change[M]) add(path []string) {
	field := c.request.ProtoReflect().Descriptor().Fields().ByName(protoreflect.Name(path[0]))
	switch roleOf(field) {
	case changeable:
		c.paths = append(c.paths, path)
	case immutable:
		c.fixed = append(c.fixed, field)
	case ignored:
	}
}

// Fields returns the names of the fields that change, in whole or in part.
func (c Change[M]) Fields() []string {
	var fields []string
	for _, path := range c.paths {
		if !slices.Contains(fields, path[0]) {
			fields = append(fields, path[0])
		}
	}
	return fields
}

// Err returns the error in the mask (INVALID_UPDATE_MASK), or nil.
func (c Change[M]) Err() error { return c.fault }

// Merge returns the current resource with the change applied. The result shares memory with the request. The error has
// the errors in the mask (INVALID_UPDATE_MASK) and each immutable field with another value (IMMUTABLE_FIELD). The
// result is valid even then, so that the caller can report other errors too.
func (c Change[M]) Merge(current M) (M, error) {
	merged, _ := proto.Clone(current).(M)
	target, from := merged.ProtoReflect(), c.request.ProtoReflect()
	for _, path := range c.paths {
		set(target, from, path)
	}
	err := c.fault
	for _, field := range c.fixed {
		if was, now := target.Get(field), from.Get(field); !same(was, now) {
			err = apperr.Join(err, apperr.Invalid("IMMUTABLE_FIELD", string(field.Name()), "the %s is %.80q and cannot be changed", field.Name(), was.String()))
		}
	}
	return merged, err
}

// same reports whether two values are equal. Strings are compared without regard to case, as coupon codes are.
func same(a, b protoreflect.Value) bool {
	before, isText := a.Interface().(string)
	if !isText {
		return a.Equal(b)
	}
	return strings.EqualFold(before, b.String())
}

// set copies the value at path from one message to another, or clears it if from does not have it. It also clears
// messages that become empty.
func set(target, from protoreflect.Message, path []string) {
	field := target.Descriptor().Fields().ByName(protoreflect.Name(path[0]))
	switch {
	case len(path) > 1:
		part := target.Mutable(field).Message()
		set(part, from.Get(field).Message(), path[1:])
		if proto.Size(part.Interface()) == 0 {
			target.Clear(field)
		}
	case from.Has(field):
		target.Set(field, from.Get(field))
	default:
		target.Clear(field)
	}
}

// populated returns the paths of all set values of a message.
func populated(message protoreflect.Message) (paths [][]string) {
	fields := message.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		name := string(field.Name())
		switch {
		case !message.Has(field):
		case isValue(field):
			paths = append(paths, []string{name})
		default:
			for _, path := range populated(message.Get(field).Message()) {
				paths = append(paths, append([]string{name}, path...))
			}
		}
	}
	return paths
}

// whole cuts a path at the first field that can only change as a whole.
func whole(message protoreflect.MessageDescriptor, path []string) []string {
	for i, name := range path {
		field := message.Fields().ByName(protoreflect.Name(name))
		if isValue(field) {
			return path[:i+1]
		}
		message = field.Message()
	}
	return path
}

// isValue reports whether a field can only change as a whole: half an amount is not an amount.
func isValue(field protoreflect.FieldDescriptor) bool {
	message := field.Message()
	return message == nil || field.IsList() || field.IsMap() || message.FullName().Parent() == "google.protobuf" || message.Name() == "Money"
}

// role is what an update can do with a field.
type role int

const (
	changeable role = iota
	// immutable fields may be sent, with their current value only.
	immutable
	// ignored fields identify the resource or its revision, or are set by the server only.
	ignored
)

// roleOf returns a field's role, from its field behavior in the proto. An etag is
// recognized by its name, because no behavior describes a revision that callers send for comparison (AIP-154).
func roleOf(field protoreflect.FieldDescriptor) role {
	behaviors, _ := proto.GetExtension(field.Options(), annotations.E_FieldBehavior).([]annotations.FieldBehavior)
	switch {
	case field.Name() == "etag", slices.Contains(behaviors, annotations.FieldBehavior_OUTPUT_ONLY), slices.Contains(behaviors, annotations.FieldBehavior_IDENTIFIER):
		return ignored
	case slices.Contains(behaviors, annotations.FieldBehavior_IMMUTABLE):
		return immutable
	default:
		return changeable
	}
}
