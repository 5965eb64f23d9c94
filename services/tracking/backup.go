package tracking

import (
	"context"
	"errors"

	"github.com/couponlink/couponlink/services/internal/backup"
	"github.com/couponlink/couponlink/services/internal/sqlitedb"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore"
)

// Databases returns what backups and directories may hold of the service.
func Databases() []backup.Database {
	return []backup.Database{{File: DatabaseFile, Figures: figures, Restored: sqlitestore.RenameFeed}}
}

// figures recounts the figures of a file. Those of an older program's file are checked by that program only.
func figures(ctx context.Context, file *sqlitedb.File) (figures, differing int64, err error) {
	figures, differing, err = sqlitestore.CheckFigures(ctx, file)
	if errors.Is(err, sqlitestore.ErrOtherSchema) {
		return 0, 0, nil
	}
	return figures, differing, err
}

// Sources returns what is backed up of the service; nil with MongoDB.
func (s *Service) Sources() []*sqlitedb.Source {
	if store, ok := s.store.(*sqlitestore.Store); ok {
		return []*sqlitedb.Source{store.Source()}
	}
	return nil
}
