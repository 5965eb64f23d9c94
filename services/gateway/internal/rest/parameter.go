package rest

import (
	"fmt"
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/couponlink/couponlink/services/internal/fieldname"
)

// Parameter returns the value of a query's parameter, which may be named in snake_case, as name is, or in camelCase.
// isSet is false if it has neither name; a fault means that it has both.
func Parameter(query url.Values, name string) (value string, isSet bool, fault *status.Status) {
	camel := fieldname.Camel(name)
	if query.Has(name) && query.Has(camel) {
		return "", true, twoNames(name)
	}
	return query.Get(name) + query.Get(camel), query.Has(name) || query.Has(camel), nil
}

// twoNames returns the error for a parameter that is in the query in snake_case and in camelCase.
func twoNames(name string) *status.Status {
	return Malformed("DUPLICATE_PARAMETER", name, "is in the query twice, under two names; send it once")
}

// valueFault says why a field cannot have a parameter's value, and what it could have. It returns "" if the field can,
// or is nil. grpc-gateway reads the same values, but its errors are those of Go's parsers.
func valueFault(field protoreflect.FieldDescriptor, value string) string {
	if field == nil {
		return ""
	}
	var err error
	var wanted string
	switch field.Kind() {
	case protoreflect.BoolKind:
		_, err = strconv.ParseBool(value)
		wanted = "must be true or false"
	case protoreflect.Int32Kind:
		_, err = strconv.ParseInt(value, 10, 32)
		wanted = fmt.Sprintf("must be a whole number, at most %d", math.MaxInt32)
	case protoreflect.Int64Kind:
		_, err = strconv.ParseInt(value, 10, 64)
		wanted = "must be a whole number"
	case protoreflect.DoubleKind:
		_, err = strconv.ParseFloat(value, 64)
		wanted = "must be a number"
	case protoreflect.EnumKind:
		if field.Enum().Values().ByName(protoreflect.Name(value)) != nil {
			return ""
		}
		number, numberErr := strconv.ParseInt(value, 10, 32)
		if err = numberErr; err == nil && field.Enum().Values().ByNumber(protoreflect.EnumNumber(number)) == nil {
			err = strconv.ErrRange
		}
		wanted = "must be one of " + strings.Join(valueNames(field.Enum()), ", ")
	case protoreflect.MessageKind:
		switch field.Message().FullName() {
		case "google.protobuf.Timestamp":
			_, err = time.Parse(time.RFC3339Nano, value)
			wanted = "must be a time in RFC 3339, such as 2026-11-01T00:00:00Z"
		case "google.protobuf.Duration":
			_, err = time.ParseDuration(value)
			wanted = "must be a duration in seconds, such as 3600s"
		}
	}
	if err == nil {
		return ""
	}
	return fmt.Sprintf("%s, not %.60q", wanted, value)
}

// valueNames returns the names of an enum's values, but for its unspecified one.
func valueNames(enum protoreflect.EnumDescriptor) []string {
	var names []string
	for i := range enum.Values().Len() {
		if value := enum.Values().Get(i); value.Number() != 0 {
			names = append(names, string(value.Name()))
		}
	}
	return names
}
