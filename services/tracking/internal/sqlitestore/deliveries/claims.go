package deliveries

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/delivery"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore/sqlrow"
)

const (
	// claimRounds is how often a claim looks again after it found deliveries that wait for others, and
	// claimAgain the least that it looks at then, so that many waiting deliveries do not hide those that are
	// due.
	claimRounds = 16
	claimAgain  = 100

	// selectBefore returns until when a delivery waits for an earlier one.
	selectBefore = `SELECT due_time FROM deliveries
		WHERE conversion = ? AND change < ? AND publisher = ? AND state = 'DUE' ORDER BY change LIMIT 1`
	setClaimed = `UPDATE deliveries SET due_time = ?, holder = ? WHERE ` + byDeliveryKey
	postpone   = `UPDATE deliveries SET due_time = ? WHERE ` + byDeliveryKey
	// AtStart ends the claims of a process that died: only the process that has the file open can hold any.
	AtStart = `UPDATE deliveries SET due_time = create_time, holder = '' WHERE state = 'DUE' AND holder <> ''`
	// setNextDue makes the deliveries due that were postponed for one that is done now.
	setNextDue = `UPDATE deliveries SET due_time = ?
		WHERE conversion = ? AND change > ? AND publisher = ? AND state = 'DUE' AND holder = '' AND attempt_count = 0 AND due_time > ?`
	replayDelivery = `UPDATE deliveries SET state = 'DUE', due_time = ?, first_due_time = ?, attempt_count = 0, finish_time = NULL, holder = ''
		WHERE ` + byDeliveryKey
)

var (
	selectDue = wholeDelivery.From("deliveries") + ` WHERE state = 'DUE' AND due_time <= ? AND publisher NOT IN (SELECT value FROM json_each(?))
		ORDER BY due_time, publisher, conversion, change LIMIT ?`
	finishDelivery = `UPDATE deliveries SET ` + triedColumns.Set() + `, attempts = ifnull(?, ''), holder = ''
		WHERE ` + byDeliveryKey + ` AND holder = ? AND state = 'DUE'`
)

// ClaimDeliveries implements delivery.Store. It waits for a claim that has begun, even after ctx ends: otherwise
// nobody would know what was claimed, or send it until the lease ends.
func (s *Store) ClaimDeliveries(ctx context.Context, claim delivery.Claim) ([]delivery.Delivery, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	skip, err := json.Marshal(append([]string{}, claim.Skip...))
	if err != nil {
		return nil, fmt.Errorf("writing whom to skip: %w", err)
	}
	var claimed []delivery.Delivery
	err = s.run(context.WithoutCancel(ctx), func(ctx context.Context, tx *sqlrow.Tx) error {
		look := max(claim.Limit, 0) // SQLite takes less for no limit
		for range claimRounds {
			found, err := sqlrow.All(ctx, tx, scanWholeDelivery, selectDue, claim.Now.UnixMilli(), string(skip), look)
			if err != nil {
				return err
			}
			given, err := take(ctx, tx, claim, found, claim.Limit-len(claimed))
			if claimed = append(claimed, given...); err != nil {
				return err
			}
			if len(given) == len(found) || len(claimed) == claim.Limit {
				return nil
			}
			look = max(claim.Limit-len(claimed), claimAgain)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return claimed, nil
}

// take claims, up to a limit, the found deliveries that need not wait for an earlier one. It postpones each of
// the others to the due time of the delivery that it waits for, so that no claim looks at it before.
func take(ctx context.Context, t *sqlrow.Tx, claim delivery.Claim, found []delivery.Delivery, limit int) (given []delivery.Delivery, err error) {
	for _, d := range found {
		if len(given) == limit {
			break
		}
		key := keyOf(&d)
		before, err := dueBefore(ctx, t, key)
		if err != nil {
			return nil, err
		}
		if before != 0 {
			if _, err := t.Exec(ctx, postpone, key.args(before)...); err != nil {
				return nil, err
			}
			continue
		}
		d.DueTime = claim.Until
		if _, err := t.Exec(ctx, setClaimed, key.args(claim.Until.UnixMilli(), claim.Holder)...); err != nil {
			return nil, err
		}
		given = append(given, d)
	}
	return given, nil
}

// dueBefore returns the due time of the first delivery that this one must wait for; 0: it need not wait.
func dueBefore(ctx context.Context, t *sqlrow.Tx, key deliveryKey) (int64, error) {
	if key.change == 0 {
		return 0, nil
	}
	due, err := sqlrow.One(ctx, t, sqlrow.Number, selectBefore, key.args()...)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return due, err
}

func (s *Store) ReplayDelivery(ctx context.Context, id string, now time.Time) (delivery.Delivery, error) {
	key, ok := parseDeliveryID(id)
	if !ok {
		return delivery.Delivery{}, domain.ErrNotFound
	}
	var d delivery.Delivery
	err := s.run(ctx, func(ctx context.Context, tx *sqlrow.Tx) (err error) {
		if _, err = tx.Exec(ctx, replayDelivery, key.args(now.UnixMilli(), now.UnixMilli())...); err != nil {
			return err
		}
		d, err = sqlrow.One(ctx, tx, scanWholeDelivery, selectDelivery, key.args()...)
		return sqlrow.ReadFailure("reading a delivery", err)
	})
	if err != nil {
		return delivery.Delivery{}, err
	}
	return d, nil
}
