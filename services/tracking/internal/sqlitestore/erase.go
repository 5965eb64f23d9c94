package sqlitestore

import (
	"context"
	"errors"
	"time"

	"github.com/couponlink/couponlink/services/internal/couponcode"
	"github.com/couponlink/couponlink/services/internal/sqlitedb/table"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/privacy"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore/deferred"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore/deliveries"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore/sqlrow"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore/uses"
)

// errTried undoes a task that only finds what it would erase.
var errTried = errors.New("only tried")

var (
	erasedPostbacks = table.Of(newPostbackColumns, replayColumns, table.Columns[postbackRow]{
		table.Derived("coupon_code_key", func(r *postbackRow) string { return couponcode.Fold(r.CouponCode) }),
	})
	updatePostback = `UPDATE postbacks SET ` + erasedPostbacks.Set() + ` WHERE id = ?`
	updateClick    = `UPDATE clicks SET ` + clickColumns.Set() + ` WHERE id = ?`

	selectEntriesOf     = postbackColumns.From("postbacks") + ` WHERE later = 1 AND conversion = ? OR id = (SELECT postback FROM conversions WHERE id = ?)`
	selectOrderEntries  = postbackColumns.From("postbacks") + ` WHERE later = 1 AND transaction_id = ? AND offer = ? LIMIT ?`
	selectClicksEntries = postbackColumns.From("postbacks") + ` WHERE instr(parameters, ?) > 0 LIMIT ?`
)

const (
	selectByClick = `SELECT id FROM conversions WHERE click = ? LIMIT ?`
	selectByOrder = `SELECT id FROM conversions WHERE transaction_id = ? AND offer = ? LIMIT ?`
	selectBySubID = `SELECT id FROM conversions WHERE publisher = ? AND pub_sub_id = ? LIMIT ?`
	selectSubIDs  = `SELECT id FROM clicks WHERE publisher = ? AND pub_sub_id = ? LIMIT ?`
)

// ConversionsOf implements erasure.Store.
func (s *Store) ConversionsOf(ctx context.Context, of privacy.Subject, limit int) ([]string, error) {
	query, args := selectByOrder, []any{of.TransactionID, of.Offer}
	switch {
	case of.Click != "":
		query, args = selectByClick, []any{of.Click}
	case of.PubSubID != "":
		query, args = selectBySubID, []any{of.Publisher, of.PubSubID}
	}
	ids, err := sqlrow.List(ctx, s.db, func(row scanner) (id string, err error) {
		err = row.Scan((*sqlrow.Hash)(&id))
		return id, err
	}, query, append(args, limit)...)
	return ids, sqlrow.ReadFailure("looking for conversions to erase", err)
}

// EraseConversion implements erasure.Store.
func (s *Store) EraseConversion(ctx context.Context, id, actor string, now time.Time, try bool) (privacy.Found, error) {
	return s.erase(ctx, try, func(ctx context.Context, tx *tx, found privacy.Found) error {
		before, err := sqlrow.One(ctx, tx.Tx, scanWhole, selectConversion, sqlrow.HashKey(id))
		if err != nil {
			return sqlrow.ReadFailure("reading the conversion to erase", err)
		}
		if err := tx.eraseAround(ctx, &before, found); err != nil {
			return err
		}
		after := privacy.Conversion(before, actor, now)
		if after.Revision == before.Revision {
			return nil
		}
		found.Add(privacy.Conversions, id)
		return tx.update(ctx, id, before, domain.Update{Conversion: after})
	})
}

