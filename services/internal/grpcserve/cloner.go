package grpcserve

import (
	"fmt"

	"google.golang.org/protobuf/proto"
)

// protoCloner copies messages on their way through the in-process channel. The channel's own copier
// goes through a library for dynamic messages; ours are all generated, for which Merge into an empty
// one is the fast deep copy. It must be deep: callers that were cancelled may reuse a request while
// its handler still reads it, and handlers may answer from memory that they share.
type protoCloner struct{}

// Copy makes out, a message, equal to in, a message of the same type.
func (protoCloner) Copy(out, in any) error {
	dst, ok := out.(proto.Message)
	if !ok {
		return fmt.Errorf("copying a message: %T is not one", out)
	}
	src, ok := in.(proto.Message)
	if !ok {
		return fmt.Errorf("copying a message: %T is not one", in)
	}
	if dst.ProtoReflect().Descriptor() != src.ProtoReflect().Descriptor() {
		return fmt.Errorf("copying a message: %T is not a %T", in, out)
	}
	proto.Reset(dst)
	proto.Merge(dst, src)
	return nil
}

// Clone returns a copy of a message.
func (protoCloner) Clone(in any) (any, error) {
	src, ok := in.(proto.Message)
	if !ok {
		return nil, fmt.Errorf("copying a message: %T is not one", in)
	}
	return proto.Clone(src), nil
}
