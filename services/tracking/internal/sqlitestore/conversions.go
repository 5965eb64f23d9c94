package sqlitestore

import (
	"context"
	"database/sql/driver"
	"fmt"
	"time"

	"github.com/couponlink/couponlink/services/internal/couponcode"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/listing/sqlquery"
	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/internal/sqlitedb/table"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/record"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore/sqlrow"
)

// conversionRow is a row of the table conversions.
type conversionRow struct {
	*domain.Conversion
	// decision is the Basis as it is stored, encoded before the job is queued, since everyone waits for the one
	// writer. nil: it is encoded when it is bound.
	decision driver.Value
}

var (
	// newColumns are those that an insert sets.
	newColumns = table.Of(table.Columns[conversionRow]{
		sqlrow.HashColumn("id", func(r *conversionRow) *string { return &r.ID }),
		sqlrow.HashColumn("content_hash", func(r *conversionRow) *string { return &r.ContentHash }),
		table.Text("offer", func(r *conversionRow) *string { return &r.Offer }),
		table.Text("publisher", func(r *conversionRow) *string { return &r.Publisher }),
		table.Text("coupon", func(r *conversionRow) *string { return &r.Coupon }),
		table.Text("coupon_code", func(r *conversionRow) *string { return &r.CouponCode }),
		table.Text("codes", func(r *conversionRow) *domain.Codes { return &r.Codes }),
		table.Flag("code_unknown", func(r *conversionRow) *bool { return &r.CodeUnknown }),
		table.Text("click", func(r *conversionRow) *string { return &r.Click }),
		table.Text("transaction_id", func(r *conversionRow) *string { return &r.TransactionID }),
		table.Text("event", func(r *conversionRow) *string { return &r.Event }),
		table.Text("status", func(r *conversionRow) *domain.Status { return &r.Status }),
		table.Text("outcome", func(r *conversionRow) *domain.Outcome { return &r.Outcome }),
		table.Text("method", func(r *conversionRow) *domain.Method { return &r.Method }),
		table.Text("reason", func(r *conversionRow) *domain.Reason { return &r.Reason }),
		table.Text("explanation", func(r *conversionRow) *string { return &r.Explanation }),
		table.Lines("candidates", func(r *conversionRow) *[]string { return &r.Candidates }),
		table.Text("pub_click_id", func(r *conversionRow) *string { return &r.PubClickID }),
		table.Text("pub_sub_id", func(r *conversionRow) *string { return &r.PubSubID }),
		table.Time("conversion_time", func(r *conversionRow) *time.Time { return &r.ConversionTime }),
		table.Time("create_time", func(r *conversionRow) *time.Time { return &r.CreateTime }),
		table.Time("update_time", func(r *conversionRow) *time.Time { return &r.UpdateTime }),
		table.Flag("undeduplicated", func(r *conversionRow) *bool { return &r.Undeduplicated }),
		sqlrow.TimeColumn("postback", func(r *conversionRow) *string { return &r.Postback }),
	},
		uniqueColumns(func(r *conversionRow) *domain.Uniques { return &r.PubUniques }),
		table.Money("amount", "currency", func(r *conversionRow) *money.Money { return &r.Amount }),
		table.Money("discount", "currency", func(r *conversionRow) *money.Money { return &r.Discount }),
		table.Money("payout", "currency", func(r *conversionRow) *money.Money { return &r.Payout }),
		table.Money("revenue", "currency", func(r *conversionRow) *money.Money { return &r.Revenue }))

	// changeColumns have their defaults until the conversion is changed.
	changeColumns = table.Of(table.Columns[conversionRow]{
		table.Text("status_reason", func(r *conversionRow) *string { return &r.StatusReason }),
		table.Number("revision", func(r *conversionRow) *int64 { return &r.Revision }),
		table.Flag("conflicted", func(r *conversionRow) *bool { return &r.Conflicted }),
	}, table.Money("refunded_amount", "currency", func(r *conversionRow) *money.Money { return &r.Refunded }))

	// keyColumns are used only to search.
	keyColumns = table.Columns[conversionRow]{
		table.Derived("coupon_code_key", func(r *conversionRow) string { return couponcode.Fold(r.CouponCode) }),
		table.Derived("pub_unique3_key", func(r *conversionRow) string { return couponcode.Fold(r.PubUniques[2]) }),
	}

	decisionColumn = newDecisionColumn()
	planColumns    = table.Columns[conversionRow]{planColumn(), decisionColumn}

	// historyColumns are read after all others: see record.History.
	historyColumns = table.Columns[conversionRow]{table.JSON("history", encodeHistory, func(r *conversionRow, h *record.History) { h.Decode(r.Conversion) })}

	insertedColumns = table.Of(newColumns, keyColumns, planColumns)
	updatedColumns  = table.Of(insertedColumns, changeColumns, historyColumns)
	// conversionColumns are those of lists.
	conversionColumns = table.Of(newColumns, changeColumns)
	wholeColumns      = table.Of(conversionColumns, planColumns, historyColumns)

	insertConversion = `INSERT OR ROLLBACK` + insertedColumns.Into("conversions") + onTaken
	selectConversion = wholeColumns.From("conversions") + ` WHERE id = ?`
	selectUnplanned  = wholeColumns.From("conversions") + ` WHERE plan_from IS NOT NULL ORDER BY update_time LIMIT ?`
	updateConversion = `UPDATE conversions SET ` + updatedColumns.Set() + ` WHERE id = ?`
)

