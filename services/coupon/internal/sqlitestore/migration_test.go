package sqlitestore_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/couponlink/couponlink/services/coupon/internal/sqlitestore"
	"github.com/couponlink/couponlink/services/coupon/internal/storetest"
	"github.com/couponlink/couponlink/services/internal/sqlitedb"
)

// Rows from before secrets, revenue, settings, deliveries and limits are kept, and each offer and each publisher
// gets a secret.
func TestMigrationFromVersion1(t *testing.T) {
	dir := t.TempDir()
	const file = "00001_tables.sql"
	first, err := os.ReadFile(filepath.Join("migrations", file))
	if err != nil {
		t.Fatal(err)
	}
	db, err := sqlitedb.Open(t.Context(), filepath.Join(dir, "coupon.db"), fstest.MapFS{file: {Data: first}})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Write(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), `
			INSERT INTO offers VALUES ('10', 'Aurora', 'https://shop.example/', '', 'ACTIVE', 'TOKEN', 'token-of-10', 'CODE_FIRST',
				3600, 0, 0, 'PERCENT', '', 0, 0, 75000, 'PENDING', 'USD', 1000, 1000, 1);
			INSERT INTO offers VALUES ('11', 'Aurora', 'https://shop.example/', '', 'ACTIVE', 'TOKEN', 'token-of-11', 'CODE_FIRST',
				3600, 0, 0, 'PERCENT', '', 0, 0, 75000, 'PENDING', 'USD', 1000, 1000, 1);
			INSERT INTO publishers VALUES ('22', 'Mia', 'ACTIVE', 1000, 1000, 1), ('23', 'Mia', 'ACTIVE', 1000, 1000, 1);
			INSERT INTO approvals VALUES ('10/22', '10', '22', 'APPROVED', 'COUPON', 1000, 1000, 1);
			INSERT INTO coupons VALUES ('10/22/SALE20', '10', '22', 'Sale20', 'SALE20', 1000, 253402300799999, 'note', 1, 0,
				'FIXED', 'USD', 12, 0, 0, 1000, 1000, 1);`)
		if err != nil {
			return err
		}
		for i := range storetest.Version1Extra {
			code := fmt.Sprintf("MORE%04d", i)
			if _, err := tx.ExecContext(t.Context(), `INSERT INTO coupons VALUES (?, '10', '23', ?, ?, 1000, 253402300799999, ?, 1, 0,
				'FIXED', 'USD', 12, 0, 0, 1000, 1000, 1)`, "10/23/"+code, code, code, storetest.Version1Note); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	var secrets [][]string
	for range 2 {
		store, err := sqlitestore.Open(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		secrets = append(secrets, storetest.Version1(t, store))
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
	}
	storetest.WantKeptSecrets(t, secrets[0], secrets[1])
}
