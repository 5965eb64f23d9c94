package listing

import (
	"slices"
	"strings"

	"github.com/couponlink/couponlink/services/internal/apperr"
)

// maxOrderFields bounds the fields of an order_by. Each one makes the condition for the next page longer.
const maxOrderFields = 5

// parseOrder parses an order_by such as "create_time desc, offer". It appends the key in the last field's direction, so
// that stores can follow one index. If any is set, fields need not be Sortable.
func (s *Schema) parseOrder(text string, any bool) ([]Order, error) {
	ok := func(f *Field) bool { return f.Sortable || any }
	var order []Order
	if strings.TrimSpace(text) != "" {
		parts := strings.Split(text, ",")
		if len(parts) > maxOrderFields {
			return nil, invalidOrder("%d fields are too many; at most %d may be named", len(parts), maxOrderFields)
		}
		for _, part := range parts {
			next, err := s.parseOrderField(part, ok)
			if err != nil {
				return nil, err
			}
			if slices.ContainsFunc(order, func(o Order) bool { return o.Field == next.Field }) {
				return nil, invalidOrder("%.60q is a field named before", strings.TrimSpace(part))
			}
			order = append(order, next)
		}
	}
	return s.total(order), nil
}

// parseOrderField parses one field and its direction.
func (s *Schema) parseOrderField(text string, ok func(*Field) bool) (Order, error) {
	words := strings.Fields(text)
	if len(words) == 0 {
		return Order{}, invalidOrder("a field is missing before or after a comma")
	}
	field := s.find(words[0], ok)
	if field == nil {
		return Order{}, invalidOrder("cannot order by %.60q; the fields to order by are %s", words[0], s.names(ok))
	}
	desc := len(words) == 2 && words[1] == "desc"
	if len(words) > 2 || len(words) == 2 && !desc && words[1] != "asc" {
		return Order{}, invalidOrder("after %s, expected a comma, asc or desc, found %.60q", words[0], strings.Join(words[1:], " "))
	}
	return Order{Field: field.Stored, Desc: desc}, nil
}

// total returns an order that ends with the key. Fields after the key make no difference, and are dropped.
func (s *Schema) total(order []Order) []Order {
	for i, o := range order {
		if o.Field == s.key {
			return order[:i+1]
		}
	}
	desc := len(order) > 0 && order[len(order)-1].Desc
	return append(order, Order{Field: s.key, Desc: desc})
}

func invalidOrder(format string, args ...any) error {
	return apperr.Invalid("INVALID_ORDER_BY", "order_by", format, args...)
}