// conversionsAfter selects in order of insertion, which is that of the rowids. Conversions are never deleted.
const conversionsAfter = `SELECT id FROM conversions WHERE rowid > ? ORDER BY rowid`

func planColumn() table.Column[conversionRow] {
	return table.Column[conversionRow]{
		Name: "plan_from", Scan: func(r *conversionRow) any { return (*planFrom)(r.Conversion) },
		Bind: func(r *conversionRow) (driver.Value, error) {
			if !r.Unplanned {
				return nil, nil
			}
			return int64(r.PlanFrom), nil
		},
	}
}

// planFrom reads the first change that is not planned; NULL: all are.
type planFrom domain.Conversion

// Scan implements sql.Scanner.
func (p *planFrom) Scan(stored any) error {
	from, ok := stored.(int64)
	p.Unplanned, p.PlanFrom = ok, int(from)
	return nil
}

func newDecisionColumn() table.Column[conversionRow] {
	column := table.JSON("decision", func(r *conversionRow) *record.Basis { return record.EncodeBasis(r.Basis) },
		func(r *conversionRow, b *record.Basis) { r.Basis = b.Decode() })
	encode := column.Bind
	column.Bind = func(r *conversionRow) (driver.Value, error) {
		if r.decision != nil {
			return r.decision, nil
		}
		return encode(r)
	}
	return column
}

func encodeHistory(r *conversionRow) *record.History {
	if len(r.Changes) == 0 && len(r.Conflicts) == 0 {
		return nil
	}
	history := record.EncodeHistory(r.Conversion)
	return &history
}

// checkNew refuses a conversion with values that a new one cannot have: an insert would lose them.
func checkNew(c *domain.Conversion) error {
	if c.Revision != 1 || !c.Refunded.IsNone() || c.StatusReason != "" || c.Conflicted || len(c.Changes) > 0 || len(c.Conflicts) > 0 {
		return fmt.Errorf("conversion %s is not new: it has revision %d, %d changes and %d conflicts", c.ID, c.Revision, len(c.Changes), len(c.Conflicts))
	}
	return nil
}

// scanConversion reads a row of conversionColumns.
func scanConversion(row scanner) (domain.Conversion, error) { return scanOf(row, conversionColumns) }

// scanWhole reads a row of wholeColumns.
func scanWhole(row scanner) (domain.Conversion, error) { return scanOf(row, wholeColumns) }

// scanOf reads a row of some columns and more.
func scanOf(row scanner, columns table.Columns[conversionRow], more ...any) (domain.Conversion, error) {
	var c domain.Conversion
	if err := columns.Scan(row, &conversionRow{Conversion: &c}, more...); err != nil {
		return domain.Conversion{}, err
	}
	return c, nil
}

// scanner is a row.
type scanner = table.Row

// Unplanned implements delivery.Store. The earliest change comes first.
func (s *Store) Unplanned(ctx context.Context, limit int) ([]domain.Conversion, error) {
	conversions, err := sqlrow.List(ctx, s.db, scanWhole, selectUnplanned, limit)
	return conversions, sqlrow.ReadFailure("reading conversions without a plan", err)
}

// conversionQuery returns a query as SQL with its arguments.
func conversionQuery(q listing.Query) (query string, args []any) {
	q.Where = sqlrow.Marked(q.Where, markConversion)
	return sqlrow.PageOf(conversionColumns, "conversions", q, sqlquery.Encode(encodeConversion))
}

// markConversion derives a condition on the columns unapproved and conflict.
func markConversion(c listing.Compare) (more listing.Compare, ok bool) {
	switch {
	case c.Field == "status" && c.Value != string(domain.StatusApproved):
		return listing.Compare{Field: "unapproved", Op: listing.Equal, Value: c.Value}, true
	case c.Field == "conflicted" && c.Value == true:
		return listing.Compare{Field: "conflict", Op: listing.Equal, Value: true}, true
	default:
		return more, false
	}
}

// encodeConversion returns a value to compare a field with as the field is stored.
func encodeConversion(field string, value any) any {
	id, ok := value.(string)
	switch {
	case ok && field == "id":
		return sqlrow.HashKey(id)
	case ok && field == "postback":
		return sqlrow.TimeKey(id)
	default:
		return value
	}
}
