package rest

import (
	"net/url"

	"google.golang.org/grpc/status"

	"github.com/couponlink/couponlink/services/internal/fieldname"
)

// Parameter returns the value of a query's parameter, which may be named in snake_case, as name is, or in camelCase.
// isSet is false if it has neither name; a fault means that it has both.
func Parameter(query url.Values, name string) (value string, isSet bool, fault *status.Status) {
	camel := fieldname.Camel(name)
	if query.Has(name) && query.Has(camel) {
		return "", true, Malformed("DUPLICATE_PARAMETER", name, "is in the query twice, under two names; send it once")
	}
	return query.Get(name) + query.Get(camel), query.Has(name) || query.Has(camel), nil
}
