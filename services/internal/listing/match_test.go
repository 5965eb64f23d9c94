package listing_test

import (
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/listing"
)

func TestMatch(t *testing.T) {
	noon := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	row := map[string]any{
		"code": "SALE20", "empty": "", "city": "Žilina", "count": int64(7),
		"price_units": int64(9), "time": noon, "yes": true, "no": false,
	}
	is := func(field string, op listing.Op, value any) listing.Expr {
		return listing.Compare{Field: field, Op: op, Value: value}
	}
	right, wrong := is("code", listing.Equal, "SALE20"), is("code", listing.Equal, "sale20")
	for name, test := range map[string]struct {
		where listing.Expr
		want  bool
	}{
		"no condition":          {nil, true},
		"equal":                 {right, true},
		"case counts":           {wrong, false},
		"not equal":             {is("code", listing.NotEqual, "x"), true},
		"not equal to itself":   {is("code", listing.NotEqual, "SALE20"), false},
		"empty":                 {is("empty", listing.Equal, ""), true},
		"bytes, not words":      {is("city", listing.Greater, "Zuzu"), true},
		"capitals before small": {is("code", listing.Less, "a"), true},
		"less":                  {is("code", listing.Less, "SALE20"), false},
		"less or equal":         {is("code", listing.LessEqual, "SALE20"), true},
		"greater":               {is("code", listing.Greater, "SALE2"), true},
		"greater or equal":      {is("code", listing.GreaterEqual, "SALE3"), false},
		"prefix":                {is("code", listing.HasPrefix, "SALE"), true},
		"prefix of all":         {is("empty", listing.HasPrefix, ""), true},
		"longer than the text":  {is("code", listing.HasPrefix, "SALE200"), false},
		"not at the beginning":  {is("code", listing.HasPrefix, "ALE"), false},
		"within":                {is("city", listing.Contains, "ilin"), true},
		"within, another case":  {is("code", listing.Contains, "ale2"), false},
		"not within":            {is("code", listing.Contains, "ale3"), false},
		"nothing is within all": {is("empty", listing.Contains, ""), true},
		"number":                {is("count", listing.Less, int64(10)), true},
		"number equal":          {is("count", listing.NotEqual, int64(7)), false},
		"time":                  {is("time", listing.GreaterEqual, noon.In(time.FixedZone("x", 3600))), true},
		"time later":            {is("time", listing.Greater, noon.Add(-time.Millisecond)), true},
		"true":                  {is("yes", listing.Equal, true), true},
		"false before true":     {is("no", listing.Less, true), true},
		"true is not less":      {is("yes", listing.Less, false), false},
		"true is more":          {is("yes", listing.Greater, false), true},
		"part of an amount":     {listing.Compare{Field: "price", Part: listing.Units, Op: listing.Equal, Value: int64(9)}, true},
		"and":                   {listing.And{right, is("count", listing.Equal, int64(7))}, true},
		"and, one wrong":        {listing.And{right, wrong}, false},
		"empty and":             {listing.And{}, true},
		"or":                    {listing.Or{wrong, right}, true},
		"or, none right":        {listing.Or{wrong, wrong}, false},
		"empty or":              {listing.Or{}, false},
		"not":                   {listing.Not{Expr: wrong}, true},
		"not of a nested one":   {listing.Not{Expr: listing.Or{wrong, listing.And{right}}}, false},
	} {
		if got := listing.Match(test.where, func(field string) any { return row[field] }); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

// TestMatchRefusesOtherTypes checks that a condition of another type panics: it is a programming error.
func TestMatchRefusesOtherTypes(t *testing.T) {
	for name, where := range map[string]listing.Expr{
		"another type":     listing.Compare{Field: "code", Op: listing.Equal, Value: int64(1)},
		"no type of ours":  listing.Compare{Field: "code", Op: listing.Equal, Value: 1.5},
		"prefix of number": listing.Compare{Field: "code", Op: listing.HasPrefix, Value: int64(1)},
		"within a number":  listing.Compare{Field: "code", Op: listing.Contains, Value: int64(1)},
		"no relation":      listing.Compare{Field: "code", Op: "~", Value: "x"},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			listing.Match(where, func(string) any { return "SALE20" })
		})
	}
}
