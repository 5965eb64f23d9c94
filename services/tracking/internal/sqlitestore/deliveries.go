package sqlitestore

import (
	"context"
	"database/sql"
	"strconv"
	"strings"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/listing/sqlquery"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/record"
)

const (
	deliveryColumns = `conversion, change, publisher, offer, status, state, due_time, first_due_time, attempt_count,
		create_time, finish_time, payload`
	// attemptsColumn is read with one delivery, and with those that are claimed.
	attemptsColumn = `attempts`
	wholeDelivery  = deliveryColumns + `, ` + attemptsColumn
	// byDeliveryKey selects one delivery.
	byDeliveryKey  = `conversion = ? AND change = ? AND publisher = ?`
	selectDelivery = `SELECT ` + wholeDelivery + ` FROM deliveries WHERE ` + byDeliveryKey
)

// deliveryKey is a delivery's primary key.
type deliveryKey struct {
	conversion string
	change     int
	publisher  string
}

func keyOf(d *domain.Delivery) deliveryKey { return deliveryKey{d.Conversion, d.Change, d.Publisher} }

// parseDeliveryID returns the key that a delivery's id spells; ok is false where it is none.
func parseDeliveryID(id string) (key deliveryKey, ok bool) {
	conversion, rest, _ := strings.Cut(id, "-")
	number, publisher, ok := strings.Cut(rest, "-")
	change, err := strconv.Atoi(number)
	return deliveryKey{conversion, change, publisher}, ok && err == nil && strconv.Itoa(change) == number
}

// args returns what byDeliveryKey takes, after other arguments.
func (k deliveryKey) args(before ...any) []any {
	return append(before, hashKey(k.conversion), k.change, k.publisher)
}

// scanDelivery reads a row of deliveryColumns.
func scanDelivery(row scanner) (domain.Delivery, error) { return scanDeliveryWith(row) }

// scanWholeDelivery reads a row of wholeDelivery.
func scanWholeDelivery(row scanner) (domain.Delivery, error) {
	var attempts string
	d, err := scanDeliveryWith(row, &attempts)
	if err != nil {
		return domain.Delivery{}, err
	}
	var stored []record.Attempt
	err = decodeJSON(attempts, &stored)
	d.Attempts = record.DecodeAttempts(stored)
	return d, err
}

func scanDeliveryWith(row scanner, more ...any) (domain.Delivery, error) {
	var d domain.Delivery
	var due, finish sql.NullInt64
	var firstDue, create int64
	into := []any{
		(*hash)(&d.Conversion), &d.Change, &d.Publisher, &d.Offer, &d.Status, &d.State, &due, &firstDue, &d.AttemptCount,
		&create, &finish, &d.Payload,
	}
	if err := row.Scan(append(into, more...)...); err != nil {
		return domain.Delivery{}, err
	}
	d.ID = d.Conversion + "-" + strconv.Itoa(d.Change) + "-" + d.Publisher
	d.FirstDueTime, d.CreateTime = fromMillis(firstDue), fromMillis(create)
	if due.Valid {
		d.DueTime = fromMillis(due.Int64)
	}
	if finish.Valid {
		d.FinishTime = fromMillis(finish.Int64)
	}
	return d, nil
}

// Delivery implements app.DeliveryStore.
func (s *Store) Delivery(ctx context.Context, id string) (domain.Delivery, error) {
	key, ok := parseDeliveryID(id)
	if !ok {
		return domain.Delivery{}, readFailure("", sql.ErrNoRows)
	}
	delivery, err := scanWholeDelivery(s.db.Read().QueryRowContext(ctx, selectDelivery, key.args()...))
	return delivery, readFailure("reading a delivery", err)
}

// Deliveries implements app.DeliveryStore.
func (s *Store) Deliveries(ctx context.Context, q listing.Query) ([]domain.Delivery, error) {
	query, args := deliveryQuery(q)
	deliveries, err := report(ctx, s, scanDelivery, query, args...)
	return deliveries, readFailure("listing deliveries", err)
}

// deliveryQuery returns a query as SQL with its arguments.
func deliveryQuery(q listing.Query) (query string, args []any) {
	if q.Where != nil {
		q.Where = marked(byKeys(q.Where), markDelivery)
	}
	where, args, orderBy := sqlquery.Build(q, sqlquery.Encode(encodeDelivery))
	query = "SELECT " + deliveryColumns + " FROM deliveries WHERE " + where + " ORDER BY " + orderBy + " LIMIT ?"
	return query, append(args, q.Limit)
}

// markDelivery returns the condition that follows for the column dead.
func markDelivery(c listing.Compare) (more listing.Compare, ok bool) {
	return listing.Compare{Field: "dead", Op: listing.Equal, Value: true}, c.Field == "state" && c.Value == string(domain.DeliveryDead)
}

// byKeys returns a condition with what it says of an id said of the columns that the id is made of, so
// that the primary key is used.
func byKeys(e listing.Expr) listing.Expr {
	each := func(conditions []listing.Expr) []listing.Expr {
		mapped := make([]listing.Expr, len(conditions))
		for i, condition := range conditions {
			mapped[i] = byKeys(condition)
		}
		return mapped
	}
	switch e := e.(type) {
	case listing.And:
		return listing.And(each(e))
	case listing.Or:
		return listing.Or(each(e))
	case listing.Not:
		return listing.Not{Expr: byKeys(e.Expr)}
	case listing.Compare:
		return byKey(e)
	default:
		return e
	}
}

func byKey(c listing.Compare) listing.Expr {
	id, ok := c.Value.(string)
	if !ok || c.Field != "id" || c.Op != listing.Equal {
		return c
	}
	key, ok := parseDeliveryID(id)
	if !ok {
		return listing.Or{} // there is none of that id
	}
	return listing.And{
		listing.Compare{Field: "conversion", Op: listing.Equal, Value: key.conversion},
		listing.Compare{Field: "change", Op: listing.Equal, Value: int64(key.change)},
		listing.Compare{Field: "publisher", Op: listing.Equal, Value: key.publisher},
	}
}

// encodeDelivery returns a value to compare a field with as the field is stored.
func encodeDelivery(field string, value any) any {
	if id, ok := value.(string); ok && field == "conversion" {
		return hashKey(id)
	}
	return value
}
