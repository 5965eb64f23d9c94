package grpcserve

import (
	"slices"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/couponlink/couponlink/services/internal/access"
)

// withholder clears the fields of answers that a caller lacks the permission to read, or that are hidden from it. It is safe for concurrent
// use.
type withholder struct {
	// guarded has the fields that need a permission, or can contain some that do, by the message's descriptor. limited
	// also has those that are hidden from some limited callers.
	guarded, limited sync.Map
}

// of returns the fields for a kind of callers.
func (w *withholder) of(isLimited bool) *sync.Map {
	if isLimited {
		return &w.limited
	}
	return &w.guarded
}

// from returns an answer as a caller may read it: the answer itself, or a copy without some fields.
func (w *withholder) from(caller *access.Principal, answer any) any {
	m, ok := answer.(proto.Message)
	if !ok || caller == nil || caller.Role == access.Owner && !caller.IsLimited() || len(w.fields(m.ProtoReflect().Descriptor(), caller.IsLimited(), nil)) == 0 {
		return answer
	}
	told := proto.Clone(m) // handlers may share what they answer with
	w.withhold(caller, told.ProtoReflect())
	return told
}

func (w *withholder) withhold(caller *access.Principal, m protoreflect.Message) {
	for _, field := range w.fields(m.Descriptor(), caller.IsLimited(), nil) {
		switch {
		case !m.Has(field):
		case !mayRead(caller, field):
			m.Clear(field)
		case field.Message() == nil || field.IsMap():
		case field.IsList():
			list := m.Get(field).List()
			for i := range list.Len() {
				w.withhold(caller, list.Get(i).Message())
			}
		default:
			w.withhold(caller, m.Get(field).Message())
		}
	}
}

// mayRead reports whether a caller is told a field.
func mayRead(caller *access.Principal, field protoreflect.FieldDescriptor) bool {
	needed := access.OfField(field)
	return (needed == "" || caller.May(needed)) && access.HiddenFrom(field)&caller.Audience() == 0
}

// fields returns the fields of a message that some callers of a kind are not told, or that can contain some. Within a
// message that contains itself, above has the messages around it.
func (w *withholder) fields(of protoreflect.MessageDescriptor, isLimited bool, above []protoreflect.FullName) []protoreflect.FieldDescriptor {
	if known, ok := w.of(isLimited).Load(of); ok {
		return known.([]protoreflect.FieldDescriptor) //nolint:forcetypeassert // nothing else is stored there
	}
	var guarded []protoreflect.FieldDescriptor
	above = append(above, of.FullName())
	for i := range of.Fields().Len() {
		field := of.Fields().Get(i)
		isMessage := field.Kind() == protoreflect.MessageKind && !field.IsMap() && !slices.Contains(above, field.Message().FullName())
		if access.OfField(field) != "" || isLimited && access.HiddenFrom(field) != 0 || isMessage && len(w.fields(field.Message(), isLimited, above)) > 0 {
			guarded = append(guarded, field)
		}
	}
	w.of(isLimited).Store(of, guarded)
	return guarded
}

// withheldStream withholds from the messages that it sends.
type withheldStream struct {
	grpc.ServerStream
	hide   *withholder
	caller *access.Principal
}

// SendMsg implements grpc.ServerStream.
func (s withheldStream) SendMsg(m any) error { return s.ServerStream.SendMsg(s.hide.from(s.caller, m)) }
