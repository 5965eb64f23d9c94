package listing

import (
	"cmp"
	"fmt"
	"strings"
	"time"
)

// Match reports whether a row that is in no store satisfies a condition; every row satisfies nil. value returns the
// value of a column, in Compare.Value's type. Texts are compared byte by byte, as in the stores.
//
// Match panics on an unknown condition or a value of another type, which only a programming error can cause.
func Match(e Expr, value func(column string) any) bool {
	switch e := e.(type) {
	case nil:
		return true
	case And:
		for _, condition := range e {
			if !Match(condition, value) {
				return false
			}
		}
		return true
	case Or:
		for _, condition := range e {
			if Match(condition, value) {
				return true
			}
		}
		return false
	case Not:
		return !Match(e.Expr, value)
	case Compare:
		return e.matches(value(e.Column()))
	default:
		panic(fmt.Sprintf("listing: unknown condition %T", e))
	}
}

// matches reports whether a value has the relation to c's value.
func (c Compare) matches(value any) bool {
	switch c.Op {
	case HasPrefix:
		return strings.HasPrefix(as[string](c, value), as[string](c, c.Value))
	case Contains:
		return strings.Contains(as[string](c, value), as[string](c, c.Value))
	}
	order := c.compare(value)
	switch c.Op {
	case Equal:
		return order == 0
	case NotEqual:
		return order != 0
	case Less:
		return order < 0
	case LessEqual:
		return order <= 0
	case Greater:
		return order > 0
	case GreaterEqual:
		return order >= 0
	default:
		panic(fmt.Sprintf("listing: unknown relation %q", c.Op))
	}
}

// compare compares a value with c's value: less than 0, 0, or more.
func (c Compare) compare(value any) int {
	switch to := c.Value.(type) {
	case string:
		return strings.Compare(as[string](c, value), to)
	case int64:
		return cmp.Compare(as[int64](c, value), to)
	case time.Time:
		return as[time.Time](c, value).Compare(to)
	case bool:
		return compareBools(as[bool](c, value), to)
	default:
		panic(fmt.Sprintf("listing: %s cannot be compared with a %T", c.Field, c.Value))
	}
}

// compareBools orders false before true.
func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	default:
		return 1
	}
}

// as asserts the type of a value of c's field.
func as[T any](c Compare, value any) T {
	typed, ok := value.(T)
	if !ok {
		panic(fmt.Sprintf("listing: %s is a %T and is compared as a %T", c.Field, value, typed))
	}
	return typed
}
