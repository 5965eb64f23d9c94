package sqlrow

import "github.com/couponlink/couponlink/services/internal/listing"

// Marked returns e with one more condition, on a column with a small index. mark derives it from an equality that e joins
// with AND. If mark accepts none, Marked returns e.
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
