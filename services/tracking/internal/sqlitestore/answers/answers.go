// Package answers stores the coupon service's latest answers in the tracking service's SQLite file.
//
// Only the SQLite store imports it.
package answers

import (
	"context"
	"database/sql/driver"
	"slices"
	"time"

	"github.com/couponlink/couponlink/services/internal/move"
	"github.com/couponlink/couponlink/services/internal/sqlitedb"
	"github.com/couponlink/couponlink/services/internal/sqlitedb/table"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore/sqlrow"
)

const (
	// answersAtOnce is how many answers one job writes at most, so that no sale waits long for it.
	answersAtOnce = 200

	removeAnswer = `DELETE FROM answers WHERE kind = ? AND key = ? AND ask_time <= ?`
	pruneAnswers = `DELETE FROM answers WHERE (kind, key) IN (SELECT kind, key FROM answers WHERE kind = ? AND ask_time < ? LIMIT ?)`
	// excessAnswers selects the time of the first answer beyond the limit.
	excessAnswers = `SELECT ask_time FROM answers WHERE kind = ? ORDER BY ask_time DESC LIMIT 1 OFFSET ?`
)

var (
	answerColumns = table.Columns[domain.CouponAnswer]{
		table.Text("kind", func(a *domain.CouponAnswer) *string { return &a.Kind }),
		table.Text("key", func(a *domain.CouponAnswer) *string { return &a.Key }),
		{Name: "body", Bind: func(a *domain.CouponAnswer) (driver.Value, error) { return a.Body, nil }, Scan: func(a *domain.CouponAnswer) any { return &a.Body }},
		table.Time("ask_time", func(a *domain.CouponAnswer) *time.Time { return &a.Time }),
	}

	keepAnswer = `INSERT` + answerColumns.Into("answers") + ` ON CONFLICT (kind, key) DO UPDATE SET ` +
		answerColumns.Only("body", "ask_time").Replaced() + ` WHERE excluded.ask_time > answers.ask_time`
	selectAnswers = answerColumns.From("answers") + ` WHERE kind = ? AND ask_time >= ? ORDER BY ask_time DESC LIMIT ?`
)

// Store stores answers.
type Store struct {
	db  *sqlitedb.DB
	run sqlrow.Tasks
}

// New returns a Store on a file.
func New(db *sqlitedb.DB, run sqlrow.Tasks) *Store { return &Store{db: db, run: run} }

func (s *Store) KeepAnswers(ctx context.Context, answers []domain.CouponAnswer) error {
	for some := range slices.Chunk(answers, answersAtOnce) {
		err := s.run(ctx, func(ctx context.Context, tx *sqlrow.Tx) error {
			for _, a := range some {
				var err error
				if a.Body == nil {
					_, err = tx.Exec(ctx, removeAnswer, a.Kind, a.Key, a.Time.UnixMilli())
				} else {
					_, err = sqlrow.Write(ctx, tx, keepAnswer, answerColumns, &a)
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) Answers(ctx context.Context, kind string, since time.Time, limit int) ([]domain.CouponAnswer, error) {
	answers, err := sqlrow.List(ctx, s.db, answerColumns.Read, selectAnswers, kind, since.UnixMilli(), limit)
	return answers, sqlrow.ReadFailure("reading the coupon service's answers", err)
}

func (s *Store) PruneAnswers(ctx context.Context, kind string, before time.Time, most int) error {
	millis := before.UnixMilli()
	excess, err := sqlrow.List(ctx, s.db, sqlrow.Number, excessAnswers, kind, most)
	if err != nil {
		return sqlrow.ReadFailure("counting the coupon service's answers", err)
	}
	if len(excess) > 0 {
		millis = max(millis, excess[0]+1)
	}
	for deleted := int64(answersAtOnce); deleted == answersAtOnce; {
		err := s.run(ctx, func(ctx context.Context, tx *sqlrow.Tx) (err error) {
			deleted, err = tx.Exec(ctx, pruneAnswers, kind, millis, answersAtOnce)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Tables returns what is moved to another database.
func (s *Store) Tables() []move.Table {
	return []move.Table{answersToMove().In(s.db, s.run)}
}

func answersToMove() sqlrow.MovedTable[domain.CouponAnswer] {
	return sqlrow.MovedTable[domain.CouponAnswer]{
		Name:  "answers",
		Query: sqlrow.AfterKey("answers", answerColumns, answerColumns.Only("kind", "key")),
		Args:  func(key []string) []any { return sqlrow.Texts(key, 2) },
		Scan:  answerColumns.Read,
		Key:   func(a *domain.CouponAnswer) []string { return []string{a.Kind, a.Key} },
		Put:   sqlrow.ReplaceIn("answers", answerColumns),
	}
}
