package access

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"

	optionsv1 "github.com/couponlink/couponlink/gen/go/couponlink/options/v1"
)

// OfMethod returns the permission that a method of our protos needs, by its path: `/couponlink.coupon.v1.OfferService/GetOffer`.
//
// It fails for methods that do not exist or that state no permission of ours.
func OfMethod(path string) (Permission, error) {
	name := protoreflect.FullName(strings.ReplaceAll(strings.TrimPrefix(path, "/"), "/", "."))
	found, err := protoregistry.GlobalFiles.FindDescriptorByName(name)
	if err != nil {
		return "", fmt.Errorf("finding the method %s: %w", path, err)
	}
	options, _ := found.Options().(*descriptorpb.MethodOptions)
	stated, _ := proto.GetExtension(options, optionsv1.E_Permission).(string)
	if p := Permission(stated); p.Exists() {
		return p, nil
	}
	return "", fmt.Errorf("the method %s needs %q, which is no permission", path, stated)
}

// RowLimits returns by what a caller may be limited to call a method, by the method's path. It returns nil for methods that
// refuse all limited callers, and for those that are not ours.
func RowLimits(path string) []optionsv1.RowLimit {
	name := protoreflect.FullName(strings.ReplaceAll(strings.TrimPrefix(path, "/"), "/", "."))
	found, err := protoregistry.GlobalFiles.FindDescriptorByName(name)
	if err != nil {
		return nil
	}
	options, _ := found.Options().(*descriptorpb.MethodOptions)
	limits, _ := proto.GetExtension(options, optionsv1.E_Rows).([]optionsv1.RowLimit)
	return limits
}

// OfField returns the permission that a caller needs to read a field; "" if none is needed.
func OfField(field protoreflect.FieldDescriptor) Permission {
	options, _ := field.Options().(*descriptorpb.FieldOptions)
	stated, _ := proto.GetExtension(options, optionsv1.E_ReadPermission).(string)
	return Permission(stated)
}
