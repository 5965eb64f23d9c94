package sqlitestore

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/couponlink/couponlink/services/internal/couponcode"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/listing/sqlquery"
	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/record"
)

const (
	// newColumns are those that a new conversion has values of its own for.
	newColumns = `id, content_hash, offer, publisher, coupon, coupon_code, click, transaction_id, event,
		amount_currency, amount_units, amount_nanos, payout_currency, payout_units, payout_nanos,
		status, outcome, method, reason, explanation, candidates,
		pub_unique1, pub_unique2, pub_unique3, pub_unique4, pub_unique5, pub_click_id, pub_sub_id,
		conversion_time, create_time, undeduplicated, revenue_currency, revenue_units, revenue_nanos, update_time, postback, codes,
		code_unknown`
	// To bind NULL takes no memory of SQLite's, unlike '', and many texts are empty.
	newValues = `?, ?, ?,
		ifnull(?, ''), ifnull(?, ''), ifnull(?, ''), ifnull(?, ''), ifnull(?, ''), ?,
		ifnull(?, ''), ?, ?, ifnull(?, ''), ?, ?,
		?, ?, ifnull(?, ''), ifnull(?, ''), ifnull(?, ''), ifnull(?, ''),
		ifnull(?, ''), ifnull(?, ''), ifnull(?, ''), ifnull(?, ''), ifnull(?, ''), ifnull(?, ''), ifnull(?, ''),
		?, ?, ?, ifnull(?, ''), ?, ?, ?, ifnull(?, ''), ifnull(?, ''), ?`
	// changeColumns have their defaults until the conversion is changed.
	changeColumns = `refunded_amount_currency, refunded_amount_units, refunded_amount_nanos, status_reason, revision, conflicted`
	changeValues  = `?, ?, ?, ?, ?, ?, ?`
	// keyColumns are derived from others and only searched by.
	keyColumns = `coupon_code_key, pub_unique3_key`
	keyValues  = `ifnull(?, ''), ifnull(?, '')`
	// What lists leave out.
	planColumn, decisionColumn, historyColumn = `plan_from`, `decision`, `history`

	insertColumns     = newColumns + `, ` + keyColumns + `, ` + planColumn + `, ` + decisionColumn
	conversionValues  = `(` + newValues + `, ` + keyValues + `, ?, ifnull(?, ''))`
	insertConversion  = `INSERT OR ROLLBACK INTO conversions (` + insertColumns + `) VALUES ` + conversionValues + onTaken
	conversionColumns = newColumns + `, ` + changeColumns
	wholeColumns      = conversionColumns + `, ` + planColumn + `, ` + decisionColumn + `, ` + historyColumn

	selectConversion = `SELECT ` + wholeColumns + ` FROM conversions WHERE id = ?`
	selectUnplanned  = `SELECT ` + wholeColumns + ` FROM conversions WHERE plan_from IS NOT NULL ORDER BY update_time LIMIT ?`
	updateConversion = `UPDATE conversions SET (` + insertColumns + `, ` + changeColumns + `, ` + historyColumn + `) = (` +
		newValues + `, ` + keyValues + `, ?, ifnull(?, ''), ` + changeValues + `) WHERE id = ?`
	// Rows are numbered in the order in which they are inserted, and never deleted.
	conversionsAfter = `SELECT id FROM conversions WHERE rowid > ? ORDER BY rowid`
)

// checkNew refuses a conversion that has what none has at its insertion, which would be lost.
func checkNew(c *domain.Conversion) error {
	if c.Revision != 1 || !c.Refunded.IsNone() || c.StatusReason != "" || c.Conflicted || len(c.Changes) > 0 || len(c.Conflicts) > 0 {
		return fmt.Errorf("conversion %s is not new: it has revision %d, %d changes and %d conflicts", c.ID, c.Revision, len(c.Changes), len(c.Conflicts))
	}
	return nil
}

// bindConversion binds what insertConversion takes, with the decision as it is stored.
func bindConversion(a *arguments, c *domain.Conversion, decision string) {
	a.add(hashKey(c.ID))
	a.add(hashKey(c.ContentHash))
	a.add(c.Offer)
	a.text(c.Publisher)
	a.text(c.Coupon)
	a.text(c.CouponCode)
	a.text(c.Click)
	a.text(c.TransactionID)
	a.add(c.Event)
	bindMoney(a, c.Amount)
	bindMoney(a, c.Payout)
	a.add(string(c.Status))
	a.add(string(c.Outcome))
	a.text(string(c.Method))
	a.text(string(c.Reason))
	a.text(c.Explanation)
	a.text(strings.Join(c.Candidates, "\n"))
	for _, unique := range c.PubUniques {
		a.text(unique)
	}
	a.text(c.PubClickID)
	a.text(c.PubSubID)
	a.add(c.ConversionTime.UnixMilli())
	a.add(c.CreateTime.UnixMilli())
	a.flag(c.Undeduplicated)
	bindMoney(a, c.Revenue)
	a.add(c.UpdateTime.UnixMilli())
	a.key(timeKey(c.Postback))
	a.text(string(c.Codes))
	a.flag(c.CodeUnknown)
	a.text(couponcode.Fold(c.CouponCode))
	a.text(couponcode.Fold(c.PubUniques[2]))
	if c.Unplanned {
		a.add(int64(c.PlanFrom))
	} else {
		a.add(nil)
	}
	a.text(decision)
}

