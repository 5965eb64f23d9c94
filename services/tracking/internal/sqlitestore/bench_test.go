package sqlitestore_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore"
)

const userAgent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0 Safari/537.36"

// BenchmarkWrites measures 32 callers in a closed loop, and for comparison the simplest possible group commit to
// SQLite. Compare only figures of one run, with -count 5 or so; cpu-µs/op varies less with the machine's other
// load.
func BenchmarkWrites(b *testing.B) {
	b.Run("ceiling", func(b *testing.B) {
		insert := ceiling(b)
		closedLoop(b, func(context.Context, int64) error { return insert() })
	})
	b.Run("click", func(b *testing.B) {
		s := open(b)
		closedLoop(b, func(ctx context.Context, _ int64) error { return s.InsertClick(ctx, benchClick()) })
	})
	b.Run("conversion", func(b *testing.B) {
		s := open(b)
		closedLoop(b, func(ctx context.Context, n int64) error {
			_, _, err := s.InsertConversion(ctx, domain.Sale{Conversion: benchConversion(n)})
			return err
		})
	})
	b.Run("conversion with its postback", func(b *testing.B) {
		s := open(b)
		closedLoop(b, func(ctx context.Context, n int64) error {
			_, _, err := s.InsertConversion(ctx, benchSale(n))
			return err
		})
	})
}

func open(b *testing.B) *sqlitestore.Store {
	b.Helper()
	s, err := sqlitestore.Open(b.Context(), b.TempDir(), sqlitestore.Options{Retention: journalRetention, Calendar: rollup.NewCalendar(time.UTC), Now: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	return s
}

func closedLoop(b *testing.B, write func(ctx context.Context, n int64) error) {
	b.Helper()
	const callers = 32
	var next atomic.Int64
	var all sync.WaitGroup
	b.ResetTimer()
	cpu := cpuTime(b)
	for range callers {
		all.Go(func() {
			for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
				if err := write(b.Context(), n); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "ops/s")
	b.ReportMetric(float64((cpuTime(b)-cpu).Microseconds())/float64(b.N), "cpu-µs/op")
}

// cpuTime is what the process has used so far.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func benchClick() domain.Click {
	return domain.Click{
		ID: uuid.Must(uuid.NewV7()).String(), Offer: "10", Publisher: "22", Coupon: "offers/10/coupons/22.SALEXYZ20", CouponCode: "SALEXYZ20",
		PubClickID: "abc-123", PubUniques: domain.Uniques{2: "SALEXYZ20"}, IP: "203.0.113.7", UserAgent: userAgent,
		Referer: "https://social.example/", Time: time.Now(),
	}
}

func benchConversion(n int64) domain.Conversion {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails
	return domain.Conversion{
		ID: hex.EncodeToString(id[:]), ContentHash: hex.EncodeToString(id[:]), Offer: "10", Publisher: "22",
		Coupon: "offers/10/coupons/22.SALEXYZ20", CouponCode: "SALEXYZ20", TransactionID: "order-" + strconv.FormatInt(n, 10), Event: "sale",
		Amount: money.Money{Currency: "USD", Units: 49, Nanos: 900_000_000}, Payout: money.Money{Currency: "USD", Units: 4, Nanos: 990_000_000},
		Status: domain.StatusPending, Outcome: domain.Attributed, Method: domain.CouponCode,
		Explanation: "The code SALEXYZ20 is a valid coupon of publisher 22 on offer 10.",
		PubUniques:  domain.Uniques{2: "SALEXYZ20"}, ConversionTime: time.Now(), CreateTime: time.Now(), UpdateTime: time.Now(), Revision: 1,
		Revenue: money.Money{Currency: "USD", Units: 9, Nanos: 980_000_000},
		Basis: &domain.Basis{
			Rule:    "CODE_FIRST: a code that means exactly one valid coupon wins over a click.",
			Coupons: []domain.ConsideredCoupon{{Coupon: "offers/10/coupons/22.SALEXYZ20", Publisher: "22", StartTime: time.Now()}},

			Precedence: domain.CodeFirst, ClickWindow: 30 * 24 * time.Hour, OfferETag: "a1B2-c3_D4e5",
		},
	}
}

func benchSale(n int64) domain.Sale {
	c := benchConversion(n)
	c.Postback = uuid.Must(uuid.NewV7()).String()
	return domain.Sale{Conversion: c, Postback: &domain.Postback{
		ID: c.Postback, Offer: "10", Method: "GET", CouponCode: "SALEXYZ20", TransactionID: c.TransactionID, IP: "203.0.113.7",
		Parameters:    "amount=49.90&coupon_code=SALEXYZ20&currency=USD&event=sale&offer_id=10&timestamp=2026-11-22T16%3A30%3A00Z&transaction_id=" + c.TransactionID,
		Authenticated: true, Time: time.Now(), Duration: 350 * time.Microsecond,
	}}
}

// ceiling returns an insert into a table of five columns: one transaction for all waiting callers, as simple as
// database/sql allows.
func ceiling(b *testing.B) func() error {
	b.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(b.TempDir(), "c.db")+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
	if err != nil {
		b.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(`CREATE TABLE clicks (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, campaign TEXT NOT NULL, ip TEXT NOT NULL, ua TEXT NOT NULL)`); err != nil {
		b.Fatal(err)
	}
	queue := make(chan chan error, 1024)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		for first := range queue {
			batch := []chan error{first}
			for len(queue) > 0 {
				batch = append(batch, <-queue)
			}
			err := commit(db, len(batch))
			for _, done := range batch {
				done <- err
			}
		}
	}()
	b.Cleanup(func() {
		close(queue)
		<-stopped
		_ = db.Close()
	})
	return func() error {
		done := make(chan error, 1)
		queue <- done
		return <-done
	}
}

func commit(db *sql.DB, rows int) error {
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // does nothing after a commit
	insert, err := tx.Prepare(`INSERT INTO clicks (at, campaign, ip, ua) VALUES (?, ?, ?, ?)`)
	if err != nil {
		return err
	}
	for range rows {
		if _, err := insert.Exec(time.Now().UnixMilli(), "10", "203.0.113.7", userAgent); err != nil {
			return err
		}
	}
	return tx.Commit()
}
