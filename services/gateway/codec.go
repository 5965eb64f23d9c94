package gateway

import (
	"fmt"
	"io"
	"reflect"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// codec is the JSON of the REST API. Answers have the same fields whatever the values, except unset
// messages and optional fields; requests may have only fields that exist. It does what grpc-gateway's
// own does, in one pass over the body, and its errors say where they are.
type codec struct {
	runtime.JSONPb
}

func newCodec() *codec {
	return &codec{runtime.JSONPb{
		MarshalOptions:   protojson.MarshalOptions{EmitDefaultValues: true},
		UnmarshalOptions: protojson.UnmarshalOptions{DiscardUnknown: false},
	}}
}

// Marshal returns a message as JSON.
func (c *codec) Marshal(v any) ([]byte, error) {
	if message, ok := v.(proto.Message); ok {
		return c.MarshalOptions.Marshal(message)
	}
	return c.JSONPb.Marshal(v)
}

// NewDecoder returns a decoder of one request's body.
func (c *codec) NewDecoder(r io.Reader) runtime.Decoder {
	return runtime.DecoderFunc(func(v any) error {
		body, err := io.ReadAll(r)
		if err != nil {
			return fmt.Errorf("reading the body: %w", err)
		}
		if len(body) == 0 {
			return io.EOF // Taken as: no body. What must be in it the services know.
		}
		message, err := target(v)
		if err != nil {
			return err
		}
		if err := c.UnmarshalOptions.Unmarshal(body, message); err != nil {
			return newBodyError(body, err)
		}
		return nil
	})
}

// target returns the message to fill: v itself, or a new one behind it where v points to a request's
// field.
func target(v any) (proto.Message, error) {
	if message, ok := v.(proto.Message); ok {
		return message, nil
	}
	field := reflect.ValueOf(v)
	if field.Kind() == reflect.Pointer && field.Elem().Kind() == reflect.Pointer {
		fresh := reflect.New(field.Elem().Type().Elem())
		if message, ok := fresh.Interface().(proto.Message); ok {
			field.Elem().Set(fresh)
			return message, nil
		}
	}
	return nil, fmt.Errorf("cannot decode JSON into a %T", v)
}
