package sqlitestore

import (
	"context"
	"errors"
	"time"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/listing/sqlquery"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore/sqlrow"
)

// idSlack is how much an entry's time and the time in its id may differ: they are read one after the other.
const idSlack = time.Minute

func (s *Store) Postbacks(ctx context.Context, q listing.Query) ([]domain.Postback, error) {
	q, err := s.byEntries(ctx, q)
	if err != nil {
		return nil, err
	}
	query, args := postbackQuery(q)
	postbacks, err := sqlrow.Report(ctx, s.db, scanPostback, query, args...)
	return postbacks, sqlrow.ReadFailure("listing postbacks", err)
}

// postbackQuery returns a query as SQL with its arguments.
func postbackQuery(q listing.Query) (query string, args []any) {
	q.Where = withIDs(q.Where)
	if o := q.Order; len(o) == 2 && o[0].Field == "create_time" && o[1].Field == "id" && o[0].Desc == o[1].Desc {
		q.Order = o[1:]
		if q.After != nil {
			q.After = q.After[1:]
		}
	}
	return sqlrow.PageOf(postbackColumns, "postbacks", q, sqlquery.Encode(encodePostback))
}

// withIDs adds to each condition on the time, if it applies to all rows, the condition on ids that follows from
// it, so that the primary key is used.
func withIDs(e listing.Expr) listing.Expr {
	switch e := e.(type) {
	case listing.And:
		all := make(listing.And, len(e))
		for i, condition := range e {
			all[i] = withIDs(condition)
		}
		return all
	case listing.Compare:
		at, ok := e.Value.(time.Time)
		if !ok || e.Field != "create_time" {
			return e
		}
		all := listing.And{e}
		if e.Op == listing.Greater || e.Op == listing.GreaterEqual || e.Op == listing.Equal {
			all = append(all, listing.Compare{Field: "id", Op: listing.GreaterEqual, Value: at.Add(-idSlack)})
		}
		if e.Op == listing.Less || e.Op == listing.LessEqual || e.Op == listing.Equal {
			all = append(all, listing.Compare{Field: "id", Op: listing.Less, Value: at.Add(idSlack)})
		}
		return all
	default:
		return e
	}
}

// mostEntries is how many entries a query by order id looks up one by one.
const mostEntries = 100

// byEntries rewrites a query's conditions on a conversion or an order id, if they apply to all rows. They then
// select the entries that made the conversions, which the conversions name, and the later entries, which have
// indexes.
func (s *Store) byEntries(ctx context.Context, q listing.Query) (listing.Query, error) {
	conditions := sqlrow.Conjuncts(q.Where)
	narrowed := make(listing.And, len(conditions))
	for i, condition := range conditions {
		narrowed[i] = condition
		c, ok := condition.(listing.Compare)
		value, isText := c.Value.(string)
		if !ok || !isText || c.Op != listing.Equal || value == "" || c.Field != "conversion" && c.Field != "transaction_id" {
			continue
		}
		made, err := s.madeBy(ctx, c.Field, value)
		if err != nil {
			return q, err
		}
		if len(made) > mostEntries {
			continue
		}
		entries := listing.Or{listing.And{listing.Compare{Field: "later", Op: listing.Equal, Value: true}, c}}
		for _, id := range made {
			entries = append(entries, listing.And{listing.Compare{Field: "id", Op: listing.Equal, Value: id}, c})
		}
		narrowed[i] = entries
	}
	if len(narrowed) > 0 {
		q.Where = narrowed
	}
	return q, nil
}

// selectEntries finds the entries that made the conversions of an order id.
const selectEntries = `SELECT postback FROM conversions WHERE transaction_id = ? AND postback <> '' LIMIT ?`

// madeBy returns the ids of the entries that made a conversion, or the conversions of an order id; of the latter
// at most mostEntries + 1.
func (s *Store) madeBy(ctx context.Context, field, value string) ([]string, error) {
	if field == "transaction_id" {
		entries, err := sqlrow.List(ctx, s.db, func(row scanner) (id sqlrow.TimeID, err error) { return id, row.Scan(&id) }, selectEntries, value, mostEntries+1)
		ids := make([]string, len(entries))
		for i, id := range entries {
			ids[i] = string(id)
		}
		return ids, sqlrow.ReadFailure("looking for the postbacks of an order", err)
	}
	conversion, err := s.Conversion(ctx, value)
	if errors.Is(err, domain.ErrNotFound) || conversion.Postback == "" && err == nil {
		return nil, nil
	}
	return []string{conversion.Postback}, err
}

// encodePostback returns a value to compare a field with as the field is stored.
func encodePostback(field string, value any) any {
	switch v := value.(type) {
	case time.Time:
		if field == "id" {
			return firstID(v)
		}
	case string:
		switch field {
		case "id":
			return sqlrow.TimeKey(v)
		case "conversion":
			return sqlrow.HashKey(v)
		}
	}
	return value
}
