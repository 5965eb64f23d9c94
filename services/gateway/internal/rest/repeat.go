package rest

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/google/uuid"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// repeatKey is the header with a key under which a POST can be repeated.
const repeatKey = "Idempotency-Key"

// maxKeyChars bounds the key.
const maxKeyChars = 255

// changesNothing reports whether an RPC that is called by POST changes nothing, so that it can be repeated anyway.
func changesNothing(rpc protoreflect.FullName) bool {
	switch rpc {
	case "couponlink.coupon.v1.CouponService.ValidateCoupon",
		"couponlink.tracking.v1.LinkService.BuildTrackingLink",
		"couponlink.tracking.v1.ScanService.ScanLink",
		"couponlink.tracking.v1.ReportService.SummarizeConversions",
		"couponlink.backup.v1.BackupService.VerifyBackup":
		return true
	default:
		return false
	}
}

// repeatID returns what the Idempotency-Key of a request to a route says in the route's repeatField: "" if there is no
// key, or if the route does not need it.
func (rt route) repeatID(header http.Header) (string, *status.Status) {
	values := header.Values(repeatKey)
	switch {
	case len(values) == 0 || rt.method != http.MethodPost || changesNothing(rt.rpc):
		return "", nil
	case repeatField(rt.input) == nil:
		return "", Malformed("UNSUPPORTED_IDEMPOTENCY_KEY", repeatKey,
			"has no meaning for this call, whose effect is not stored with its response; leave it out, and see the call's documentation for what a repetition does")
	case len(values) > 1:
		return "", Malformed("MALFORMED_IDEMPOTENCY_KEY", repeatKey, fmt.Sprintf("was sent %d times; send it once", len(values)))
	}
	id, ok := parseKey(values[0])
	if ok && repeatField(rt.input).Name() == "request_id" {
		id = uuidOf(id)
	}
	if !ok {
		return "", Malformed("MALFORMED_IDEMPOTENCY_KEY", repeatKey, fmt.Sprintf("must be 1 to %d visible ASCII characters, with or without quotes around them, such as a UUID", maxKeyChars))
	}
	return id, nil
}

// parseKey returns the key in a header.
func parseKey(header string) (key string, ok bool) {
	key = strings.TrimSpace(header)
	if len(key) > 1 && key[0] == '"' && key[len(key)-1] == '"' { // a string of RFC 8941, as the IETF's draft has it
		key = key[1 : len(key)-1]
	}
	return key, key != "" && len(key) <= maxKeyChars && !strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' })
}

// uuidOf returns the UUID for a key: the key itself if it is one, else one that is computed from it.
func uuidOf(key string) string {
	given, err := uuid.Parse(key)
	if err != nil || len(key) != len(given.String()) {
		given = uuid.NewSHA1(uuid.NameSpaceURL, []byte("https://couponlink/idempotency-key/"+key))
	}
	return given.String()
}

// repeatField returns the field that identifies repeats of a request, or nil. A reported sale has a
// key of its own, which counts for good.
func repeatField(message protoreflect.MessageDescriptor) protoreflect.FieldDescriptor {
	if field := message.Fields().ByName("request_id"); field != nil {
		return field
	}
	return message.Fields().ByName("idempotency_key")
}

// setRepeatID puts the id from the header into a request. The body may have the same.
func setRepeatID(message protoreflect.Message, id string) *status.Status {
	field := repeatField(message.Descriptor())
	if inBody := message.Get(field).String(); inBody != "" && !strings.EqualFold(inBody, id) {
		return Malformed("MALFORMED_IDEMPOTENCY_KEY", repeatKey, fmt.Sprintf("stands for the %[1]s %[2]s, and the %[1]s in the body is %[3]q; send one of them", field.Name(), id, inBody))
	}
	message.Set(field, protoreflect.ValueOfString(id))
	return nil
}
