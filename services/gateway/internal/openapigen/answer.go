package openapigen

import (
	"regexp"
	"slices"
	"strings"

	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// messageName returns the name of a field's message; "" for other fields.
func messageName(field *protogen.Field) protoreflect.FullName {
	if field.Message == nil {
		return ""
	}
	return field.Message.Desc.FullName()
}

// hasField reports whether a message has a field.
func hasField(message *protogen.Message, name string) bool {
	return slices.ContainsFunc(message.Fields, func(f *protogen.Field) bool { return string(f.Desc.Name()) == name })
}

// hasCondition reports whether a call takes If-Match.
func hasCondition(c call) bool {
	return c.verb != "get" && (hasField(c.method.Input, "etag") || c.verb == "patch" && hasField(c.method.Output, "etag"))
}

// isRepeatable reports whether a call takes Idempotency-Key.
func isRepeatable(c call) bool { return c.verb == "post" && hasField(c.method.Input, "request_id") }

// isSale reports whether a call takes Idempotency-Key as the key of what it reports.
func isSale(c call) bool { return c.verb == "post" && hasField(c.method.Input, "idempotency_key") }

// headers returns the headers that a call takes.
func headers(c call) []object {
	var all []object
	if hasCondition(c) {
		all = append(all, object{
			"name": "If-Match", "in": "header", "schema": object{"type": "string", "pattern": `^(\*|(W/)?"[^"]+")$`},
			"description": "The `ETag` of the resource, in quotes, as last read. The call fails with 412 if the resource has changed since.",
		})
	}
	key := object{"type": "string", "pattern": `^("[!-~]{1,255}"|[!-~]{1,255})$`}
	if isSale(c) {
		all = append(all, object{"name": "Idempotency-Key", "in": "header", "schema": key, "description": "The same as `idempotencyKey`."})
	}
	if isRepeatable(c) {
		all = append(all, object{
			"name": "Idempotency-Key", "in": "header", "schema": key, "example": "0195b7a4-5c1e-7d3a-9a52-6b1f0c8e2d47",
			"description": "A key of your choice for this call, such as a UUID. If you do not get the response, send the call again with the same key " +
				"and body: within 24 hours you get the first response, and nothing changes twice. The key of another request is refused with 409.",
		})
	}
	return all
}

// answer returns the response of a call that succeeds.
func (g *generator) answer(c call) (object, error) {
	var schema object
	if known, ok := wellKnown(c.method.Output.Desc.FullName()); ok {
		schema = known
	} else {
		var err error
		if schema, err = g.messageRef(c.method.Output, whole); err != nil {
			return nil, err
		}
	}
	mediaType, description := "application/json", "The call succeeded."
	if c.method.Desc.IsStreamingServer() {
		mediaType, description = "application/x-ndjson", "One JSON object per line."
	}
	answer := object{"description": description, "content": object{mediaType: object{"schema": schema}}}
	if hasField(c.method.Output, "etag") {
		answer["headers"] = object{"ETag": object{"description": "The resource's revision, for `If-Match`.", "schema": object{"type": "string"}}}
	}
	return answer, nil
}

// splitErrors splits a method's comment into its description and its paragraphs about errors.
func splitErrors(comment string) (whatItDoes, errors string) {
	var does, fails []string
	for _, paragraph := range strings.Split(comment, "\n\n") {
		if strings.HasPrefix(paragraph, "Errors: ") {
			fails = append(fails, paragraph)
		} else {
			does = append(does, paragraph)
		}
	}
	return strings.Join(does, "\n\n"), strings.Join(fails, "\n\n")
}

// failure is a kind of error that a call can end with.
type failure struct {
	grpc       string
	code       int
	http       string
	whatItSays string
}

// failures are the kinds of errors, with the HTTP status that the gateway answers with.
func failures() []failure {
	return []failure{
		{"INVALID_ARGUMENT", 3, "400", "A value in the request is not allowed."},
		{"FAILED_PRECONDITION", 9, "400", "The state of a resource does not allow the call."},
		{"UNAUTHENTICATED", 16, "401", "The key is missing or wrong."},
		{"PERMISSION_DENIED", 7, "403", "The key does not allow the call."},
		{"NOT_FOUND", 5, "404", "A resource does not exist."},
		{"ALREADY_EXISTS", 6, "409", "A resource exists already."},
		{"ABORTED", 10, "409", "A resource has changed, or another call is under way."},
		{"RESOURCE_EXHAUSTED", 8, "429", "There are too many calls, or too many resources."},
		{"UNAVAILABLE", 14, "503", "A service cannot answer now; try again."},
	}
}

// namedReason finds the reasons in a comment, and gRPC codes of several words.
var namedReason = regexp.MustCompile(`\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b|\bNO_[A-Z]+\b`)

// namedFields finds the fields that a comment says can be at fault.
var namedFields = regexp.MustCompile("on (`[a-z_.]+`)")

// responses returns the responses of a call: its answer, and each kind of error with an example of each reason that the
// comment names.
func responses(c call, answer object, errorsText string) object {
	all := object{
		"200": answer, "401": commonRef("Unauthenticated"), "429": commonRef("TooManyRequests"), "503": commonRef("Unavailable"), "default": commonRef("Error"),
	}
	examples, kinds := map[string]object{}, map[string][]string{}
	add := func(f failure, http, reason, field string) {
		if examples[http] == nil {
			examples[http] = object{}
		}
		examples[http][reason] = example(f.code, reason, field)
		if !slices.Contains(kinds[http], f.whatItSays) {
			kinds[http] = append(kinds[http], f.whatItSays)
		}
	}
	for _, part := range strings.Split(strings.TrimPrefix(errorsText, "Errors: "), ";") {
		f, ok := failureIn(part)
		if !ok {
			continue
		}
		if field := namedFields.FindStringSubmatch(part); field != nil {
			name := strings.Trim(field[1], "`")
			add(f, f.http, "INVALID_"+strings.ToUpper(strings.ReplaceAll(name, ".", "_")), name)
		}
		for _, reason := range namedReason.FindAllString(part, -1) {
			if reason == f.grpc {
				continue
			}
			if add(f, f.http, reason, ""); reason == "ETAG_MISMATCH" {
				all["412"] = errorResponse("`If-Match` is not the resource's ETag: it has changed.", object{reason: example(f.code, reason, "")})
			}
		}
	}
	if examples["400"] == nil {
		add(failures()[0], "400", "MALFORMED_REQUEST", "")
	}
	if len(c.parameters) > 0 && examples["404"] == nil {
		add(failures()[4], "404", "NO_SUCH_ROUTE", "")
	}
	if c.body != "" {
		all["413"] = commonRef("TooLarge")
		all["415"] = commonRef("UnsupportedMediaType")
	}
	if isRepeatable(c) {
		add(failure{code: 6, whatItSays: "The resource exists, or the key was used for another request."}, "409", "IDEMPOTENCY_KEY_REUSED", "request_id")
	}
	if hasCondition(c) && all["412"] == nil {
		all["412"] = errorResponse("`If-Match` is not the resource's ETag: it has changed.", object{"ETAG_MISMATCH": example(10, "ETAG_MISMATCH", "")})
	}
	for http, some := range examples {
		response := errorResponse(strings.Join(kinds[http], " "), some)
		if http == "429" || http == "503" {
			response = waiting(response)
		}
		all[http] = response
	}
	return all
}

// failureIn returns the kind of error that a part of a comment begins with.
func failureIn(part string) (failure, bool) {
	part = strings.TrimSpace(part)
	for _, f := range failures() {
		if strings.HasPrefix(part, f.grpc) {
			return f, true
		}
	}
	return failure{}, false
}
