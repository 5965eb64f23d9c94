package e2e

import (
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	// The API's methods and messages, which cases find in the registry.
	_ "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	_ "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
)

// method is an RPC and its messages.
type method struct {
	descriptor protoreflect.MethodDescriptor
	input      protoreflect.MessageType
	output     protoreflect.MessageType
}

// findMethod finds a method by its short name, `coupon.v1.CouponService/CreateCoupon`.
func findMethod(name string) (method, error) {
	service, rpc, _ := strings.Cut(name, "/")
	found, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName("couponlink." + service))
	if err != nil {
		return method{}, fmt.Errorf("finding service %s: %w", service, err)
	}
	descriptor, ok := found.(protoreflect.ServiceDescriptor)
	if !ok || descriptor.Methods().ByName(protoreflect.Name(rpc)) == nil {
		return method{}, fmt.Errorf("there is no method %s", name)
	}
	m := method{descriptor: descriptor.Methods().ByName(protoreflect.Name(rpc))}
	if m.input, err = protoregistry.GlobalTypes.FindMessageByName(m.descriptor.Input().FullName()); err != nil {
		return method{}, err
	}
	m.output, err = protoregistry.GlobalTypes.FindMessageByName(m.descriptor.Output().FullName())
	return m, err
}

// fullName returns the method's path in gRPC, `/couponlink.coupon.v1.CouponService/CreateCoupon`.
func (m method) fullName() string {
	return fmt.Sprintf("/%s/%s", m.descriptor.Parent().FullName(), m.descriptor.Name())
}

// request builds the method's request from JSON fields and the paths of its update mask.
func (m method) request(fields map[string]any, mask []string) (proto.Message, error) {
	text, err := marshalJSON(fields)
	if err != nil {
		return nil, err
	}
	message := m.input.New().Interface()
	if err := protojson.Unmarshal(text, message); err != nil {
		return nil, fmt.Errorf("the request is no %s: %w", m.descriptor.Input().Name(), err)
	}
	if len(mask) > 0 {
		field := m.descriptor.Input().Fields().ByName("update_mask")
		if field == nil {
			return nil, fmt.Errorf("%s has no update mask", m.descriptor.Input().Name())
		}
		message.ProtoReflect().Set(field, protoreflect.ValueOfMessage((&fieldmaskpb.FieldMask{Paths: mask}).ProtoReflect()))
	}
	return message, nil
}

// restRequest is a request of a method in its REST form.
type restRequest struct {
	verb string
	path string
	body []byte
}

// transcode turns a request into its REST form, by the method's google.api.http annotation. It
// changes the request.
func (m method) transcode(request proto.Message) (restRequest, error) {
	rule, _ := proto.GetExtension(m.descriptor.Options(), annotations.E_Http).(*annotations.HttpRule)
	verb, template := pattern(rule)
	if verb == "" {
		return restRequest{}, fmt.Errorf("%s has no REST form", m.descriptor.FullName())
	}
	message := request.ProtoReflect()
	path, err := fillPath(template, message)
	if err != nil {
		return restRequest{}, err
	}
	rest := restRequest{verb: verb, path: path}
	switch rule.GetBody() {
	case "":
	case "*":
		rest.body, err = protojson.Marshal(request)
		return rest, err
	default:
		field := message.Descriptor().Fields().ByName(protoreflect.Name(rule.GetBody()))
		rest.body = []byte("{}")
		if message.Has(field) {
			if rest.body, err = protojson.Marshal(message.Get(field).Message().Interface()); err != nil {
				return rest, err
			}
		}
		message.Clear(field)
	}
	query := url.Values{}
	if err := addQuery(query, "", message); err != nil {
		return rest, err
	}
	if len(query) > 0 {
		rest.path += "?" + query.Encode()
	}
	return rest, nil
}

func pattern(rule *annotations.HttpRule) (verb, template string) {
	switch p := rule.GetPattern().(type) {
	case *annotations.HttpRule_Get:
		return "GET", p.Get
	case *annotations.HttpRule_Post:
		return "POST", p.Post
	case *annotations.HttpRule_Patch:
		return "PATCH", p.Patch
	case *annotations.HttpRule_Put:
		return "PUT", p.Put
	case *annotations.HttpRule_Delete:
		return "DELETE", p.Delete
	}
	return "", ""
}

var pathVariable = regexp.MustCompile(`\{([a-z0-9_.]+)(?:=[^}]*)?\}`)

// fillPath puts the fields that a path template names into it, and clears them.
func fillPath(template string, message protoreflect.Message) (string, error) {
	var failure error
	path := pathVariable.ReplaceAllStringFunc(template, func(match string) string {
		holder := message
		names := strings.Split(pathVariable.FindStringSubmatch(match)[1], ".")
		for _, name := range names[:len(names)-1] {
			holder = holder.Mutable(holder.Descriptor().Fields().ByName(protoreflect.Name(name))).Message()
		}
		field := holder.Descriptor().Fields().ByName(protoreflect.Name(names[len(names)-1]))
		value := holder.Get(field).String()
		holder.Clear(field)
		if value == "" {
			failure = fmt.Errorf("the path %s needs a value for %s", template, match)
		}
		segments := strings.Split(value, "/")
		for i := range segments {
			segments[i] = url.PathEscape(segments[i])
		}
		return strings.Join(segments, "/")
	})
	return path, failure
}

// addQuery adds the set fields as query parameters.
func addQuery(query url.Values, prefix string, message protoreflect.Message) error {
	var failure error
	message.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		name := prefix + string(field.Name())
		switch {
		case field.IsList() || field.IsMap():
			failure = fmt.Errorf("%s is repeated, which has no query form here", name)
		case field.Kind() == protoreflect.EnumKind:
			query.Set(name, string(field.Enum().Values().ByNumber(value.Enum()).Name()))
		case field.Kind() == protoreflect.MessageKind:
			failure = addMessage(query, name, value.Message())
		default:
			query.Set(name, value.String())
		}
		return failure == nil
	})
	return failure
}

func addMessage(query url.Values, name string, message protoreflect.Message) error {
	if mask, ok := message.Interface().(*fieldmaskpb.FieldMask); ok {
		query.Set(name, strings.Join(mask.GetPaths(), ","))
		return nil
	}
	text, err := protojson.Marshal(message.Interface())
	if err != nil {
		return err
	}
	if plain, err := strconv.Unquote(string(text)); err == nil {
		query.Set(name, plain) // a time or a duration
		return nil
	}
	return addQuery(query, name+".", message)
}
