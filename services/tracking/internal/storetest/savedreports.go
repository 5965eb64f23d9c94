package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
)

// manyReports is more than any test here stores.
const manyReports = 100

// fullReport has every field set that a report can have, and a few that it cannot have together.
func fullReport() rollup.SavedReport {
	return rollup.SavedReport{
		ID: "weekly-codes", DisplayName: "Codes \"of\" the week; naïve 🎟", Columns: []string{"conversion_time", "pub_unique3"},
		Filter: `status = APPROVED OR pub_unique3 = "SALE*"`, OrderBy: "conversion_time desc, offer", Range: rollup.Last7Days,
		StartDate: "2026-11-01", EndDate: "2026-11-30", GroupBy: []rollup.Dimension{rollup.ByDay, rollup.ByPublisher}, GroupOrderBy: "amount desc, day",
		CreateTime: at(1), UpdateTime: at(2), Revision: 1,
	}
}

func bareReport(id, name string) rollup.SavedReport {
	return rollup.SavedReport{ID: id, DisplayName: name, CreateTime: at(1), UpdateTime: at(1), Revision: 1}
}

func insertReport(t *testing.T, s Store, r rollup.SavedReport) {
	t.Helper()
	if err := s.InsertSavedReport(t.Context(), r, manyReports); err != nil {
		t.Fatalf("inserting the report %s: %v", r.ID, err)
	}
}

func checkReport(t *testing.T, s Store, want rollup.SavedReport) {
	t.Helper()
	if got, err := s.SavedReport(t.Context(), want.ID); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("the report is\n%+v (%v), want\n%+v", got, err, want)
	}
}

// renamed returns a report as it is after a change of its name.
func renamed(r rollup.SavedReport, name string) rollup.SavedReport {
	r.DisplayName, r.UpdateTime, r.Revision = name, at(50), r.Revision+1
	return r
}

func reportRoundTrip(t *testing.T, fresh Fresh) {
	open := fresh(t)
	before := open(calendar(t))
	full, bare := fullReport(), bareReport("1", "x")
	insertReport(t, before, full)
	insertReport(t, before, bare)
	checkReport(t, before, full)
	if _, err := before.SavedReport(t.Context(), "none"); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("no such report: %v, want ErrNotFound", err)
	}
	emptied, err := before.UpdateSavedReport(t.Context(), full.ID, func(r rollup.SavedReport) (rollup.SavedReport, error) {
		if !reflect.DeepEqual(r, full) {
			t.Errorf("to change is\n%+v, want\n%+v", r, full)
		}
		empty := renamed(bareReport(r.ID, ""), "nothing else")
		empty.CreateTime, empty.Revision = r.CreateTime, r.Revision+1
		return empty, nil
	})
	if err != nil {
		t.Fatalf("changing: %v", err)
	}
	if err := before.Close(); err != nil {
		t.Fatalf("closing: %v", err)
	}
	after := closing(t, open(calendar(t)))
	checkReport(t, after, emptied)
	checkReport(t, after, bare)
	refusal := errors.New("no")
	if _, err := after.UpdateSavedReport(t.Context(), bare.ID, func(r rollup.SavedReport) (rollup.SavedReport, error) {
		return renamed(r, "another"), refusal
	}); !errors.Is(err, refusal) {
		t.Errorf("a refused change: %v", err)
	}
	checkReport(t, after, bare)
	if _, err := after.UpdateSavedReport(t.Context(), "none", func(r rollup.SavedReport) (rollup.SavedReport, error) { return r, nil }); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("changing none: %v, want ErrNotFound", err)
	}
}

func reportPlaces(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	start := make(chan struct{})
	var all sync.WaitGroup
	var won atomic.Int64
	for i := range 12 {
		all.Go(func() {
			<-start
			err := s.InsertSavedReport(t.Context(), bareReport("same", fmt.Sprint(i)), manyReports)
			switch {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, domain.ErrExists):
				t.Errorf("inserting at once: %v, want ErrExists", err)
			}
		})
	}
	close(start)
	all.Wait()
	if won.Load() != 1 {
		t.Errorf("%d of 12 reports with one id were inserted", won.Load())
	}
	insertReport(t, s, bareReport("second", "y"))
	if err := s.InsertSavedReport(t.Context(), bareReport("third", "z"), 2); !errors.Is(err, domain.ErrLimitReached) {
		t.Errorf("one more than fit: %v, want ErrLimitReached", err)
	}
	if err := s.InsertSavedReport(t.Context(), bareReport("second", "z"), 2); !errors.Is(err, domain.ErrExists) {
		t.Errorf("one that is there, with no place left: %v, want ErrExists", err)
	}
	if _, err := s.SavedReport(t.Context(), "third"); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("the one too many is there: %v", err)
	}
}

func reportRace(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	insertReport(t, s, bareReport("r", "x"))
	const callers = 8
	start := make(chan struct{})
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			<-start
			_, err := s.UpdateSavedReport(t.Context(), "r", func(r rollup.SavedReport) (rollup.SavedReport, error) {
				return renamed(r, r.DisplayName+"x"), nil
			})
			if err != nil {
				t.Errorf("changing at once: %v", err)
			}
		})
	}
	close(start)
	all.Wait()
	want := bareReport("r", "x")
	for range callers {
		want = renamed(want, want.DisplayName+"x")
	}
	checkReport(t, s, want)
}

func reportDeletes(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	report := bareReport("r", "x")
	insertReport(t, s, report)
	refusal := errors.New("no")
	if err := s.DeleteSavedReport(t.Context(), "r", func(r rollup.SavedReport) error {
		if !reflect.DeepEqual(r, report) {
			t.Errorf("to delete is\n%+v, want\n%+v", r, report)
		}
		return refusal
	}); !errors.Is(err, refusal) {
		t.Errorf("a refused delete: %v", err)
	}
	checkReport(t, s, report)
	start := make(chan struct{})
	var all sync.WaitGroup
	var deleted atomic.Int64
	for range 8 {
		all.Go(func() {
			<-start
			err := s.DeleteSavedReport(t.Context(), "r", func(rollup.SavedReport) error { return nil })
			switch {
			case err == nil:
				deleted.Add(1)
			case !errors.Is(err, domain.ErrNotFound):
				t.Errorf("deleting at once: %v, want ErrNotFound", err)
			}
		})
	}
	close(start)
	all.Wait()
	if deleted.Load() != 1 {
		t.Errorf("the report was deleted %d times", deleted.Load())
	}
	insertReport(t, s, report) // its id is free
}

func reportLists(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	var stored []rollup.SavedReport
	for i := range 25 {
		r := fullReport()
		r.ID, r.DisplayName = fmt.Sprintf("r%d", i), []string{"b", "B", "ž", "a \"quoted\" one"}[i%4]
		insertReport(t, s, r)
		stored = append(stored, r)
	}
	listed := rows[rollup.SavedReport]{
		value: func(r rollup.SavedReport, field string) any {
			return map[string]any{"id": r.ID, "display_name": r.DisplayName}[field]
		},
		list: func(t *testing.T, s Store, q listing.Query) []rollup.SavedReport {
			t.Helper()
			reports, err := s.SavedReports(t.Context(), q)
			if err != nil {
				t.Fatalf("listing reports: %v", err)
			}
			return reports
		},
	}
	byName := listing.Query{Order: []listing.Order{{Field: "display_name"}, {Field: "id"}}, Limit: 7}
	listed.check(t, s, stored, byName)
	if got := listed.pages(t, s, byName, func() {}); !reflect.DeepEqual(got, listed.selected(stored, byName)) {
		t.Errorf("the list is\n%+v", got)
	}
}
