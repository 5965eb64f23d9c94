package grpcserve

import (
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/couponlink/couponlink/services/internal/pasted"
)

// trimmer trims every text in a request with pasted.Trim, for all methods and for future fields. It is safe for
// concurrent use.
type trimmer struct {
	// texts has the fields that are texts, or can contain some, by the message's descriptor.
	texts sync.Map
}

// request trims a request in place. The request must be the handler's own copy.
func (t *trimmer) request(req any) {
	if m, ok := req.(proto.Message); ok {
		t.message(m.ProtoReflect())
	}
}

func (t *trimmer) message(m protoreflect.Message) {
	for _, field := range t.fields(m.Descriptor()) {
		switch {
		case field.IsList():
			if m.Has(field) {
				t.list(m.Get(field).List(), field.Kind())
			}
		case field.Kind() == protoreflect.MessageKind:
			if m.Has(field) {
				t.message(m.Get(field).Message())
			}
		default:
			text := m.Get(field).String()
			if trimmed := pasted.Trim(text); trimmed != text {
				m.Set(field, protoreflect.ValueOfString(trimmed))
			}
		}
	}
}

func (t *trimmer) list(list protoreflect.List, kind protoreflect.Kind) {
	for i := range list.Len() {
		if kind == protoreflect.MessageKind {
			t.message(list.Get(i).Message())
			continue
		}
		text := list.Get(i).String()
		if trimmed := pasted.Trim(text); trimmed != text {
			list.Set(i, protoreflect.ValueOfString(trimmed))
		}
	}
}

// fields returns the fields of a message that are texts or can contain some. Protobuf's own messages, such as
// timestamps, have no texts to trim.
func (t *trimmer) fields(of protoreflect.MessageDescriptor) []protoreflect.FieldDescriptor {
	if known, ok := t.texts.Load(of); ok {
		return known.([]protoreflect.FieldDescriptor) //nolint:forcetypeassert // nothing else is stored there
	}
	var texts []protoreflect.FieldDescriptor
	for i := range of.Fields().Len() {
		field := of.Fields().Get(i)
		isText := field.Kind() == protoreflect.StringKind
		isOurs := field.Kind() == protoreflect.MessageKind && field.Message().ParentFile().Package() != "google.protobuf"
		if (isText || isOurs) && !field.IsMap() { // requests have no maps
			texts = append(texts, field)
		}
	}
	t.texts.Store(of, texts)
	return texts
}

// trimmedStream trims the messages that it receives.
type trimmedStream struct {
	grpc.ServerStream
	trim *trimmer
}

// RecvMsg implements grpc.ServerStream.
func (s trimmedStream) RecvMsg(m any) error {
	if err := s.ServerStream.RecvMsg(m); err != nil {
		return err
	}
	s.trim.request(m)
	return nil
}
