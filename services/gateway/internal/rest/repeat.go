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

// repeatID returns what the Idempotency-Key of a request to a route says in the route's repeatField: "" if there is no
// key, or if the route does not need it. A POST without such a field changes nothing, or takes a file and reads the key itself.
func (rt route) repeatID(header http.Header) (string, *status.Status) {
	values := header.Values(repeatKey)
	if len(values) == 0 || rt.method != http.MethodPost || repeatField(rt.input) == nil {
		return "", nil
	}
	key, fault := keyOf(values)
	if fault == nil && repeatField(rt.input).Name() == "request_id" {
		key = uuidOf(key)
	}
	return key, fault
}

// RepeatID returns the request_id that the Idempotency-Key of a request stands for; "" if there is no key.
func RepeatID(header http.Header) (string, *status.Status) {
	values := header.Values(repeatKey)
	if len(values) == 0 {
		return "", nil
	}
	key, fault := keyOf(values)
	if fault != nil {
		return "", fault
	}
	return uuidOf(key), nil
}

// keyOf returns the key in the headers of a request.
func keyOf(values []string) (string, *status.Status) {
	if len(values) > 1 {
		return "", Malformed("MALFORMED_IDEMPOTENCY_KEY", repeatKey, fmt.Sprintf("was sent %d times; send it once", len(values)))
	}
	key, ok := parseKey(values[0])
	if !ok {
		return "", Malformed("MALFORMED_IDEMPOTENCY_KEY", repeatKey, fmt.Sprintf("must be 1 to %d visible ASCII characters, with or without quotes around them, such as a UUID", maxKeyChars))
	}
	return key, nil
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
