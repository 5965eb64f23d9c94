package coupon

import (
	"github.com/couponlink/couponlink/services/coupon/internal/sqlitestore"
	"github.com/couponlink/couponlink/services/internal/backup"
	"github.com/couponlink/couponlink/services/internal/sqlitedb"
)

// Databases returns what backups and directories may hold of the service.
func Databases() []backup.Database { return []backup.Database{{File: DatabaseFile}} }

// Sources returns what is backed up of the service; nil with MongoDB.
func (s *Service) Sources() []*sqlitedb.Source {
	if store, ok := s.store.(*sqlitestore.Store); ok {
		return []*sqlitedb.Source{store.Source()}
	}
	return nil
}
