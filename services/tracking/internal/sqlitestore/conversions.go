package sqlitestore

import (
	"context"
	"database/sql"
	"strings"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/listing/sqlquery"
	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/tracking/internal/rules"
)

const (
	// keyColumns are derived from others and only searched by.
	keyColumns        = `coupon_code_key, pub_unique3_key`
	conversionColumns = `id, content_hash, offer, publisher, coupon, coupon_code, click, transaction_id, event,
		amount_currency, amount_units, amount_nanos, payout_currency, payout_units, payout_nanos,
		status, outcome, method, reason, explanation, candidates,
		pub_unique1, pub_unique2, pub_unique3, pub_unique4, pub_unique5, pub_click_id, pub_sub_id,
		conversion_time, create_time, undeduplicated, revenue_currency, revenue_units, revenue_nanos`
	// decisionColumn is read with one conversion only.
	decisionColumn = `decision`
	// To bind NULL takes no memory of SQLite's, unlike '', and many texts are empty.
	conversionValues = `(?, ?, ?,
		ifnull(?, ''), ifnull(?, ''), ifnull(?, ''), ifnull(?, ''), ifnull(?, ''), ?,
		ifnull(?, ''), ?, ?, ifnull(?, ''), ?, ?,
		?, ?, ifnull(?, ''), ifnull(?, ''), ifnull(?, ''), ifnull(?, ''),
		ifnull(?, ''), ifnull(?, ''), ifnull(?, ''), ifnull(?, ''), ifnull(?, ''), ifnull(?, ''), ifnull(?, ''),
		?, ?, ?, ifnull(?, ''), ?, ?, ifnull(?, ''),
		ifnull(?, ''), ifnull(?, ''))`
	// Rows are numbered in the order in which they are inserted, and never deleted.
	conversionsAfter = `SELECT id FROM conversions WHERE rowid > ? ORDER BY rowid`
)

// insertConversions returns the statement that inserts a number of conversions, but those whose ids
// are taken. OR ROLLBACK spares SQLite the keeping of a journal for each statement of several rows, by
// which it could undo the statement alone: should one ever break a constraint, its batch fails.
func insertConversions(n int) string {
	return "INSERT OR ROLLBACK INTO conversions (" + conversionColumns + ", " + decisionColumn + ", " + keyColumns + ") VALUES " + conversionValues +
		strings.Repeat(", "+conversionValues, n-1) + " ON CONFLICT (id) DO NOTHING"
}

// bindConversion binds what insertConversions takes for one of them, with its decision as it is stored.
func bindConversion(a *arguments, c *rules.Conversion, decision string) {
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
	a.text(decision)
	a.text(rules.FoldCode(c.CouponCode))
	a.text(rules.FoldCode(c.PubUniques[2]))
}

func bindMoney(a *arguments, m money.Money) {
	a.text(m.Currency)
	a.add(m.Units)
	a.add(int64(m.Nanos))
}

// scanConversion reads a row of conversionColumns and what else was asked for.
func scanConversion(row interface{ Scan(into ...any) error }, more ...any) (rules.Conversion, error) {
	var c rules.Conversion
	var candidates string
	var conversionMillis, createMillis int64
	u := &c.PubUniques
	into := []any{
		(*hash)(&c.ID), (*hash)(&c.ContentHash), &c.Offer, &c.Publisher, &c.Coupon, &c.CouponCode, &c.Click, &c.TransactionID, &c.Event,
		&c.Amount.Currency, &c.Amount.Units, &c.Amount.Nanos, &c.Payout.Currency, &c.Payout.Units, &c.Payout.Nanos,
		&c.Status, &c.Outcome, &c.Method, &c.Reason, &c.Explanation, &candidates,
		&u[0], &u[1], &u[2], &u[3], &u[4], &c.PubClickID, &c.PubSubID,
		&conversionMillis, &createMillis, &c.Undeduplicated, &c.Revenue.Currency, &c.Revenue.Units, &c.Revenue.Nanos,
	}
	if err := row.Scan(append(into, more...)...); err != nil {
		return rules.Conversion{}, err
	}
	if candidates != "" {
		c.Candidates = strings.Split(candidates, "\n")
	}
	c.ConversionTime, c.CreateTime = fromMillis(conversionMillis), fromMillis(createMillis)
	return c, nil
}

// scanWhole reads a row of conversionColumns and decisionColumn.
func scanWhole(row *sql.Row) (rules.Conversion, error) {
	var decision string
	c, err := scanConversion(row, &decision)
	if err != nil {
		return rules.Conversion{}, err
	}
	c.Grounds, err = decodeGrounds(decision)
	return c, err
}

// listConversions runs a query.
func listConversions(ctx context.Context, db *sql.DB, q listing.Query) (_ []rules.Conversion, err error) {
	query, args := conversionQuery(q)
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var conversions []rules.Conversion
	for rows.Next() {
		conversion, err := scanConversion(rows)
		if err != nil {
			return nil, err
		}
		conversions = append(conversions, conversion)
	}
	return conversions, rows.Err()
}

// conversionQuery returns a query as SQL with its arguments.
func conversionQuery(q listing.Query) (query string, args []any) {
	where, args, orderBy := sqlquery.Build(q, sqlquery.Encode(encode))
	query = "SELECT " + conversionColumns + " FROM conversions WHERE " + where + " ORDER BY " + orderBy + " LIMIT ?"
	return query, append(args, q.Limit)
}

// encode returns a value to compare a field with as the field is stored.
func encode(field string, value any) any {
	if id, ok := value.(string); ok && field == "id" {
		return hashKey(id)
	}
	return value
}
