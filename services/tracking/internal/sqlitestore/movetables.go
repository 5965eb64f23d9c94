package sqlitestore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"github.com/couponlink/couponlink/services/internal/sqlitedb/table"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore/sqlrow"
)

func clicksToMove() sqlrow.MovedTable[domain.Click] {
	return sqlrow.MovedTable[domain.Click]{
		Name:  "clicks",
		Query: sqlrow.AfterKey("clicks", clickColumns, clickColumns.Only("id")),
		Args:  sqlrow.FirstKey(sqlrow.TimeKey),
		Scan:  clickColumns.Read,
		Key:   func(c *domain.Click) []string { return []string{c.ID} },
		Put:   sqlrow.ReplaceIn("clicks", clickColumns),
	}
}

// conversionsToMove are moved in order of arrival, that of their rowids.
func conversionsToMove() sqlrow.MovedTable[domain.Conversion] {
	return sqlrow.MovedTable[domain.Conversion]{
		Name: "conversions",
		Query: wholeColumns.From("conversions") + ` WHERE rowid > ifnull((SELECT rowid FROM conversions WHERE id = ?), 0)
			ORDER BY rowid LIMIT ?`,
		Args: sqlrow.FirstKey(sqlrow.HashKey),
		Scan: scanWhole,
		Key:  func(c *domain.Conversion) []string { return []string{c.ID} },
		Put: func(ctx context.Context, t *sqlrow.Tx, c *domain.Conversion) error {
			row := &conversionRow{Conversion: c}
			// Writes the row twice instead of replacing it, so that its rowid stays.
			if _, err := sqlrow.Write(ctx, t, insertConversion, insertedColumns, row); err != nil {
				return err
			}
			_, err := sqlrow.Write(ctx, t, updateConversion, updatedColumns, row, sqlrow.HashKey(c.ID))
			return err
		},
	}
}

func postbacksToMove() sqlrow.MovedTable[domain.Postback] {
	put := sqlrow.ReplaceIn("postbacks", table.Of(insertedPostbacks, replayColumns))
	return sqlrow.MovedTable[domain.Postback]{
		Name:  "postbacks",
		Query: sqlrow.AfterKey("postbacks", postbackColumns, postbackColumns.Only("id")),
		Args:  sqlrow.FirstKey(sqlrow.TimeKey),
		Scan:  scanPostback,
		Key:   func(p *domain.Postback) []string { return []string{p.ID} },
		Put: func(ctx context.Context, t *sqlrow.Tx, p *domain.Postback) error {
			var made domain.Conversion // only what is needed
			reported, err := sqlrow.One(ctx, t, func(row scanner) (id sqlrow.TimeID, err error) {
				err = row.Scan(&id)
				return id, err
			}, `SELECT postback FROM conversions WHERE id = ?`, sqlrow.HashKey(p.Conversion))
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return err
			}
			made.Postback = string(reported)
			return put(ctx, t, &postbackRow{p, &made})
		},
	}
}

func cellsToMove() sqlrow.MovedTable[rollup.Cell] {
	return sqlrow.MovedTable[rollup.Cell]{
		Name:  "figures",
		Query: sqlrow.AfterKey("figures", cellColumns, cellKeyColumns),
		Args: func(key []string) []any {
			var k rollup.CellKey // the zero key has no cube, so it is before all
			if len(key) == 1 {
				_ = json.Unmarshal([]byte(key[0]), &k) // an unreadable key moves everything again
			}
			return []any{k.Cube, k.Period, k.Offer, k.Publisher, k.CouponCode, string(k.Status), string(k.Method), k.Currency}
		},
		Scan: cellColumns.Read,
		Key: func(c *rollup.Cell) []string {
			text, _ := json.Marshal(c.Key) // never fails: texts and numbers
			return []string{string(text)}
		},
		Put: sqlrow.ReplaceIn("figures", cellColumns),
	}
}
