package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/listing"
)

// rows says how the suite lists things of one kind, and what lists of them must hold.
type rows[T any] struct {
	// value is a row's value of a stored field, as listing has it.
	value func(row T, field string) any
	list  func(t *testing.T, s Store, q listing.Query) []T
}

// selected is what a query selects, its limit aside.
func (r rows[T]) selected(from []T, q listing.Query) []T {
	var result []T
	for _, row := range from {
		if q.Where == nil || holds(func(field string) any { return r.value(row, field) }, q.Where) {
			result = append(result, row)
		}
	}
	slices.SortFunc(result, func(a, b T) int {
		for _, o := range q.Order {
			order := compare(r.value(a, o.Field), r.value(b, o.Field))
			if o.Desc {
				order = -order
			}
			if order != 0 {
				return order
			}
		}
		return 0
	})
	return result
}

// pages lists page after page and calls between after each.
func (r rows[T]) pages(t *testing.T, s Store, q listing.Query, between func()) []T {
	t.Helper()
	var all []T
	for {
		page := r.list(t, s, q)
		all = append(all, page...)
		if len(page) < q.Limit {
			return all
		}
		q.After = nil
		for _, o := range q.Order {
			q.After = append(q.After, r.value(page[len(page)-1], o.Field))
		}
		between()
	}
}

// check compares what a store lists, page by page, with what a query selects from rows.
func (r rows[T]) check(t *testing.T, s Store, stored []T, q listing.Query) {
	t.Helper()
	id := func(row T) string { return fmt.Sprint(r.value(row, "id")) }
	want := texts(r.selected(stored, q), id)
	if got := texts(r.pages(t, s, q, func() {}), id); !slices.Equal(got, want) {
		t.Errorf("%v by %v: got %d rows\n%q, want %d\n%q", q.Where, q.Order, len(got), got, len(want), want)
	}
}

// texts maps rows to texts.
func texts[T any](rows []T, text func(T) string) []string {
	result := make([]string, len(rows))
	for i, row := range rows {
		result[i] = text(row)
	}
	return result
}

// compare orders two values of one field; text by its bytes.
func compare(a, b any) int {
	switch a := a.(type) {
	case string:
		return strings.Compare(a, b.(string))
	case time.Time:
		return a.Compare(b.(time.Time))
	case bool:
		switch b := b.(bool); {
		case a == b:
			return 0
		case b:
			return -1
		default:
			return 1
		}
	default:
		panic(fmt.Sprintf("no field holds a %T", a))
	}
}

// holds reports whether a row with these values satisfies a condition.
func holds(value func(field string) any, e listing.Expr) bool {
	switch e := e.(type) {
	case listing.And:
		return !slices.ContainsFunc(e, func(e listing.Expr) bool { return !holds(value, e) })
	case listing.Or:
		return slices.ContainsFunc(e, func(e listing.Expr) bool { return holds(value, e) })
	case listing.Not:
		return !holds(value, e.Expr)
	case listing.Compare:
		return relation(value(e.Field), e.Op, e.Value)
	default:
		panic(fmt.Sprintf("no condition is a %T", e))
	}
}

func relation(a any, op listing.Op, b any) bool {
	switch op {
	case listing.Equal:
		return compare(a, b) == 0
	case listing.NotEqual:
		return compare(a, b) != 0
	case listing.Less:
		return compare(a, b) < 0
	case listing.LessEqual:
		return compare(a, b) <= 0
	case listing.Greater:
		return compare(a, b) > 0
	case listing.GreaterEqual:
		return compare(a, b) >= 0
	case listing.HasPrefix:
		return strings.HasPrefix(a.(string), b.(string))
	default:
		panic("no relation " + op)
	}
}
