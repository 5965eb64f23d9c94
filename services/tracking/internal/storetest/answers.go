package storetest

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// answersKept checks that answers survive a restart: the newest of each question, until it is removed.
func answersKept(t *testing.T, fresh Fresh) {
	open := fresh(t)
	s := open(calendar(t))
	answer := func(kind, key, body string, ms int) domain.CouponAnswer {
		a := domain.CouponAnswer{Kind: kind, Key: key, Time: at(ms)}
		if body != "" {
			a.Body = []byte(body)
		}
		return a
	}
	keep := func(answers ...domain.CouponAnswer) {
		t.Helper()
		if err := s.KeepAnswers(t.Context(), answers); err != nil {
			t.Errorf("keeping answers: %v", err)
		}
	}
	check := func(since, limit int, want ...domain.CouponAnswer) {
		t.Helper()
		got, err := s.Answers(t.Context(), "offer", at(since), limit)
		if err != nil || len(got) != len(want) || len(got) > 0 && !reflect.DeepEqual(got, want) {
			t.Errorf("the answers are %v (%v), want %v", got, err, want)
		}
	}
	first, second, third := answer("offer", "10", "one\x00", 1), answer("offer", "11|a", "two", 2), answer("offer", "12", "three", 3)
	keep(first, second, third, answer("coupon", "10", "another kind", 4))
	keep(answer("offer", "12", "older", 2), answer("offer", "11|a", "", 1), answer("offer", "nothing", "", 9))
	check(0, 10, third, second, first)
	check(2, 10, third, second)
	check(0, 1, third)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = closing(t, open(calendar(t)))
	first = answer("offer", "10", "younger", 5)
	keep(first, answer("offer", "11|a", "", 2))
	check(0, 10, first, third)
	prune := func(before, most int) {
		t.Helper()
		if err := s.PruneAnswers(t.Context(), "offer", at(before), most); err != nil {
			t.Errorf("pruning: %v", err)
		}
	}
	prune(3, 2)
	check(0, 10, first, third)
	prune(4, 2)
	check(0, 10, first)
	var many []domain.CouponAnswer
	for n := range 450 {
		many = append(many, answer("offer", fmt.Sprint("many ", n), "m", 10+n))
	}
	keep(many...)
	prune(0, 3)
	check(0, 10, many[449], many[448], many[447])
	if got, err := s.Answers(t.Context(), "coupon", at(0), 10); err != nil || len(got) != 1 {
		t.Errorf("of the other kind there are %d, %v", len(got), err)
	}
}
