package rest

import (
	"fmt"
	"io"
	"reflect"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// codec encodes and decodes the JSON of the REST API. Responses have every field, except unset messages and
// optional fields. Requests may have only fields that exist. Unlike grpc-gateway's own codec, it makes one
// pass over the body, and its errors name the position.
type codec struct {
	runtime.JSONPb
}

func newCodec() *codec {
	return &codec{runtime.JSONPb{
		MarshalOptions:   protojson.MarshalOptions{EmitDefaultValues: true},
		UnmarshalOptions: protojson.UnmarshalOptions{DiscardUnknown: false},
	}}
}

// Marshal returns a message as the JSON of the REST API.
func Marshal(message proto.Message) ([]byte, error) { return newCodec().Marshal(message) }

// Decode fills a message from the JSON of a body, as the REST API does. It returns what is wrong with the body, or nil.
func Decode(body []byte, message proto.Message) *status.Status {
	if err := newCodec().UnmarshalOptions.Unmarshal(body, message); err != nil {
		fault := newBodyError(body, err)
		return Malformed(reasonMalformedBody, fault.field, fault.description)
	}
	return nil
}

// Marshal returns a message as JSON.
func (c *codec) Marshal(v any) ([]byte, error) {
	message, ok := v.(proto.Message)
	if !ok {
		message, ok = unwrapped(v)
	}
	if ok {
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
			return io.EOF // treated as no body; the services know what is required
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

// target returns the message to fill: v itself, or a new message if v points to a field of a request.
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
