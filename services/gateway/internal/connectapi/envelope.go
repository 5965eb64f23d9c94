package connectapi

import (
	"fmt"

	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/couponlink/couponlink/services/gateway/internal/rest"
)

// envelope is a message of any type. connect's handlers have static types, and one of them serves all methods.
type envelope struct {
	message proto.Message
	// fault says why a request could not be decoded. The method returns it: connect would leave out its details.
	fault *status.Status
}

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

// Unmarshal implements connect.Codec. It only decodes requests.
func (protoCodec) Unmarshal(data []byte, v any) error {
	to, ok := v.(*envelope)
	if !ok {
		return fmt.Errorf("connectapi: a %T is no request", v)
	}
	if err := proto.Unmarshal(data, to.message); err != nil {
		to.fault = rest.Malformed("MALFORMED_BODY", "", "the body is not a valid "+string(to.message.ProtoReflect().Descriptor().FullName()))
	}
	return nil
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
	to, ok := v.(*envelope)
	if !ok {
		return fmt.Errorf("connectapi: a %T is no request", v)
	}
	if len(data) == 0 {
		to.fault = rest.Malformed("MALFORMED_BODY", "", "the body is empty; send a JSON object, such as {}")
		return nil
	}
	to.fault = rest.Decode(data, to.message)
	return nil
}
