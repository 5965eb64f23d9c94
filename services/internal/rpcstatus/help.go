package rpcstatus

import (
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/status"
)

// helpOf returns the page and section to read about a reason, below the address of the documentation; "" if the error's
// message says everything.
func helpOf(reason string) string {
	switch reason {
	case "INVALID_FILTER", "INVALID_ORDER_BY":
		return "reports.md#conversions"
	case "MISSING_SIGNATURE", "INVALID_SIGNATURE", "STALE_SIGNATURE", "UNSIGNED_PARAMETERS":
		return "postbacks.md#signatures"
	case "INVALID_LANDING_PAGE_URL", "INVALID_FORWARD_PARAMETERS":
		return "links.md"
	case "INVALID_POSTBACK_URL", "INVALID_DELIVERY", "NO_POSTBACK_URL":
		return "callers/publisher.md#what-arrives"
	case "DELIVERY_NOT_FOUND":
		return "callers/publisher.md#send-again"
	case "INVALID_BASKET":
		return "callers/checkout.md#ask-what-a-code-takes-off"
	case "INVALID_RESUME_TOKEN":
		return "callers/frontend.md#live-sales"
	case "ETAG_MISMATCH":
		return "callers/frontend.md#patch-and-etag"
	case "CONVERSION_CONFLICT":
		return "callers/platform.md#what-can-be-repeated"
	case "NO_RATES", "CONVERSION_UNATTRIBUTED", "PUBLISHER_BLOCKED", "TOO_MANY_CHANGES":
		return "errors.md#state"
	case "ANSWER_TOO_LARGE", "BODY_INCOMPLETE", "BODY_TOO_LARGE", "CONFLICTING_ALIASES", "CONFLICTING_PRESETS",
		"DUPLICATE_PARAMETER", "MALFORMED_BODY", "MALFORMED_CONDITION", "MALFORMED_IDEMPOTENCY_KEY",
		"MALFORMED_PATH", "MALFORMED_QUERY", "MALFORMED_REQUEST", "METHOD_NOT_ALLOWED", "NO_SUCH_ROUTE",
		"UNKNOWN_PARAMETER", "UNKNOWN_PRESET", "UNSUPPORTED_CONDITION", "UNSUPPORTED_CONTENT_TYPE",
		"UNSUPPORTED_MEDIA_TYPE":
		return "errors.md#reading-a-request"
	case "UNAUTHENTICATED":
		return "errors.md#keys-tokens-and-signatures"
	case "STORE_UNAVAILABLE", "OVERLOADED":
		return "errors.md#the-services-themselves"
	}
	return ""
}

// WithHelp returns a status with a link to the page about its reason, if there is one. docs is the address of the
// documentation, such as https://go.example.com/docs; "" for no links.
func WithHelp(st *status.Status, docs string) *status.Status {
	page := helpOf(Reason(st))
	if page == "" || docs == "" {
		return st
	}
	helped, err := st.WithDetails(&errdetails.Help{Links: []*errdetails.Help_Link{
		{Description: "What " + Reason(st) + " means and what to do", Url: docs + "/" + page},
	}})
	if err != nil {
		return st
	}
	return helped
}
