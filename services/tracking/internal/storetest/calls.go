package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/idempotency"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/redirect"
)

// callPromises are the promises of calls.Store.
func callPromises() []promise {
	return []promise{
		{"a call is stored with what it writes, also across a restart", callOnce},
		{"of many calls at once with one id one is made, and all get its answer", callsRace},
		{"of many reservations at once with one id one is made", reservationsOnce},
		{"a call that fails leaves its id free, and nothing of what it wrote", failedCall},
		{"each part of the store writes within a call", partsWithinCall},
	}
}

func callAt(ms int, hash string) idempotency.Call {
	return idempotency.Call{Caller: "adminKey", ID: "0195b7a4-5c1e-7d3a-9a52-6b1f0c8e2d48", Hash: hash, Time: at(ms)}
}

// savesReport is a call that stores a report and answers with its id.
func savesReport(s Store, id string, most int) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		if err := s.InsertSavedReport(ctx, bareReport(id, "x"), most); err != nil {
			return "", fmt.Errorf("storing it: %w", err)
		}
		return id, nil
	}
}

func wantAnswer(t *testing.T, s Store, call idempotency.Call, write func(context.Context) (string, error), want string) {
	t.Helper()
	if answer, err := s.Once(t.Context(), call, write); err != nil || answer != want {
		t.Errorf("the answer is %q (%v), want %q", answer, err, want)
	}
}

func wantReports(t *testing.T, s Store, want int) {
	t.Helper()
	if reports, err := s.SavedReports(t.Context(), listing.Query{Order: []listing.Order{{Field: "id"}}, Limit: manyReports}); err != nil || len(reports) != want {
		t.Errorf("there are %d reports (%v), want %d", len(reports), err, want)
	}
}

func callOnce(t *testing.T, fresh Fresh) {
	open := fresh(t)
	s := open(calendar(t))
	wantAnswer(t, s, callAt(0, "a"), savesReport(s, "1", manyReports), "1")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = closing(t, open(calendar(t)))
	wantAnswer(t, s, callAt(1, "a"), savesReport(s, "2", manyReports), "1")
	_, err := s.Once(t.Context(), callAt(1, "b"), savesReport(s, "3", manyReports))
	if e := apperr.As(err); e == nil || e.Reason != "IDEMPOTENCY_KEY_REUSED" {
		t.Errorf("another request with the id: %v", err)
	}
	wantReports(t, s, 1)
	wantAnswer(t, s, callAt(int(idempotency.Lifetime.Milliseconds()), "b"), savesReport(s, "4", manyReports), "4")
	wantReports(t, s, 2)
}

func callsRace(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	answers := make([]string, 20)
	together(len(answers), func(i int) {
		var err error
		if answers[i], err = s.Once(t.Context(), callAt(0, "a"), savesReport(s, fmt.Sprint("r", i), manyReports)); err != nil {
			t.Errorf("call %d: %v", i, err)
		}
	})
	for i, answer := range answers {
		if answer != answers[0] {
			t.Errorf("call %d got %q, want %q as the others", i, answer, answers[0])
		}
	}
	wantReports(t, s, 1)
}

// usesOf are the uses that a reservation of the coupon, which has two uses, holds.
func usesOf(r domain.Reservation) []domain.Use {
	return r.Days(domain.Use{Coupon: r.Coupon, Code: r.Code, ETag: "1", Limits: domain.Limits{Total: 2}, Now: r.CreateTime}, dayOf)
}

// reservationsOnce reserves the two uses of a coupon, each under the id of a call that is made many times at once.
func reservationsOnce(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	answers := make([]string, 20)
	together(len(answers), func(i int) {
		call := callAt(0, "a")
		if i%2 == 0 {
			call.ID = "0195b7a4-5c1e-7d3a-9a52-6b1f0c8e2d49"
		}
		r := held(fmt.Sprint("r", i), 1, time.Hour)
		var err error
		answers[i], err = s.Once(t.Context(), call, func(ctx context.Context) (string, error) {
			stored, inserted, err := s.Reserve(ctx, r, usesOf(r))
			if err == nil && !inserted {
				err = errors.New("it was there")
			}
			return stored.ID, err
		})
		if err != nil {
			t.Errorf("call %d: %v", i, err)
		}
	})
	made := map[string]bool{}
	for i := range answers {
		made[answers[i]] = true
		if answers[i] != answers[i%2] {
			t.Errorf("call %d got %q, want %q", i, answers[i], answers[i%2])
		}
	}
	for i := range answers {
		id := fmt.Sprint("r", i)
		if _, err := s.Reservation(t.Context(), id); (err == nil) != made[id] {
			t.Errorf("reservation %s: %v, told of: %v", id, err, made[id])
		}
	}
}

func failedCall(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	insertReport(t, s, bareReport("1", "x"))
	if _, err := s.Once(t.Context(), callAt(0, "a"), savesReport(s, "2", 1)); !errors.Is(err, domain.ErrLimitReached) {
		t.Errorf("a call over the limit: %v", err)
	}
	if _, err := s.Once(t.Context(), callAt(0, "a"), savesReport(s, "1", manyReports)); !errors.Is(err, domain.ErrExists) {
		t.Errorf("a call with an id that is taken: %v", err)
	}
	wantReports(t, s, 1)
	wantAnswer(t, s, callAt(1, "b"), savesReport(s, "2", manyReports), "2")
	wantReports(t, s, 2)
}

// partsWithinCall makes the writes of all calls that take an id, each of which returns what it has just written.
func partsWithinCall(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	r := held("r", 1, time.Hour)
	scan := redirect.OfferScan{ID: uuid.Must(uuid.NewV7()).String(), Offer: "10", State: redirect.ScanRunning, Device: redirect.Desktop, Language: "en", CreateTime: at(0)}
	wantAnswer(t, s, callAt(0, "a"), func(ctx context.Context) (string, error) {
		if err := s.InsertOfferScan(ctx, scan); err != nil {
			return "", err
		}
		ended, err := s.EndOfferScan(ctx, scan.ID, redirect.ScanCancelled, at(1))
		if err != nil {
			return "", err
		}
		if _, _, err = s.Reserve(ctx, r, usesOf(r)); err != nil {
			return "", err
		}
		released, err := s.ReleaseReservation(ctx, r.ID, r.CreateTime)
		return fmt.Sprint(ended.State, " ", released.State), err
	}, "CANCELLED RELEASED")
	if stored, err := s.OfferScan(t.Context(), scan.ID); err != nil || stored.State != redirect.ScanCancelled {
		t.Errorf("the scan is %+v, %v", stored, err)
	}
	if stored, err := s.Reservation(t.Context(), r.ID); err != nil || stored.State != domain.ReservationReleased {
		t.Errorf("the reservation is %+v, %v", stored, err)
	}
}
