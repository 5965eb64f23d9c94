package ui

import (
	"bytes"
	"context"
	"regexp"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// formKey is the hidden field with a form's key: a UUID that is made when the form is shown. A form that arrives twice,
// by a double click, after a lost response, or with Back and Save, makes its calls with the same request ids, so they
// take effect once.
const formKey = "form_key"

var (
	postForm = regexp.MustCompile(`<form\b[^>]*\bmethod="post"[^>]*>`)
	// htmxForm stays on the page after it is sent, to be sent again on purpose.
	htmxForm = []byte(" hx-post=")
)

// withFormKeys returns HTML in which each form that is sent by POST has a key.
func withFormKeys(html []byte) []byte {
	return postForm.ReplaceAllFunc(html, func(tag []byte) []byte {
		if bytes.Contains(tag, htmxForm) {
			return tag
		}
		return append(bytes.Clone(tag), `<input type="hidden" name="`+formKey+`" value="`+uuid.NewString()+`">`...)
	})
}

type formKeyKey struct{}

// ReadFormKey puts the key of the form that was sent, if any, into the context of the page's request.
func (p *Page) ReadFormKey() {
	if key, err := uuid.Parse(p.Request.PostForm.Get(formKey)); err == nil {
		p.Request = p.Request.WithContext(context.WithValue(p.Request.Context(), formKeyKey{}, key))
	}
}

// KeyedConn is a connection that gives calls for a form the request ids that follow from its key.
type KeyedConn struct{ grpc.ClientConnInterface }

// Invoke makes a call. The id depends on the request too: a form that is changed after Back is another one, and a form
// may make several calls.
func (c KeyedConn) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	key, hasKey := ctx.Value(formKeyKey{}).(uuid.UUID)
	request, isProto := args.(proto.Message)
	if !hasKey || !isProto {
		return c.ClientConnInterface.Invoke(ctx, method, args, reply, opts...)
	}
	field := request.ProtoReflect().Descriptor().Fields().ByName("request_id")
	if field == nil {
		return c.ClientConnInterface.Invoke(ctx, method, args, reply, opts...)
	}
	content, err := proto.MarshalOptions{Deterministic: true}.Marshal(request)
	if err != nil {
		return err
	}
	keyed := proto.Clone(request)
	keyed.ProtoReflect().Set(field, protoreflect.ValueOfString(uuid.NewSHA1(key, append([]byte(method+"\n"), content...)).String()))
	return c.ClientConnInterface.Invoke(ctx, method, keyed, reply, opts...)
}
