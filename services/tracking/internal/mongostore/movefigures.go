package mongostore

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/internal/move"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/clickage"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/mongodoc"
)

// countAll counts what is not in the figures yet, if there are any.
func (s *Store) countAll(ctx context.Context) error {
	for {
		p, _, err := s.readProgress(ctx)
		if err != nil || p.Zone == "" {
			return err
		}
		next, do := p, s.countWindow
		switch {
		case p.Phase != ready:
			do = s.build
		case p.CountingTo == 0:
			last, more, err := s.numberAll(ctx)
			if err != nil {
				return err
			}
			if more {
				continue
			}
			if p.CountedTo > last {
				return nil
			}
			if next.CountingTo, _, err = s.windowEnd(ctx, span{p.CountedTo, last + 1}); err != nil {
				return err
			}
		}
		if err := s.leased(ctx, p, next, do); err != nil {
			return err
		}
	}
}

// movedGeneration returns that of the cells that are kept, or are to be.
func (s *Store) movedGeneration(ctx context.Context) (int64, error) {
	p, _, err := s.readProgress(ctx)
	return max(p.Generation, 1), err
}

// cellsToMove are the cells of the last generation.
func (s *Store) cellsToMove() move.Table {
	return move.TableOf(figures, func(ctx context.Context, after string, limit int) ([]rollup.Cell, string, error) {
		generation, err := s.movedGeneration(ctx)
		if err != nil {
			return nil, "", err
		}
		filter := bson.D{{Key: "_id", Value: bson.D{{Key: "$gt", Value: after}}}, {Key: "generation", Value: generation}}
		inOrder := options.Find().SetSort(bson.D{{Key: "_id", Value: 1}}).SetLimit(int64(limit))
		cells, err := mongodoc.All(ctx, s.db, figures, filter, inOrder, (*cellDocument).decode)
		if len(cells) > 0 {
			after = cellID(cells[len(cells)-1].Key, generation)
		}
		return cells, after, err
	}, func(ctx context.Context, cells []rollup.Cell) error {
		generation, err := s.movedGeneration(ctx)
		if err != nil {
			return err
		}
		keyed := make([]mongodb.Keyed, len(cells))
		for i, c := range cells {
			document := encodeCell(c, generation, 0) // nothing comes between then and the first batch
			keyed[i] = mongodb.Keyed{ID: document.ID, Document: document}
		}
		return s.db.ReplaceAll(ctx, figures, keyed)
	})
}

// countedToMove is how far the figures are. It is written when all that it is about is there.
func (s *Store) countedToMove() move.Table {
	return move.TableOf("counted", func(ctx context.Context, after string, _ int) ([]rollup.Counted, string, error) {
		p, _, err := s.readProgress(ctx)
		if err != nil || p.Zone == "" || after != "" {
			return nil, "", err
		}
		err = s.db.Collection(figures).FindOne(ctx, bson.D{{Key: "generation", Value: p.Generation}}).Err()
		if errors.Is(err, mongo.ErrNoDocuments) {
			return nil, "", nil
		}
		if err != nil {
			return nil, "", mongodoc.Failure("looking for figures", err)
		}
		since, err := clickage.Read(ctx, s.db)
		return []rollup.Counted{{Zone: p.Zone, ClicksSince: since.UnixMilli()}}, "the only one", err
	}, func(ctx context.Context, records []rollup.Counted) error {
		p, _, err := s.readProgress(ctx)
		if err != nil {
			return err
		}
		last, err := s.settled(ctx)
		if err != nil {
			return err
		}
		for _, c := range records {
			next := progress{
				ID: progressID, Revision: p.Revision + 1, Generation: max(p.Generation, 1), Zone: c.Zone, Phase: ready,
				CountedTo: last + 1, Discounts: true,
			}
			_, err := s.db.Collection(counting).ReplaceOne(ctx, mongodoc.ByID(progressID), next, options.Replace().SetUpsert(true))
			if err != nil {
				return mongodoc.Failure("noting how far the figures are", err)
			}
			if err := clickage.Write(ctx, s.db, time.UnixMilli(c.ClicksSince)); err != nil {
				return err
			}
		}
		return nil
	})
}
