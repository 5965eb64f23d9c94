package rest

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/couponlink/couponlink/services/internal/rpcstatus"
)

// reasonStale is the services' reason if a resource has changed since the caller read it.
const reasonStale = "ETAG_MISMATCH"

// terms has what an HTTP request says about its call in addition to the message.
type terms struct {
	// etag is the revision in If-Match; "" matches any.
	etag string
	// merges means that the update mask is derived from the body, as for a JSON merge patch (RFC 7396), so
	// that an empty object changes nothing.
	merges bool
	// repeatID is what the Idempotency-Key says in the request's repeatField; "" for none.
	repeatID string
}

type termsKey struct{}

// readTerms returns a middleware that stores a request's terms in its context.
func (all routes) readTerms(next runtime.HandlerFunc) runtime.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request, params map[string]string) {
		conditions := r.Header.Values("If-Match")
		hasKey := r.Method == http.MethodPost && len(r.Header.Values(repeatKey)) > 0
		if r.Method == http.MethodGet || r.Method != http.MethodPatch && len(conditions) == 0 && !hasKey { // the fast path: no terms
			next(w, r, params)
			return
		}
		t, fault := all.termsOf(r, conditions)
		if fault != nil {
			WriteStatus(w, http.StatusBadRequest, fault)
			return
		}
		next(w, r.WithContext(context.WithValue(r.Context(), termsKey{}, t)), params)
	}
}

// termsOf returns a request's terms.
func (all routes) termsOf(r *http.Request, conditions []string) (t terms, fault *status.Status) {
	pattern, _ := runtime.HTTPPattern(r.Context())
	var rt route // one without fields, if the request has no route
	if i := all.index(r.Method, pattern.String()); i >= 0 {
		rt = all[i]
	}
	if r.Method == http.MethodPatch {
		query := r.URL.Query()
		t.merges = query.Get("update_mask") == "" && query.Get("updateMask") == ""
	}
	if len(conditions) > 0 {
		if rt.input == nil || !rt.hasEtag() {
			return t, Malformed("UNSUPPORTED_CONDITION", "If-Match", "has no meaning for this call, whose resource has no etag; leave it out")
		}
		etag, ok := parseIfMatch(conditions)
		if !ok {
			return t, Malformed("MALFORMED_CONDITION", "If-Match", `must be one etag in quotes, as the ETag header has it, or *`)
		}
		t.etag = etag
	}
	if rt.input != nil {
		t.repeatID, fault = rt.repeatID(r.Header)
	}
	return t, fault
}

// parseIfMatch returns the etag in If-Match, "" for `*`.
func parseIfMatch(conditions []string) (etag string, ok bool) {
	value := strings.TrimSpace(strings.Join(conditions, ","))
	if value == "*" {
		return "", true
	}
	// A weak etag never matches a strong one (RFC 9110), and all etags here are strong.
	if strings.HasPrefix(value, "W/") {
		return value, true
	}
	etag, ok = strings.CutPrefix(value, `"`)
	etag, closed := strings.CutSuffix(etag, `"`)
	return etag, ok && closed && etag != "" && !strings.Contains(etag, `"`)
}

// hasEtag reports whether a call's request, or the resource in it, has an etag.
func (rt route) hasEtag() bool { return etagField(rt.input) != nil || resourceField(rt.input) != nil }

func etagField(message protoreflect.MessageDescriptor) protoreflect.FieldDescriptor {
	return message.Fields().ByName("etag")
}

// resourceField returns the field of an update request that holds the resource; nil for other requests.
func resourceField(request protoreflect.MessageDescriptor) protoreflect.FieldDescriptor {
	if request.Fields().ByName("update_mask") == nil {
		return nil
	}
	for i := range request.Fields().Len() {
		if f := request.Fields().Get(i); f.Message() != nil && !f.IsList() && etagField(f.Message()) != nil {
			return f
		}
	}
	return nil
}

// apply puts the terms into a request.
func (t terms) apply(request proto.Message) error {
	message := request.ProtoReflect()
	if t.repeatID != "" {
		if fault := setRepeatID(message, t.repeatID); fault != nil {
			return fault.Err()
		}
	}
	holder := message
	if field := resourceField(message.Descriptor()); field != nil {
		holder = message.Mutable(field).Message()
		if update, ok := request.(interface{ GetUpdateMask() *fieldmaskpb.FieldMask }); ok && t.merges {
			dropEmpty(update.GetUpdateMask(), holder)
		}
	}
	if t.etag == "" {
		return nil
	}
	field := etagField(holder.Descriptor())
	if inBody := holder.Get(field).String(); inBody != "" && inBody != t.etag {
		return rpcstatus.New(codes.Aborted, reasonStale, "the etag in the body is not that of If-Match; send one of them").Err()
	}
	holder.Set(field, protoreflect.ValueOfString(t.etag))
	return nil
}

// dropEmpty removes paths to empty objects from a mask.
func dropEmpty(mask *fieldmaskpb.FieldMask, resource protoreflect.Message) {
	mask.Paths = slices.DeleteFunc(mask.GetPaths(), func(path string) bool {
		if path == "" { // the body itself is empty
			return true
		}
		at := resource
		for name := range strings.SplitSeq(path, ".") {
			field := at.Descriptor().Fields().ByName(protoreflect.Name(name))
			if field == nil || field.Message() == nil || field.IsList() || field.IsMap() || !at.Has(field) {
				return false
			}
			at = at.Get(field).Message()
		}
		return at.Descriptor().FullName().Parent() != "google.protobuf" && proto.Size(at.Interface()) == 0
	})
}

// setETag sets the ETag header of a response that has a single resource.
func setETag(_ context.Context, w http.ResponseWriter, answer proto.Message) error {
	if resource, ok := answer.(interface{ GetEtag() string }); ok && resource.GetEtag() != "" {
		w.Header().Set("ETag", `"`+resource.GetEtag()+`"`)
	}
	return nil
}
