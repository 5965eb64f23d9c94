package openapigen

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// variant says how a message is used.
type variant int

const (
	// whole is a message in a response, or in a request that creates a resource.
	whole variant = iota
	// partial is a resource in a request that changes it or gives only some of its fields: nothing is required.
	partial
	// body is a request without the fields that are in its path.
	body
)

// ref returns a reference to a component's schema.
func ref(name string) object { return object{"$ref": "#/components/schemas/" + name} }

// messageRef returns a reference to a message's schema, which it adds to the components if missing. omit names the
// fields to leave out.
func (g *generator) messageRef(message *protogen.Message, as variant, omit ...string) (object, error) {
	if as == partial && !requiresAny(message, map[protoreflect.FullName]bool{}) {
		as = whole
	}
	name := g.names[message.Desc.FullName()]
	if as == partial {
		name += "Update"
	}
	if _, ok := g.schemas[name]; ok {
		return ref(name), nil
	}
	schema := object{}
	g.schemas[name] = schema // before its fields, so that a message can contain itself
	made, err := g.messageSchema(message, as, omit)
	maps.Copy(schema, made)
	return ref(name), err
}

// requiresAny reports whether a message, or a message in it, has required fields.
func requiresAny(message *protogen.Message, seen map[protoreflect.FullName]bool) bool {
	if seen[message.Desc.FullName()] {
		return false
	}
	seen[message.Desc.FullName()] = true
	return slices.ContainsFunc(message.Fields, func(f *protogen.Field) bool {
		return behaves(f.Desc, annotations.FieldBehavior_REQUIRED) || f.Message != nil && requiresAny(f.Message, seen)
	})
}

func (g *generator) messageSchema(message *protogen.Message, as variant, omit []string) (object, error) {
	properties := object{}
	required := []string{}
	for _, field := range message.Fields {
		if slices.Contains(omit, string(field.Desc.Name())) {
			continue
		}
		property, err := g.property(field, as)
		if err != nil {
			return nil, err
		}
		properties[field.Desc.JSONName()] = property
		if g.isRequired(field, as) {
			required = append(required, field.Desc.JSONName())
		}
	}
	schema := object{"type": "object", "description": text(message.Comments)}
	if as == partial {
		schema["description"] = "The fields of " + string(message.Desc.Name()) + " to change. " + text(message.Comments)
	}
	if as != whole || strings.HasSuffix(string(message.Desc.Name()), "Request") {
		schema["additionalProperties"] = false // the server refuses unknown fields
	}
	if len(properties) > 0 {
		schema["properties"] = properties
	}
	if len(required) > 0 {
		schema["required"] = required
	}
	return schema, nil
}

// isRequired reports whether a field is always present: in a request because it is required, in a response because REST
// writes every field except messages and optional fields.
func (g *generator) isRequired(field *protogen.Field, as variant) bool {
	switch {
	case as == partial:
		return false
	case g.asked[field.Parent.Desc.FullName()]:
		// A request in a batch takes its parent from the batch (AIP-233).
		return behaves(field.Desc, annotations.FieldBehavior_REQUIRED) && (field.Desc.Name() != "parent" || as == body)
	default:
		return !field.Desc.HasPresence()
	}
}

// property returns the schema of a field.
func (g *generator) property(field *protogen.Field, as variant) (object, error) {
	schema, err := g.fieldSchema(field, as)
	if err != nil {
		return nil, err
	}
	schema["description"] = text(field.Comments)
	if g.asked[field.Parent.Desc.FullName()] {
		if behaves(field.Desc, annotations.FieldBehavior_OUTPUT_ONLY) || behaves(field.Desc, annotations.FieldBehavior_IDENTIFIER) {
			schema["readOnly"] = true
		}
		if err := g.limits.addTo(schema, field.Desc, behaves(field.Desc, annotations.FieldBehavior_REQUIRED)); err != nil {
			return nil, err
		}
	}
	return schema, nil
}

// fieldSchema returns the schema of a field's values.
func (g *generator) fieldSchema(field *protogen.Field, as variant) (object, error) {
	if field.Desc.IsMap() {
		values, err := g.valueSchema(field.Message.Fields[1], whole)
		return object{"type": "object", "additionalProperties": values}, err
	}
	schema, err := g.valueSchema(field, as)
	if field.Desc.IsList() {
		schema = object{"type": "array", "items": schema}
	}
	return schema, err
}

func (g *generator) valueSchema(field *protogen.Field, as variant) (object, error) {
	switch field.Desc.Kind() {
	case protoreflect.StringKind:
		return object{"type": "string"}, nil
	case protoreflect.BoolKind:
		return object{"type": "boolean"}, nil
	case protoreflect.Int32Kind:
		return object{"type": "integer", "format": "int32"}, nil
	case protoreflect.Int64Kind:
		return object{"type": "string", "format": "int64"}, nil // JSON's numbers are not exact beyond 2^53
	case protoreflect.DoubleKind:
		return object{"type": "number", "format": "double"}, nil
	case protoreflect.EnumKind:
		return g.enumRef(field.Enum), nil
	case protoreflect.MessageKind:
		if schema, ok := wellKnown(field.Message.Desc.FullName()); ok {
			return schema, nil
		}
		return g.messageRef(field.Message, g.variantIn(field, as))
	default:
		return nil, fmt.Errorf("%s is of a kind without a schema: %s", field.Desc.FullName(), field.Desc.Kind())
	}
}

// variantIn returns how a field's message is used. A resource in a request is whole only if the request creates it.
func (g *generator) variantIn(field *protogen.Field, as variant) variant {
	request := string(field.Parent.Desc.Name())
	if strings.HasSuffix(request, "Request") && !strings.HasPrefix(request, "Create") && !strings.HasSuffix(string(field.Message.Desc.Name()), "Request") {
		return partial
	}
	if as == partial {
		return partial
	}
	return whole
}

// wellKnown returns the schema of a type whose JSON differs from its fields.
func wellKnown(name protoreflect.FullName) (object, bool) {
	switch name {
	case "google.protobuf.Timestamp":
		return object{"type": "string", "format": "date-time"}, true
	case "google.protobuf.Duration":
		return object{"type": "string", "pattern": `^-?[0-9]+(\.[0-9]{1,9})?s$`, "example": "3600s"}, true
	case "google.protobuf.FieldMask":
		return object{"type": "string", "example": "displayName"}, true
	case "google.protobuf.Empty":
		return object{"type": "object"}, true
	}
	return nil, false
}

// enumRef returns a reference to an enum's schema, which it adds to the components if missing.
func (g *generator) enumRef(enum *protogen.Enum) object {
	name := g.names[enum.Desc.FullName()]
	if _, ok := g.schemas[name]; ok {
		return ref(name)
	}
	values := []string{}
	lines := []string{text(enum.Comments), ""}
	for _, value := range enum.Values {
		values = append(values, string(value.Desc.Name()))
		lines = append(lines, "- `"+string(value.Desc.Name())+"`: "+strings.ReplaceAll(text(value.Comments), "\n", " "))
	}
	g.schemas[name] = object{"type": "string", "enum": values, "description": strings.Join(lines, "\n")}
	return ref(name)
}

// text returns a comment with each paragraph on one line.
func text(comments protogen.CommentSet) string {
	var paragraphs []string
	for _, paragraph := range strings.Split(strings.TrimSpace(string(comments.Leading)), "\n\n") {
		paragraphs = append(paragraphs, strings.Join(strings.Fields(paragraph), " "))
	}
	return strings.Join(paragraphs, "\n\n")
}
