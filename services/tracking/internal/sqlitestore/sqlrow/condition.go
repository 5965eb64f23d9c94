package sqlrow

import "github.com/couponlink/couponlink/services/internal/listing"

// Marked adds to a condition on a field, if it applies to all rows, what mark derives from it: a condition on a
// column with a small index.
func Marked(e listing.Expr, mark func(listing.Compare) (more listing.Compare, ok bool)) listing.Expr {
	all := Conjuncts(e)
	for _, condition := range all {
		c, ok := condition.(listing.Compare)
		if !ok || c.Op != listing.Equal {
			continue
		}
		if more, ok := mark(c); ok {
			return append(all[:len(all):len(all)], more)
		}
	}
	return e
}

// Conjuncts splits a condition into those that it joins with AND.
func Conjuncts(e listing.Expr) listing.And {
	switch e := e.(type) {
	case nil:
		return nil
	case listing.And:
		return e
	default:
		return listing.And{e}
	}
}
