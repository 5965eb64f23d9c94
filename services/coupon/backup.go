package coupon

import (
	"github.com/couponlink/couponlink/services/coupon/internal/sqlitestore"
	"github.com/couponlink/couponlink/services/internal/backup"
	"github.com/couponlink/couponlink/services/internal/sqlitedb"
)

// Databases describes the service's database, for backups and for the check of data directories.
func Databases() []backup.Database { return []backup.Database{{File: DatabaseFile}} }

// Sources returns the service's databases to back up; nil with MongoDB.
func (s *Service) Sources() []*sqlitedb.Source {
	if store, ok := s.store.(*sqlitestore.Store); ok {
		return []*sqlitedb.Source{store.Source()}
	}
	return nil
}