// eraseAround erases what belongs to a conversion.
func (t *tx) eraseAround(ctx context.Context, c *domain.Conversion, found privacy.Found) error {
	key := sqlrow.HashKey(c.ID)
	if err := t.eraseEntries(ctx, found, selectEntriesOf, key, key); err != nil {
		return err
	}
	if err := t.eraseClick(ctx, c.Click, found); err != nil {
		return err
	}
	ids, err := deliveries.Erase(ctx, t.Tx, c.ID)
	if err != nil {
		return err
	}
	found.Add(privacy.Deliveries, ids...)
	if ids, err = deferred.EraseOf(ctx, t.Tx, c.ID); err != nil {
		return err
	}
	found.Add(privacy.Deferred, ids...)
	ids, err = uses.EraseOf(ctx, t.Tx, c.ID)
	found.Add(privacy.Reservations, ids...)
	return err
}

// EraseOthers implements erasure.Store.
func (s *Store) EraseOthers(ctx context.Context, of privacy.Subject, limit int, try bool) (privacy.Found, error) {
	return s.erase(ctx, try, func(ctx context.Context, tx *tx, found privacy.Found) error {
		switch {
		case of.Click != "":
			if err := tx.eraseClick(ctx, of.Click, found); err != nil {
				return err
			}
			ids, err := deferred.EraseWith(ctx, tx.Tx, of.Click, limit)
			if err != nil {
				return err
			}
			found.Add(privacy.Deferred, ids...)
			return tx.eraseEntries(ctx, found, selectClicksEntries, of.Click, limit)
		case of.PubSubID != "":
			clicks, err := sqlrow.All(ctx, tx.Tx, func(row scanner) (id string, err error) {
				err = row.Scan((*sqlrow.TimeID)(&id))
				return id, err
			}, selectSubIDs, of.Publisher, of.PubSubID, limit)
			for _, id := range clicks {
				if err == nil {
					err = tx.eraseClick(ctx, id, found)
				}
			}
			return err
		}
		ids, err := deferred.EraseOrder(ctx, tx.Tx, of.Offer, of.TransactionID, limit)
		if err != nil {
			return err
		}
		found.Add(privacy.Deferred, ids...)
		if ids, err = uses.EraseOrder(ctx, tx.Tx, of.Offer, of.TransactionID, limit); err != nil {
			return err
		}
		found.Add(privacy.Reservations, ids...)
		return tx.eraseEntries(ctx, found, selectOrderEntries, of.TransactionID, of.Offer, limit)
	})
}

// erase runs a task that erases, and undoes it in a dry run.
func (s *Store) erase(ctx context.Context, try bool, task func(context.Context, *tx, privacy.Found) error) (privacy.Found, error) {
	found := privacy.Found{}
	err := s.queue.Write(ctx, &job{task: func(ctx context.Context, tx *tx) error {
		err := task(ctx, tx, found)
		if err == nil && try {
			return errTried
		}
		return err
	}})
	if errors.Is(err, errTried) {
		err = nil
	}
	return found, err
}

// eraseEntries erases the entries of the journal that a query selects.
func (t *tx) eraseEntries(ctx context.Context, found privacy.Found, query string, args ...any) error {
	entries, err := sqlrow.All(ctx, t.Tx, scanPostback, query, args...)
	for _, entry := range entries {
		if err != nil || entry.Erased() {
			continue
		}
		erased := entry.Erase()
		found.Add(privacy.Postbacks, entry.ID)
		_, err = sqlrow.Write(ctx, t.Tx, updatePostback, erasedPostbacks, &postbackRow{Postback: &erased}, sqlrow.TimeKey(entry.ID))
	}
	return err
}

// eraseClick erases a click, if it is stored.
func (t *tx) eraseClick(ctx context.Context, id string, found privacy.Found) error {
	if id == "" || id == domain.ErasedText {
		return nil
	}
	clicks, err := sqlrow.All(ctx, t.Tx, clickColumns.Read, selectClick, sqlrow.TimeKey(id))
	for _, click := range clicks {
		erased := privacy.Click(click)
		if err != nil || !privacy.Differ(click, erased) {
			continue
		}
		found.Add(privacy.Clicks, id)
		_, err = sqlrow.Write(ctx, t.Tx, updateClick, clickColumns, &erased, sqlrow.TimeKey(id))
	}
	return err
}
