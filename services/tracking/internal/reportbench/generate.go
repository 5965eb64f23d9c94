package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/internal/resource"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore"
)

const (
	offers       = 20
	publishers   = 100
	codesEach    = 10 // coupons of a publisher
	writers      = 2048
	retention    = 90 * 24 * time.Hour
	skew         = 1.1 // of the Zipf distribution of sales over publishers and codes
	programYears = 1
)

// The program's year, which ends before any run of this.
func begin() time.Time { return time.Date(2025, time.July, 1, 0, 0, 0, 0, time.UTC) }

func end() time.Time { return begin().AddDate(programYears, 0, 0) }

// size is how much a program has of what.
type size struct{ conversions, clicks int }

// program is one of the two, with its data and, once it is started, its server.
type program struct {
	dir  string
	size size
	server
}

// prepare makes a program's data, unless it is there.
func prepare(ctx context.Context, dir string, of size) (*program, error) {
	p := &program{dir: dir, size: of}
	done := filepath.Join(dir, fmt.Sprintf("made-%d-%d", of.conversions, of.clicks))
	if _, err := os.Stat(done); err == nil {
		return p, nil
	}
	if err := os.RemoveAll(dir); err != nil {
		return nil, err
	}
	began := time.Now()
	if err := generate(ctx, dir, of); err != nil {
		return nil, fmt.Errorf("making the data: %w", err)
	}
	// The product takes a database that is missing beside the other for damage, and an empty one for a new one.
	if err := os.WriteFile(filepath.Join(dir, "coupon.db"), nil, 0o600); err != nil {
		return nil, err
	}
	fmt.Printf("made %d conversions and %d clicks in %s\n", of.conversions, of.clicks, time.Since(began).Round(time.Second))
	return p, os.WriteFile(done, nil, 0o600)
}

// generate stores clicks and conversions in the order of their times, and counts them.
func generate(ctx context.Context, dir string, of size) (err error) {
	store, err := sqlitestore.Open(ctx, dir, sqlitestore.Options{Retention: retention, Calendar: rollup.NewCalendar(time.UTC), Now: time.Now})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if err := inParallel(ctx, of.clicks, func(n int, chance *rand.Rand) error { return store.InsertClick(ctx, click(n, of.clicks, chance)) }); err != nil {
		return err
	}
	err = inParallel(ctx, of.conversions, func(n int, chance *rand.Rand) error {
		_, inserted, err := store.InsertConversion(ctx, domain.Sale{Conversion: conversion(n, of.conversions, chance)})
		if err == nil && !inserted {
			return fmt.Errorf("conversion %d was there already", n)
		}
		return err
	})
	if err != nil {
		return err
	}
	for more := true; more; {
		if more, err = store.CountNew(ctx, time.Now().Add(time.Minute)); err != nil {
			return err
		}
	}
	return nil
}

// inParallel calls do for 0 to n-1, roughly in order, by many at once. Each number has its own chance, so
// that the data is the same each time.
func inParallel(ctx context.Context, n int, do func(n int, chance *rand.Rand) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	numbers := make(chan int)
	var group sync.WaitGroup
	for range writers {
		group.Go(func() {
			source := rand.NewPCG(0, 0)
			chance := rand.New(source) //nolint:gosec // data to measure with
			for i := range numbers {
				source.Seed(uint64(n), uint64(i)) //nolint:gosec // not negative
				if err := do(i, chance); err != nil {
					cancel(err)
				}
			}
		})
	}
	for i := 0; i < n && ctx.Err() == nil; i++ {
		numbers <- i
	}
	close(numbers)
	group.Wait()
	return context.Cause(ctx)
}

// moment is when the n-th of many happened: evenly spread, with some chance.
func moment(n, of int, chance *rand.Rand) time.Time {
	step := end().Sub(begin()) / time.Duration(of)
	return begin().Add(time.Duration(n)*step + time.Duration(chance.Int64N(int64(step)))).Truncate(time.Millisecond)
}

// use is a coupon that was clicked or used: its publisher and the code.
func use(chance *rand.Rand) (offer, publisher, code string) {
	publisherNumber := rand.NewZipf(chance, skew, 8, publishers-1).Uint64()
	codeNumber := rand.NewZipf(chance, skew, 1, codesEach-1).Uint64()
	return strconv.FormatUint(publisherNumber%offers, 10), "p" + strconv.FormatUint(publisherNumber, 10), codeOf(publisherNumber, codeNumber)
}

func codeOf(publisher, number uint64) string {
	return fmt.Sprintf("CODE%dX%d", publisher, number)
}

func click(n, of int, chance *rand.Rand) domain.Click {
	at := moment(n, of, chance)
	offer, publisher, code := use(chance)
	return domain.Click{
		ID: timeID(at, chance), Offer: offer, Publisher: publisher, CouponCode: code, Coupon: couponName(offer, publisher, code),
		PubUniques: domain.Uniques{2: code}, IP: "203.0.113.7", Time: at,
		UserAgent: "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
	}
}

func couponName(offer, publisher, code string) string {
	return resource.Offer(offer) + "/coupons/" + publisher + "." + code
}

// timeID returns a UUIDv7 of a moment.
func timeID(at time.Time, chance *rand.Rand) string {
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[:8], uint64(at.UnixMilli())<<16|0x7000|chance.Uint64()&0x0fff)
	binary.BigEndian.PutUint64(id[8:], chance.Uint64()&(1<<62-1)|1<<63)
	return id.String()
}

func conversion(n, of int, chance *rand.Rand) domain.Conversion {
	at := moment(n, of, chance)
	offer, publisher, code := use(chance)
	report := domain.Report{Event: domain.DefaultEvent, TransactionID: "order-" + strconv.Itoa(n)}
	id, _ := domain.ConversionID(report, offer)
	amount := money.Money{Currency: "USD", Units: 5 + chance.Int64N(300), Nanos: int32(chance.IntN(100)) * 10_000_000} //nolint:gosec // up to 99 cents
	c := domain.Conversion{
		ID: id, ContentHash: id, Offer: offer, Publisher: publisher, Coupon: couponName(offer, publisher, code), CouponCode: code,
		TransactionID: report.TransactionID, Event: report.Event, Amount: amount, Payout: amount.Percent(100_000), Revenue: amount.Percent(150_000),
		Status: domain.StatusApproved, Outcome: domain.Attributed, Method: domain.CouponCode, Explanation: "The code means one valid coupon.",
		PubUniques: domain.Uniques{2: code}, ConversionTime: at, CreateTime: at, UpdateTime: at, Revision: 1,
	}
	if chance.IntN(3) == 0 {
		c.Method, c.Click = domain.CouponLink, timeID(at.Add(-time.Hour), chance)
	}
	if chance.IntN(20) == 0 {
		c.Status = domain.StatusPending
	}
	return c
}
