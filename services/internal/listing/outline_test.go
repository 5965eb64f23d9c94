package listing_test

import (
	"reflect"
	"testing"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/listing"
)

func TestOutline(t *testing.T) {
	a, b := listing.Clause{Field: "a", Op: listing.Equal, Value: "1"}, listing.Clause{Field: "b", Op: listing.Has, Value: `x"`, Prefix: true}
	c := listing.Clause{Field: "c", Op: listing.GreaterEqual, Value: "2026-11-01T00:00:00Z"}
	for filter, want := range map[string]listing.Outline{
		``:      {IsFlat: true},
		`  `:    {IsFlat: true},
		`a = 1`: {Clauses: []listing.Clause{a}, IsFlat: true},
		`a=1 AND b:"x\"*" AND c >= 2026-11-01T00:00:00Z`: {Clauses: []listing.Clause{a, b, c}, IsFlat: true},
		`a = "1" OR b:'x"*'`:                             {Clauses: []listing.Clause{a, b}, IsFlat: true, IsAny: true},
		`a=1 AND b:"x\"*" OR a=1`:                        {Clauses: []listing.Clause{a, b, a}},
		`NOT a=1`:                                        {Clauses: []listing.Clause{a}},
		`NOT (a=1 OR b:"x\"*")`:                          {Clauses: []listing.Clause{a, b}},
		`a=1 AND (a=1 AND a = 1)`:                        {Clauses: []listing.Clause{a, a, a}},
		`((a=1))`:                                        {Clauses: []listing.Clause{a}, IsFlat: true},
	} {
		got, err := listing.OutlineOf(filter)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v\ngot  %+v\nwant %+v", filter, err, got, want)
		}
	}
}

// The place of a fault is in the error for programs, as it is in the text for people.
func TestFaultHasItsCharacter(t *testing.T) {
	for filter, want := range map[string]string{
		`a`: "2", `a = `: "5", `note = "é" AND =`: "16", `a = "x`: "5", `(a = 1`: "7", "a = \xff": "5", `a = x*y`: "6",
	} {
		_, err := listing.OutlineOf(filter)
		if e := apperr.As(err); e == nil || e.Metadata[listing.MetadataCharacter] != want || e.Reason != "INVALID_FILTER" {
			t.Errorf("%s: %v, want character %s", filter, err, want)
		}
	}
}
