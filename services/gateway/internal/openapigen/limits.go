package openapigen

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

// limitsName is the option that has a field's limits.
const limitsName protoreflect.FullName = "couponlink.options.v1.limits"

// limitsReader reads the limits of fields through the option's descriptor, because the option's Go code is generated at
// the same time.
type limitsReader struct {
	option protoreflect.ExtensionType
	types  *protoregistry.Types
}

func newLimitsReader(plugin *protogen.Plugin) (limitsReader, error) {
	files, err := protodesc.NewFiles(&descriptorpb.FileDescriptorSet{File: plugin.Request.GetProtoFile()})
	if err != nil {
		return limitsReader{}, fmt.Errorf("reading the protos: %w", err)
	}
	found, err := files.FindDescriptorByName(limitsName)
	if err != nil {
		return limitsReader{}, fmt.Errorf("finding the option %s: %w", limitsName, err)
	}
	option, ok := found.(protoreflect.ExtensionDescriptor)
	if !ok {
		return limitsReader{}, errors.New("the limits are no option")
	}
	r := limitsReader{dynamicpb.NewExtensionType(option), &protoregistry.Types{}}
	if err := r.types.RegisterExtension(r.option); err != nil {
		return limitsReader{}, fmt.Errorf("reading the option %s: %w", limitsName, err)
	}
	return r, nil
}

// addTo adds a field's limits to the schema of its values. An optional text may be empty.
func (r limitsReader) addTo(schema object, field protoreflect.FieldDescriptor, required bool) error {
	raw, err := proto.Marshal(field.Options())
	if err != nil {
		return fmt.Errorf("reading the options of %s: %w", field.FullName(), err)
	}
	options := field.Options().ProtoReflect().New().Interface()
	if err := (proto.UnmarshalOptions{Resolver: r.types}).Unmarshal(raw, options); err != nil {
		return fmt.Errorf("reading the options of %s: %w", field.FullName(), err)
	}
	options.ProtoReflect().Range(func(f protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		if f.FullName() == limitsName {
			addLimits(schema, value.Message(), required || field.Kind() != protoreflect.StringKind)
		}
		return true
	})
	return nil
}

// addLimits adds limits to a schema. If isFull, an empty text must match the pattern too.
func addLimits(schema object, limits protoreflect.Message, isFull bool) {
	names := map[protoreflect.Name]string{
		"min_length": "minLength", "max_length": "maxLength", "minimum": "minimum", "maximum": "maximum", "min_items": "minItems", "max_items": "maxItems",
	}
	limits.Range(func(f protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		switch {
		case f.Name() != "pattern":
			schema[names[f.Name()]] = value.Interface()
		case isFull:
			schema["pattern"] = "^(" + value.String() + ")$"
		default:
			schema["pattern"] = "^(" + value.String() + ")?$"
		}
		return true
	})
}
