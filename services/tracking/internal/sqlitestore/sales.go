package sqlitestore

import (
	"context"
	"database/sql"
	"errors"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore/deferred"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore/sqlrow"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore/uses"
)

func (s *Store) InsertConversion(ctx context.Context, sale domain.Sale) (stored domain.Conversion, inserted bool, err error) {
	if err := checkNew(&sale.Conversion); err != nil {
		return domain.Conversion{}, false, err
	}
	stored, inserted, err = s.insert(ctx, sale)
	if err != nil || inserted {
		stored.Awaited = inserted && s.Awaits(stored.ID)
		return stored, inserted, err
	}
	// The batch is committed, so the earlier conversion is visible; and conversions are never deleted.
	stored, err = s.Conversion(ctx, sale.Conversion.ID)
	return stored, false, err
}

func (s *Store) insert(ctx context.Context, sale domain.Sale) (stored domain.Conversion, inserted bool, err error) {
	if sale.Use.Counted() || sale.Deferred != nil {
		return s.insertWith(ctx, sale)
	}
	// Encoded here and not in the one writer, since everyone waits for that.
	j := &job{conversion: conversionRow{Conversion: &sale.Conversion}}
	if j.conversion.decision, err = decisionColumn.Bind(&j.conversion); err != nil {
		return domain.Conversion{}, false, err
	}
	if sale.Postback != nil {
		entry := sale.Postback.Of(sale.Conversion)
		j.postback.Postback = &entry
	}
	if err := s.queue.Write(ctx, j); err != nil {
		return domain.Conversion{}, false, err
	}
	return sale.Conversion, j.rows == 1, nil
}

// insertWith stores a sale with its use of a coupon and its deferred report.
func (s *Store) insertWith(ctx context.Context, sale domain.Sale) (domain.Conversion, bool, error) {
	stored, inserted := sale.Conversion, false
	err := s.queue.Write(ctx, &job{task: func(ctx context.Context, tx *tx) error {
		_, err := sqlrow.One(ctx, tx.Tx, sqlrow.Number, `SELECT 1 FROM conversions WHERE id = ?`, sqlrow.HashKey(stored.ID))
		if !errors.Is(err, sql.ErrNoRows) {
			return err // nil: the id is taken
		}
		err = nil
		if sale.Use.Counted() {
			err = uses.Take(ctx, tx.Tx, sale.Use)
		}
		if errors.Is(err, domain.ErrLimitReached) {
			stored, err = sale.OverLimit(), nil
		}
		if err == nil && sale.Deferred != nil {
			_, err = deferred.Put(ctx, tx.Tx, *sale.Deferred)
		}
		if err != nil {
			return err
		}
		inserted = true
		return tx.insertSale(ctx, stored, sale.Postback)
	}})
	if err != nil {
		return domain.Conversion{}, false, err
	}
	return stored, inserted, nil
}

// insertSale inserts a conversion whose id is free, with its entry in the journal.
func (t *tx) insertSale(ctx context.Context, c domain.Conversion, entry *domain.Postback) error {
	if _, err := sqlrow.Write(ctx, t.Tx, insertConversion, insertedColumns, &conversionRow{Conversion: &c}); err != nil || entry == nil {
		return err
	}
	made := entry.Of(c)
	_, err := sqlrow.Write(ctx, t.Tx, insertPostback, insertedPostbacks, &postbackRow{&made, &c})
	return err
}

// UpdateConversion implements attribution.Store. The one writer calls change while everyone waits: change must
// be quick, and must not call the store.
func (s *Store) UpdateConversion(ctx context.Context, id string, change func(domain.Conversion) (domain.Update, error)) (domain.Conversion, error) {
	var stored domain.Conversion
	err := s.queue.Write(ctx, &job{task: func(ctx context.Context, tx *tx) error {
		var err error
		stored, err = tx.change(ctx, id, change)
		return err
	}})
	if err != nil {
		return domain.Conversion{}, err
	}
	return stored, nil
}

// change replaces a conversion by the result of change.
func (t *tx) change(ctx context.Context, id string, change func(domain.Conversion) (domain.Update, error)) (domain.Conversion, error) {
	before, err := sqlrow.One(ctx, t.Tx, scanWhole, selectConversion, sqlrow.HashKey(id))
	if err != nil {
		return before, sqlrow.ReadFailure("reading the conversion to change", err)
	}
	update, err := change(before)
	if err != nil || update.Conversion.Revision == before.Revision {
		return before, err
	}
	return update.Conversion, t.update(ctx, id, before, update)
}

// update stores a changed conversion, and the uses that it takes and gives back.
func (t *tx) update(ctx context.Context, id string, before domain.Conversion, update domain.Update) error {
	held, holds := before.Holds(), update.Conversion.Holds()
	if holds != held && holds != "" && update.Use != nil {
		if err := uses.Take(ctx, t.Tx, update.Use); err != nil {
			return err
		}
	}
	if held != holds && held != "" && update.Return != nil {
		if err := uses.GiveBack(ctx, t.Tx, update.Return); err != nil {
			return err
		}
	}
	if _, err := sqlrow.Write(ctx, t.Tx, updateConversion, updatedColumns, &conversionRow{Conversion: &update.Conversion}, sqlrow.HashKey(id)); err != nil {
		return err
	}
	if err := t.feed(ctx, &before, &update.Conversion); err != nil {
		return err
	}
	return t.moved(ctx, &before, &update.Conversion)
}

func (s *Store) Conversion(ctx context.Context, id string) (domain.Conversion, error) {
	conversion, err := scanWhole(s.conversion.QueryRowContext(ctx, sqlrow.HashKey(id)))
	return conversion, sqlrow.ReadFailure("reading a conversion", err)
}

func (s *Store) Conversions(ctx context.Context, q listing.Query) ([]domain.Conversion, error) {
	query, args := conversionQuery(q)
	conversions, err := sqlrow.Report(ctx, s.db, scanConversion, query, args...)
	return conversions, sqlrow.ReadFailure("listing conversions", err)
}
