// Package deliveries stores deliveries in the tracking service's SQLite file.
//
// Only the SQLite store imports it.
package deliveries

import (
	"context"
	"database/sql"
	"strconv"
	"strings"
	"time"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/listing/sqlquery"
	"github.com/couponlink/couponlink/services/internal/move"
	"github.com/couponlink/couponlink/services/internal/sqlitedb"
	"github.com/couponlink/couponlink/services/internal/sqlitedb/table"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/delivery"
	"github.com/couponlink/couponlink/services/tracking/internal/record"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore/sqlrow"
)

var (
	// deliveryColumns are those of lists.
	deliveryColumns = table.Columns[delivery.Delivery]{
		sqlrow.HashColumn("conversion", func(d *delivery.Delivery) *string { return &d.Conversion }),
		table.Number("change", func(d *delivery.Delivery) *int { return &d.Change }),
		table.Text("publisher", func(d *delivery.Delivery) *string { return &d.Publisher }),
		table.Text("offer", func(d *delivery.Delivery) *string { return &d.Offer }),
		table.Text("status", func(d *delivery.Delivery) *domain.Status { return &d.Status }),
		table.Text("state", func(d *delivery.Delivery) *delivery.State { return &d.State }),
		table.OptionalTime("due_time", func(d *delivery.Delivery) *time.Time { return &d.DueTime }),
		table.Time("first_due_time", func(d *delivery.Delivery) *time.Time { return &d.FirstDueTime }),
		table.Number("attempt_count", func(d *delivery.Delivery) *int { return &d.AttemptCount }),
		table.Time("create_time", func(d *delivery.Delivery) *time.Time { return &d.CreateTime }),
		table.OptionalTime("finish_time", func(d *delivery.Delivery) *time.Time { return &d.FinishTime }),
		table.Text("payload", func(d *delivery.Delivery) *string { return &d.Payload }),
	}
	attemptsColumn = table.JSON("attempts",
		func(d *delivery.Delivery) *[]record.Attempt { return sqlrow.Listed(record.EncodeAttempts(d.Attempts)) },
		func(d *delivery.Delivery, attempts *[]record.Attempt) { d.Attempts = record.DecodeAttempts(*attempts) })
	wholeDelivery      = append(deliveryColumns[:len(deliveryColumns):len(deliveryColumns)], attemptsColumn)
	insertedDeliveries = table.Of(wholeDelivery, table.Columns[delivery.Delivery]{table.Derived("holder", func(*delivery.Delivery) string { return "" })})
	// triedColumns are what an attempt changes besides the attempts.
	triedColumns = deliveryColumns.Only("state", "due_time", "attempt_count", "finish_time")

	insertDelivery = `INSERT` + insertedDeliveries.Into("deliveries") + ` ON CONFLICT (conversion, change, publisher) DO NOTHING`
	selectDelivery = wholeDelivery.From("deliveries") + ` WHERE ` + byDeliveryKey
)

// byDeliveryKey selects one delivery.
const byDeliveryKey = `conversion = ? AND change = ? AND publisher = ?`

// deliveryKey is a delivery's primary key.
type deliveryKey struct {
	conversion string
	change     int
	publisher  string
}

func keyOf(d *delivery.Delivery) deliveryKey { return deliveryKey{d.Conversion, d.Change, d.Publisher} }

// parseDeliveryID returns the key in a delivery's id; ok is false if it is no such id.
func parseDeliveryID(id string) (key deliveryKey, ok bool) {
	conversion, rest, _ := strings.Cut(id, "-")
	number, publisher, ok := strings.Cut(rest, "-")
	change, err := strconv.Atoi(number)
	return deliveryKey{conversion, change, publisher}, ok && err == nil && strconv.Itoa(change) == number
}

// args returns the arguments of byDeliveryKey, after other arguments.
func (k deliveryKey) args(before ...any) []any {
	return append(before, sqlrow.HashKey(k.conversion), k.change, k.publisher)
}

// scanDelivery reads a row of deliveryColumns.
func scanDelivery(row table.Row) (delivery.Delivery, error) {
	return scanDeliveryOf(row, deliveryColumns)
}

// scanWholeDelivery reads a row of wholeDelivery.
func scanWholeDelivery(row table.Row) (delivery.Delivery, error) {
	return scanDeliveryOf(row, wholeDelivery)
}

func scanDeliveryOf(row table.Row, columns table.Columns[delivery.Delivery]) (delivery.Delivery, error) {
	d, err := columns.Read(row)
	if err != nil {
		return d, err
	}
	d.ID = d.Conversion + "-" + strconv.Itoa(d.Change) + "-" + d.Publisher
	return d, nil
}

// Store stores deliveries.
type Store struct {
	db    *sqlitedb.DB
	run   sqlrow.Tasks
	batch func(context.Context, Write) error
}

// New returns a Store on a file. Frequent writes go by batch, the others by run.
func New(db *sqlitedb.DB, run sqlrow.Tasks, batch func(context.Context, Write) error) *Store {
	return &Store{db: db, run: run, batch: batch}
}

func (s *Store) Delivery(ctx context.Context, id string) (delivery.Delivery, error) {
	key, ok := parseDeliveryID(id)
	if !ok {
		return delivery.Delivery{}, sqlrow.ReadFailure("", sql.ErrNoRows)
	}
	delivery, err := scanWholeDelivery(s.db.Read().QueryRowContext(ctx, selectDelivery, key.args()...))
	return delivery, sqlrow.ReadFailure("reading a delivery", err)
}

func (s *Store) Deliveries(ctx context.Context, q listing.Query) ([]delivery.Delivery, error) {
	query, args := deliveryQuery(q)
	deliveries, err := sqlrow.Report(ctx, s.db, scanDelivery, query, args...)
	return deliveries, sqlrow.ReadFailure("listing deliveries", err)
}

// deliveryQuery returns a query as SQL with its arguments.
func deliveryQuery(q listing.Query) (query string, args []any) {
	if q.Where != nil {
		q.Where = sqlrow.Marked(byKeys(q.Where), markDelivery)
	}
	return sqlrow.PageOf(deliveryColumns, "deliveries", q, sqlquery.Encode(encodeDelivery))
}

// markDelivery derives a condition on the column dead.
func markDelivery(c listing.Compare) (more listing.Compare, ok bool) {
	return listing.Compare{Field: "dead", Op: listing.Equal, Value: true}, c.Field == "state" && c.Value == string(delivery.Dead)
}

// byKeys replaces a condition on an id by conditions on the columns that the id is made of, so that the primary
// key is used.
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
		return listing.Or{} // no delivery has that id
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
		return sqlrow.HashKey(id)
	}
	return value
}

// Tables returns what is moved to another database.
func (s *Store) Tables() []move.Table { return []move.Table{deliveriesToMove().In(s.db, s.run)} }

// deliveriesToMove are moved without their claims, because the processes that held them have ended.
func deliveriesToMove() sqlrow.MovedTable[delivery.Delivery] {
	return sqlrow.MovedTable[delivery.Delivery]{
		Name:  "deliveries",
		Query: sqlrow.AfterKey("deliveries", wholeDelivery, deliveryColumns.Only("conversion", "change", "publisher")),
		Args: func(key []string) []any {
			if len(key) == 0 {
				return []any{"", 0, ""}
			}
			of, _ := parseDeliveryID(key[0])
			return of.args()
		},
		Scan: scanWholeDelivery,
		Key:  func(d *delivery.Delivery) []string { return []string{d.ID} },
		Put:  sqlrow.ReplaceIn("deliveries", insertedDeliveries),
	}
}
