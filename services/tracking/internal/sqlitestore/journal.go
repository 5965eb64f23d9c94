package sqlitestore

import (
	"context"
	"errors"
	"time"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/listing/sqlquery"
	"github.com/couponlink/couponlink/services/tracking/internal/flow"
	"github.com/couponlink/couponlink/services/tracking/internal/rules"
)

// idSlack is by how much an entry's time and the time that its id holds may differ: they are read one
// after the other.
const idSlack = time.Minute

// Postbacks implements flow.PostbackStore.
func (s *Store) Postbacks(ctx context.Context, q listing.Query) ([]rules.Postback, error) {
	q, err := s.byEntries(ctx, q)
	if err != nil {
		return nil, err
	}
	query, args := postbackQuery(q)
	postbacks, err := list(ctx, s, scanPostback, query, args...)
	return postbacks, readFailure("listing postbacks", err)
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
	where, args, orderBy := sqlquery.Build(q, sqlquery.Encode(encodePostback))
	query = "SELECT " + postbackColumns + ", replay FROM postbacks WHERE " + where + " ORDER BY " + orderBy + " LIMIT ?"
	return query, append(args, q.Limit)
}

// withIDs adds to what a condition says of the time, where that holds for all rows, what follows for
// their ids: the primary key then leads to them.
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

// byEntries returns a query with what it says of a conversion, where that holds for all rows, said of
// the entry that made it, which the conversion names, and of the later ones, which have an index.
func (s *Store) byEntries(ctx context.Context, q listing.Query) (listing.Query, error) {
	conditions, ok := q.Where.(listing.And)
	if !ok && q.Where != nil {
		conditions = listing.And{q.Where}
	}
	narrowed := make(listing.And, len(conditions))
	for i, condition := range conditions {
		narrowed[i] = condition
		c, ok := condition.(listing.Compare)
		id, isText := c.Value.(string)
		if !ok || !isText || c.Field != "conversion" || c.Op != listing.Equal || id == "" {
			continue
		}
		entries := listing.Or{listing.And{listing.Compare{Field: "later", Op: listing.Equal, Value: true}, c}}
		conversion, err := s.Conversion(ctx, id)
		if err != nil && !errors.Is(err, flow.ErrNotFound) {
			return q, err
		}
		if conversion.Postback != "" {
			entries = append(entries, listing.And{listing.Compare{Field: "id", Op: listing.Equal, Value: conversion.Postback}, c})
		}
		narrowed[i] = entries
	}
	if len(narrowed) > 0 {
		q.Where = narrowed
	}
	return q, nil
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
			return timeKey(v)
		case "conversion":
			return hashKey(v)
		}
	}
	return value
}
