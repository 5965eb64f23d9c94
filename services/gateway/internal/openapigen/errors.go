package openapigen

import "strings"

// statusName is the component of an error, google.rpc.Status as JSON.
const statusName = "Status"

// addErrors adds the components of errors.
func addErrors(schemas object) {
	schemas[statusName] = object{
		"type": "object", "description": "An error, as google.rpc.Status is written in JSON. Act on the reason in its details: messages change, reasons do not.",
		"required": []string{"code", "message", "details"},
		"properties": object{
			"code":    object{"type": "integer", "format": "int32", "description": "The gRPC code, such as 5 for NOT_FOUND."},
			"message": object{"type": "string", "description": "What was wrong and what would be right, for a developer."},
			"details": object{"type": "array", "items": ref("ErrorDetail"), "description": "More about the error. One detail has the reason."},
		},
	}
	schemas["ErrorDetail"] = object{
		"type": "object", "description": "One detail of an error: ErrorInfo, BadRequest, RetryInfo or another message of google.rpc. `@type` says which.",
		"required": []string{"@type"},
		"properties": object{
			"@type":           object{"type": "string", "description": "The message's type, such as `type.googleapis.com/google.rpc.ErrorInfo`."},
			"reason":          object{"type": "string", "description": "In ErrorInfo: the error's reason, a stable word such as `OFFER_NOT_FOUND`."},
			"domain":          object{"type": "string", "description": "In ErrorInfo: `couponlink`."},
			"metadata":        object{"type": "object", "additionalProperties": object{"type": "string"}, "description": "In ErrorInfo: values that belong to the reason, such as `suggestion`."},
			"fieldViolations": object{"type": "array", "items": ref("FieldViolation"), "description": "In BadRequest: the fields at fault."},
			"retryDelay":      object{"type": "string", "description": "In RetryInfo: how long to wait before the next try, such as `1s`."},
		},
		"additionalProperties": true,
	}
	schemas["FieldViolation"] = object{
		"type": "object", "description": "What is wrong with one field.", "required": []string{"field", "description"},
		"properties": object{
			"field":       object{"type": "string", "description": "The field, such as `coupon.start_time`."},
			"description": object{"type": "string", "description": "What is wrong with it."},
			"reason":      object{"type": "string", "description": "The reason, a stable word such as `INVALID_CODE`."},
		},
		"additionalProperties": true,
	}
}

// example returns an example of an error.
func example(code int, reason, field string) object {
	message := strings.ReplaceAll(strings.ToLower(reason), "_", " ")
	details := []object{{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": "couponlink", "metadata": object{}}}
	if field != "" {
		details = append(details, object{
			"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": []object{{"field": field, "description": message, "reason": reason}},
		})
	}
	return object{"value": object{"code": code, "message": message, "details": details}}
}

// errorResponse returns a response with an error.
func errorResponse(description string, examples object) object {
	return object{"description": description, "content": object{"application/json": object{"schema": ref(statusName), "examples": examples}}}
}

// waiting returns a response with the header that says how long to wait.
func waiting(response object) object {
	response["headers"] = object{"Retry-After": object{"description": "Seconds to wait before the next try.", "schema": object{"type": "integer"}}}
	return response
}

// commonRef returns a reference to a response that many calls have.
func commonRef(name string) object { return object{"$ref": "#/components/responses/" + name} }

// commonResponses returns the responses that many calls have.
func commonResponses() object {
	one := func(code int, reason, description string) object {
		return errorResponse(description, object{reason: example(code, reason, "")})
	}
	return object{
		"Unauthenticated":      one(16, "UNAUTHENTICATED", "The key is missing or wrong."),
		"TooLarge":             one(3, "BODY_TOO_LARGE", "The body is larger than the call takes."),
		"UnsupportedMediaType": one(3, "UNSUPPORTED_MEDIA_TYPE", "The body's Content-Type is not one that the call takes."),
		"TooManyRequests":      waiting(one(8, "TOO_MANY_SAVED_REPORTS", "There is too much of what the reason names; wait if there is a `Retry-After`.")),
		"Unavailable":          waiting(one(14, "SERVICE_UNREACHABLE", "A service cannot answer now; send the same call again.")),
		"Error":                one(13, "INTERNAL", "Any other error."),
	}
}
