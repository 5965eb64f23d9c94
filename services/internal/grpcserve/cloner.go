package grpcserve

import (
	"fmt"

	"google.golang.org/protobuf/proto"
)

// protoCloner copies messages that pass through the in-process channel. The channel's own copier uses a library for
// dynamic messages. Our messages are all generated, and merging into an empty one is the fast deep copy. The copy must
// be deep: a cancelled caller may reuse its request while the handler still reads it, and handlers may answer with
// messages that they share.
type protoCloner struct{}

// Copy makes out equal to in. Both must be messages of the same type.
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

func (protoCloner) Clone(in any) (any, error) {
	src, ok := in.(proto.Message)
	if !ok {
		return nil, fmt.Errorf("copying a message: %T is not one", in)
	}
	return proto.Clone(src), nil
}
