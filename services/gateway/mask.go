package gateway

import (
	"context"
	"slices"
	"strings"
	"unicode"

	"google.golang.org/protobuf/types/known/fieldmaskpb"
)

// maskedRequest is an update request.
type maskedRequest interface {
	GetUpdateMask() *fieldmaskpb.FieldMask
}

// bodyMaskKey marks the context of an update whose mask was made from its body.
type bodyMaskKey struct{}

// completeMask makes of an update's mask what the services take: names as in the protos, though a
// frontend may write them as in JSON.
//
// A mask made from the body names what the body has, to its leaves. It is cut to whole fields: a
// payout is replaced, and no nanos stay from the one before. The name is in the path already, and
// the etag is a condition: neither is a change.
func completeMask(ctx context.Context, update maskedRequest) {
	mask := update.GetUpdateMask()
	if mask == nil {
		return
	}
	for i, path := range mask.GetPaths() {
		mask.Paths[i] = snakeCase(path)
	}
	if ctx.Value(bodyMaskKey{}) == nil {
		return
	}
	for i, path := range mask.GetPaths() {
		mask.Paths[i], _, _ = strings.Cut(path, ".")
	}
	slices.Sort(mask.GetPaths())
	mask.Paths = slices.Compact(mask.GetPaths())
	mask.Paths = slices.DeleteFunc(mask.GetPaths(), func(path string) bool { return path == "name" || path == "etag" })
}

// snakeCase returns a field's name in the protos from its name in JSON; one that is in snake case
// already stays as it is.
func snakeCase(name string) string {
	if !strings.ContainsFunc(name, unicode.IsUpper) {
		return name
	}
	var b strings.Builder
	for _, c := range name {
		if unicode.IsUpper(c) {
			b.WriteByte('_')
			c = unicode.ToLower(c)
		}
		b.WriteRune(c)
	}
	return b.String()
}
