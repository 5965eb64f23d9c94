package uses

import (
	"context"
	"time"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/sqlitedb/table"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore/sqlrow"
)

const (
	// countHeld counts the reservations that hold a use of a coupon at a time, without those of a sale.
	countHeld = `SELECT count(*) FROM reservations WHERE coupon = ? AND state = 'HELD' AND expire_time > ?
		AND id <> ? AND (transaction_id = '' OR transaction_id <> ?)`
	// countHeldOn counts those that are held on a day.
	countHeldOn = countHeld + ` AND create_time < ? AND expire_time > ?`
	takeHeld    = `UPDATE reservations SET state = 'TAKEN', conversion = ? WHERE coupon = ? AND state = 'HELD' AND expire_time > ?
		AND (id = ? OR transaction_id <> '' AND transaction_id = ?)`
	release = `UPDATE reservations SET state = 'RELEASED' WHERE id = ? AND state = 'HELD' AND expire_time > ?`
)

var (
	reservationColumns = table.Columns[domain.Reservation]{
		table.Text("id", func(r *domain.Reservation) *string { return &r.ID }),
		table.Text("offer", func(r *domain.Reservation) *string { return &r.Offer }),
		table.Text("coupon", func(r *domain.Reservation) *string { return &r.Coupon }),
		table.Text("code", func(r *domain.Reservation) *string { return &r.Code }),
		table.Text("transaction_id", func(r *domain.Reservation) *string { return &r.TransactionID }),
		table.Text("state", func(r *domain.Reservation) *domain.ReservationState { return &r.State }),
		sqlrow.HashColumn("conversion", func(r *domain.Reservation) *string { return &r.Conversion }),
		table.Time("create_time", func(r *domain.Reservation) *time.Time { return &r.CreateTime }),
		table.Time("expire_time", func(r *domain.Reservation) *time.Time { return &r.ExpireTime }),
	}

	insertReservation = `INSERT` + reservationColumns.Into("reservations") + ` ON CONFLICT DO NOTHING`
	selectReservation = reservationColumns.From("reservations") + ` WHERE id = ?`
	selectHeldFor     = reservationColumns.From("reservations") + ` WHERE coupon = ? AND state = 'HELD' AND expire_time > ?
		AND transaction_id = ? ORDER BY expire_time LIMIT 1`
)

// Reserve stores a reservation unless its id is taken, which does not count in the limits.
func (s *Store) Reserve(ctx context.Context, r domain.Reservation, days []domain.Use) (domain.Reservation, bool, error) {
	var stored domain.Reservation
	var inserted bool
	err := s.run(ctx, func(ctx context.Context, tx *sqlrow.Tx) error {
		rows, err := sqlrow.Write(ctx, tx, insertReservation, reservationColumns, &r)
		if err != nil {
			return err
		}
		if inserted = rows == 1; !inserted {
			stored, err = read(ctx, tx, r.ID)
			return err
		}
		stored = r
		for i := range days {
			days[i].Reservation = r.ID // it is inserted, and does not count against itself
			if _, err := check(ctx, tx, &days[i]); err != nil {
				return err // undoes the insert
			}
		}
		return nil
	})
	if err != nil {
		return domain.Reservation{}, false, err
	}
	return stored, inserted, nil
}

// read reads a reservation as it is in a transaction.
func read(ctx context.Context, tx *sqlrow.Tx, id string) (domain.Reservation, error) {
	r, err := sqlrow.One(ctx, tx, reservationColumns.Read, selectReservation, id)
	return r, sqlrow.ReadFailure("reading a reservation", err)
}

// Reservation returns a reservation by its id.
func (s *Store) Reservation(ctx context.Context, id string) (domain.Reservation, error) {
	r, err := reservationColumns.Read(s.db.Read().QueryRowContext(ctx, selectReservation, id))
	return r, sqlrow.ReadFailure("reading a reservation", err)
}

// HeldFor returns the reservation that holds a use of a coupon for a transaction.
func (s *Store) HeldFor(ctx context.Context, coupon, transaction string, now time.Time) (domain.Reservation, error) {
	r, err := reservationColumns.Read(s.db.Read().QueryRowContext(ctx, selectHeldFor, coupon, now.UnixMilli(), transaction))
	return r, sqlrow.ReadFailure("looking for a transaction's reservation", err)
}

// HeldReservations returns the reservations that a query selects.
func (s *Store) HeldReservations(ctx context.Context, q listing.Query) ([]domain.Reservation, error) {
	query, args := sqlrow.PageOf(reservationColumns, "reservations", q)
	rows, err := sqlrow.Report(ctx, s.db, reservationColumns.Read, query, args...)
	return rows, sqlrow.ReadFailure("listing reservations", err)
}

// CountHeld returns how many reservations hold a use of a coupon at a time.
func (s *Store) CountHeld(ctx context.Context, coupon string, now time.Time) (int64, error) {
	held, err := sqlrow.Number(s.db.Read().QueryRowContext(ctx, countHeld, coupon, now.UnixMilli(), "", ""))
	return held, sqlrow.ReadFailure("counting a coupon's reservations", err)
}

// ReleaseReservation gives a held use back. It returns the reservation as it is then.
func (s *Store) ReleaseReservation(ctx context.Context, id string, now time.Time) (domain.Reservation, error) {
	var released domain.Reservation
	err := s.run(ctx, func(ctx context.Context, tx *sqlrow.Tx) error {
		_, err := tx.Exec(ctx, release, id, now.UnixMilli())
		if err == nil {
			released, err = read(ctx, tx, id)
		}
		return err
	})
	if err != nil {
		return domain.Reservation{}, err
	}
	return released, nil
}

// taken marks the reservations of a use as taken.
func taken(ctx context.Context, t *sqlrow.Tx, u *domain.Use) error {
	_, err := t.Exec(ctx, takeHeld, sqlrow.HashKey(u.Conversion), u.Coupon, u.Now.UnixMilli(), u.Reservation, u.TransactionID)
	return err
}

// held returns the query for the number of reservations that count in a counter against a use.
func (c counter) held(u *domain.Use) (query string, args []any) {
	args = []any{u.Coupon, u.Now.UnixMilli(), u.Reservation, u.TransactionID}
	if c.day == "" {
		return countHeld, args
	}
	return countHeldOn, append(args, u.To.UnixMilli(), u.From.UnixMilli())
}

func reservationsToMove() sqlrow.MovedTable[domain.Reservation] {
	return sqlrow.MovedTable[domain.Reservation]{
		Name:  "reservations",
		Query: sqlrow.AfterKey("reservations", reservationColumns, reservationColumns.Only("id")),
		Args:  func(key []string) []any { return sqlrow.Texts(key, 1) },
		Scan:  reservationColumns.Read,
		Key:   func(r *domain.Reservation) []string { return []string{r.ID} },
		Put:   sqlrow.ReplaceIn("reservations", reservationColumns),
	}
}
