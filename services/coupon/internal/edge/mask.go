package edge

import (
	"strings"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/couponlink/couponlink/services/coupon/internal/flow"
	"github.com/couponlink/couponlink/services/internal/apperr"
)

// update is a resource that can be changed.
type update interface {
	proto.Message
	GetEtag() string
}

// updateOf returns what an update request changes: the fields that its mask names; all that can be
// changed for the mask `*`; those set in the resource where the mask is empty. `name` and `etag` in
// a mask mean nothing: they say which resource, not what to change. A field is changed as a whole,
// also where the mask names a part of it. Faults of the mask join unread, the faults of the resource.
func updateOf(resource update, mask *fieldmaskpb.FieldMask, unread error) flow.Update {
	u := flow.Update{Etag: resource.GetEtag(), Unread: unread}
	message := resource.ProtoReflect()
	fields := message.Descriptor().Fields()
	all := len(mask.GetPaths()) == 1 && mask.GetPaths()[0] == "*"
	if all || len(mask.GetPaths()) == 0 {
		for i := range fields.Len() {
			if f := fields.Get(i); changeable(f) && (all || message.Has(f)) {
				u.Fields = append(u.Fields, string(f.Name()))
			}
		}
		return u
	}
	for _, path := range mask.GetPaths() {
		if path == "name" || path == "etag" {
			continue
		}
		if !(&fieldmaskpb.FieldMask{Paths: []string{path}}).IsValid(resource) {
			u.Unread = apperr.Join(u.Unread, badMask("there is no field %q", path))
			continue
		}
		top, _, _ := strings.Cut(path, ".")
		if !changeable(fields.ByName(protoreflect.Name(top))) {
			u.Unread = apperr.Join(u.Unread, badMask("%q cannot be changed", path))
			continue
		}
		u.Fields = append(u.Fields, top)
	}
	return u
}

func badMask(format, path string) error {
	return apperr.Invalid("INVALID_UPDATE_MASK", "update_mask", format, path)
}

// changeable says whether callers can change a field, by what its proto says of it.
func changeable(f protoreflect.FieldDescriptor) bool {
	if f.Name() == "etag" {
		return false
	}
	behaviors, _ := proto.GetExtension(f.Options(), annotations.E_FieldBehavior).([]annotations.FieldBehavior)
	for _, b := range behaviors {
		switch b {
		case annotations.FieldBehavior_OUTPUT_ONLY, annotations.FieldBehavior_IMMUTABLE, annotations.FieldBehavior_IDENTIFIER:
			return false
		}
	}
	return true
}
