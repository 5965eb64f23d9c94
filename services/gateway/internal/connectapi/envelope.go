package connectapi

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// envelope is a message of any type. connect's handlers have static types, and one of them serves all methods.
type envelope struct{ message proto.Message }

// protoCodec and jsonCodec encode what is in envelopes.
type (
	protoCodec struct{}
	jsonCodec  struct{}
)

// messageIn returns the message in an envelope. connect also encodes messages of its own, such as a status.
func messageIn(v any) (proto.Message, error) {
	switch v := v.(type) {
	case *envelope:
		return v.message, nil
	case proto.Message:
		return v, nil
	default:
		return nil, fmt.Errorf("connectapi: a %T is no message", v)
	}
}

// Name implements connect.Codec.
func (protoCodec) Name() string { return "proto" }

// Marshal implements connect.Codec.
func (protoCodec) Marshal(v any) ([]byte, error) {
	message, err := messageIn(v)
	if err != nil {
		return nil, err
	}
	return proto.Marshal(message)
}

// Unmarshal implements connect.Codec.
func (protoCodec) Unmarshal(data []byte, v any) error {
	message, err := messageIn(v)
	if err != nil {
		return err
	}
	return proto.Unmarshal(data, message)
}

// Name implements connect.Codec.
func (jsonCodec) Name() string { return "json" }

// Marshal implements connect.Codec.
func (jsonCodec) Marshal(v any) ([]byte, error) {
	message, err := messageIn(v)
	if err != nil {
		return nil, err
	}
	return protojson.Marshal(message)
}

// Unmarshal implements connect.Codec. As over REST, unknown fields are refused: a misspelled validateOnly would store.
func (jsonCodec) Unmarshal(data []byte, v any) error {
	message, err := messageIn(v)
	if err != nil {
		return err
	}
	if len(data) == 0 {
		return errors.New("the body is empty; send a JSON object, such as {}")
	}
	return protojson.Unmarshal(data, message)
}
