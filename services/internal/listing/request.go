package listing

import (
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
)

const (
	defaultPageSize = 50
	maxPageSize     = 1000
)

// Request is a list request as it came.
type Request struct {
	// Parent is the collection's parent resource: "offers/10"; empty where there is none. It only
	// tells page tokens apart: to narrow the list to it is the scope's part.
	Parent    string
	Filter    string
	OrderBy   string
	PageToken string
	PageSize  int32
	// Take, if set, is called by Page with a pointer to each row of the page, in order, and says whether the
	// page has room for it. The page ends before the first row without room, but has one row at least.
	Take func(row any) bool
}

// Query checks a list request. scope, which may be nil, holds besides the filter. now is what
// derived fields are judged by.
//
// A filter has conditions `field = value` joined by AND and OR, negated by NOT or -, grouped by
// parentheses; as AIP-160 has it, OR binds closer than AND. The comparators are = != < <= > >= and
// `:`, which is the same as =, but for a field of kind Title, whose text then contains the value, in
// any case and composed or not: see SearchKey. A value is quoted, or a word. A trailing * matches any ending;
// inside quotes, \* \" \' and \\ stand for the characters themselves.
//
// Errors: INVALID_ARGUMENT on `filter` (INVALID_FILTER), `order_by` (INVALID_ORDER_BY), `page_size`
// (INVALID_PAGE_SIZE) or `page_token` (INVALID_PAGE_TOKEN).
func (s *Schema) Query(req Request, scope Expr, now time.Time) (Query, error) {
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
		Where:    both(scope, filter),
		Order:    order,
		Limit:    pageSize(req.PageSize) + 1,
		checksum: s.checksum(req),
		take:     req.Take,
	}
	if req.PageToken != "" {
		q.After, err = s.parseToken(req.PageToken, q)
	}
	return q, err
}

// pageSize returns how many rows a page has at most.
func pageSize(asked int32) int {
	if asked == 0 {
		return defaultPageSize
	}
	return min(int(asked), maxPageSize)
}

// both returns the condition that two conditions hold, either of which may be nil.
func both(a, b Expr) Expr {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	return And{a, b}
}