// bindChanged binds what updateConversion takes but for the id.
func bindChanged(a *arguments, c *domain.Conversion) error {
	decision, err := encodeBasis(c.Basis)
	if err != nil {
		return err
	}
	history, err := encodeHistory(c)
	if err != nil {
		return err
	}
	bindConversion(a, c, decision)
	a.add(c.Refunded.Currency)
	a.add(c.Refunded.Units)
	a.add(int64(c.Refunded.Nanos))
	a.add(c.StatusReason)
	a.add(c.Revision)
	a.flag(c.Conflicted)
	a.add(history)
	return nil
}

func bindMoney(a *arguments, m money.Money) {
	a.text(m.Currency)
	a.add(m.Units)
	a.add(int64(m.Nanos))
}

// scanConversion reads a row of conversionColumns.
func scanConversion(row scanner) (domain.Conversion, error) { return scanWith(row) }

// scanWhole reads a row of wholeColumns.
func scanWhole(row scanner) (domain.Conversion, error) {
	var planFrom sql.NullInt64
	var decision, history string
	c, err := scanWith(row, &planFrom, &decision, &history)
	if err != nil {
		return domain.Conversion{}, err
	}
	c.Unplanned, c.PlanFrom = planFrom.Valid, int(planFrom.Int64)
	if decision != "" {
		var stored record.Basis
		if err := decodeJSON(decision, &stored); err != nil {
			return domain.Conversion{}, err
		}
		c.Basis = stored.Decode()
	}
	return c, decodeHistory(history, &c)
}

// scanWith reads a row of conversionColumns and what else was asked for.
func scanWith(row scanner, more ...any) (domain.Conversion, error) {
	var c domain.Conversion
	var candidates string
	var conversionMillis, createMillis, updateMillis int64
	u := &c.PubUniques
	into := []any{
		(*hash)(&c.ID), (*hash)(&c.ContentHash), &c.Offer, &c.Publisher, &c.Coupon, &c.CouponCode, &c.Click, &c.TransactionID, &c.Event,
		&c.Amount.Currency, &c.Amount.Units, &c.Amount.Nanos, &c.Payout.Currency, &c.Payout.Units, &c.Payout.Nanos,
		&c.Status, &c.Outcome, &c.Method, &c.Reason, &c.Explanation, &candidates,
		&u[0], &u[1], &u[2], &u[3], &u[4], &c.PubClickID, &c.PubSubID,
		&conversionMillis, &createMillis, &c.Undeduplicated, &c.Revenue.Currency, &c.Revenue.Units, &c.Revenue.Nanos,
		&updateMillis, (*timeID)(&c.Postback), &c.Codes, &c.CodeUnknown,
		&c.Refunded.Currency, &c.Refunded.Units, &c.Refunded.Nanos, &c.StatusReason, &c.Revision, &c.Conflicted,
	}
	if err := row.Scan(append(into, more...)...); err != nil {
		return domain.Conversion{}, err
	}
	if candidates != "" {
		c.Candidates = strings.Split(candidates, "\n")
	}
	c.ConversionTime, c.CreateTime, c.UpdateTime = fromMillis(conversionMillis), fromMillis(createMillis), fromMillis(updateMillis)
	return c, nil
}

// scanner is a row.
type scanner interface{ Scan(into ...any) error }

// scanAll reads all rows.
func scanAll[T any](rows *sql.Rows, scan func(scanner) (T, error)) (all []T, err error) {
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// conversionQuery returns a query as SQL with its arguments.
func conversionQuery(q listing.Query) (query string, args []any) {
	q.Where = marked(q.Where, markConversion)
	where, args, orderBy := sqlquery.Build(q, sqlquery.Encode(encodeConversion))
	query = "SELECT " + conversionColumns + " FROM conversions WHERE " + where + " ORDER BY " + orderBy + " LIMIT ?"
	return query, append(args, q.Limit)
}

// marked returns a condition with what mark adds to what it says of a field, where that holds for all rows: what
// follows for a column that has a small index.
func marked(e listing.Expr, mark func(listing.Compare) (more listing.Compare, ok bool)) listing.Expr {
	all := conjuncts(e)
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

// markConversion returns the condition that follows for the columns unapproved and conflict.
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
		return hashKey(id)
	case ok && field == "postback":
		return timeKey(id)
	default:
		return value
	}
}
