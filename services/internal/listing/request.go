package listing

import (
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
)

const (
	defaultPageSize = 50
	maxPageSize     = 1000
)

// Request is a list request, not validated yet.
type Request struct {
	// Parent is the collection's parent resource, such as "offers/10"; "" for top-level collections. It only ties
	// page tokens to the parent. The scope restricts the list to it.
	Parent    string
	Filter    string
	OrderBy   string
	PageToken string
	PageSize  int32
	// Take, if set, is called by Page with a pointer to each row of the page, in order. It reports whether the row
	// still fits. The page ends before the first row that does not fit, but has at least one row.
	Take func(row any) bool
}

// Query validates a list request of a caller that may know of some rows. scope, which may be nil, is a condition in
// addition to the filter. Derived fields are evaluated at now. For fields that are hidden from the caller, the request
// is refused as for fields that do not exist.
//
// A filter has conditions `field = value`, joined by AND and OR, negated by NOT or -, and grouped by parentheses. As in
// AIP-160, OR binds more tightly than AND. The comparators are = != < <= > >= and `:`. For a text, `:` means that
// it contains the value; a Title is compared as its SearchKey is. For other fields, `:` means =. `field:*` means that the
// field has a value. A value is quoted, or a word. A trailing * matches any ending. Inside quotes, \* \" \' and \\ stand
// for the characters themselves. A time is in RFC 3339, or a date: see Schema.In. Field names are in snake_case or
// camelCase.
//
// Errors: INVALID_ARGUMENT on `filter` (INVALID_FILTER), `order_by` (INVALID_ORDER_BY), `page_size` (INVALID_PAGE_SIZE)
// or `page_token` (INVALID_PAGE_TOKEN).
func (s *Schema) Query(req Request, rows Rows, scope Expr, now time.Time) (Query, error) {
	s = s.shownTo(rows)
	filter, err := s.parseFilter(req.Filter, now.UTC().Truncate(time.Millisecond))
	if err != nil {
		return Query{}, err
	}
	order := s.defaultOrder
	if req.OrderBy != "" {
		if order, err = s.parseOrder(req.OrderBy, false); err != nil {
			return Query{}, err
		}
	}
	if req.PageSize < 0 {
		return Query{}, apperr.Invalid("INVALID_PAGE_SIZE", "page_size", "%d is negative; it must be 1 to %d, or 0 for %d", req.PageSize, maxPageSize, defaultPageSize)
	}
	q := Query{
		Where:    rows.in(both(scope, filter)),
		Order:    order,
		Limit:    pageSize(req.PageSize) + 1,
		checksum: s.checksum(req, rows),
		take:     req.Take,
	}
	if req.PageToken != "" {
		q.After, err = s.parseToken(req.PageToken, q)
	}
	return q, err
}

// pageSize returns the maximum number of rows on a page.
func pageSize(asked int32) int {
	if asked == 0 {
		return defaultPageSize
	}
	return min(int(asked), maxPageSize)
}

// both joins two conditions with And. Either may be nil.
func both(a, b Expr) Expr {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	return And{a, b}
}
