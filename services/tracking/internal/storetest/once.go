package storetest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/idempotency"
	"github.com/couponlink/couponlink/services/tracking/internal/app/attribution"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// oncePromises are the promises about changes with a request id.
func oncePromises() []promise {
	return []promise{
		{"a change with a request id is made once, also across a restart", changeOnce},
		{"of many changes at once with one request id one is made, and all get its answer", changesOnceRace},
		{"a refused change leaves its request id free", refusedOnce},
		{"callers with one request id do not meet", callersOwnIDs},
		{"a request id is free after its lifetime", oldRequestID},
	}
}

// onceAt returns a call at a time in milliseconds, which answers with the conversion's revision.
func onceAt(ms int, hash string) attribution.Once {
	return attribution.Once{
		Call:   idempotency.Call{Caller: "adminKey", ID: "0195b7a4-5c1e-7d3a-9a52-6b1f0c8e2d47", Hash: hash, Time: at(ms)},
		Answer: func(c domain.Conversion) (string, error) { return fmt.Sprint("revision ", c.Revision), nil },
	}
}

// raised is a change that always changes something.
func raised(c domain.Conversion) (domain.Update, error) {
	c.Revision++
	return domain.Update{Conversion: c}, nil
}

// made returns the answer of a change, new or stored.
func made(once attribution.Once, c domain.Conversion, err error) (answer string, isNew bool, other error) {
	if m := (*attribution.Made)(nil); errors.As(err, &m) {
		return m.Answer, false, nil
	}
	if err != nil {
		return "", false, err
	}
	answer, err = once.Answer(c)
	return answer, true, err
}

func wantMade(t *testing.T, s Store, once attribution.Once, wantAnswer string, wantNew bool) {
	t.Helper()
	c, err := s.UpdateConversionOnce(t.Context(), sale(1).ID, once, raised)
	if answer, isNew, err := made(once, c, err); err != nil || answer != wantAnswer || isNew != wantNew {
		t.Errorf("the answer is %q, new: %v (%v), want %q, new: %v", answer, isNew, err, wantAnswer, wantNew)
	}
}

func changeOnce(t *testing.T, fresh Fresh) {
	open := fresh(t)
	s := open(calendar(t))
	insertNew(t, s, sale(1))
	once := onceAt(0, "a")
	if _, found, err := s.Repeated(t.Context(), once.Call); found || err != nil {
		t.Errorf("before the call it is found: %v, %v", found, err)
	}
	wantMade(t, s, once, "revision 2", true)
	wantMade(t, s, once, "revision 2", false)
	_, err := s.UpdateConversionOnce(t.Context(), sale(1).ID, onceAt(1, "b"), raised)
	if e := apperr.As(err); e == nil || e.Reason != "IDEMPOTENCY_KEY_REUSED" {
		t.Errorf("another request with the id: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(calendar(t))
	defer func() { _ = s.Close() }()
	if answer, found, err := s.Repeated(t.Context(), once.Call); answer != "revision 2" || !found || err != nil {
		t.Errorf("after a restart the answer is %q, found: %v (%v)", answer, found, err)
	}
	c, err := s.Conversion(t.Context(), sale(1).ID)
	if err != nil || c.Revision != 2 {
		t.Errorf("the conversion has revision %d (%v), want 2", c.Revision, err)
	}
}

func changesOnceRace(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	insertNew(t, s, sale(1))
	const calls = 20
	answers, news := make([]string, 2*calls), make([]bool, 2*calls)
	together(2*calls, func(i int) {
		if i%2 == 0 { // beside changes without an id
			if _, err := s.UpdateConversion(t.Context(), sale(1).ID, raised); err != nil {
				t.Errorf("change %d: %v", i, err)
			}
			return
		}
		once := onceAt(0, "a")
		c, err := s.UpdateConversionOnce(t.Context(), sale(1).ID, once, raised)
		if answers[i], news[i], err = made(once, c, err); err != nil {
			t.Errorf("call %d: %v", i, err)
		}
	})
	count := 0
	for i := 1; i < len(answers); i += 2 {
		if news[i] {
			count++
		}
		if answers[i] != answers[1] {
			t.Errorf("call %d got %q, want %q as the others", i, answers[i], answers[1])
		}
	}
	c, err := s.Conversion(t.Context(), sale(1).ID)
	if err != nil || count != 1 || c.Revision != calls+2 {
		t.Errorf("%d calls were made, and the revision is %d (%v), want 1 and %d", count, c.Revision, err, calls+2)
	}
}

func refusedOnce(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	insertNew(t, s, sale(1))
	refused := errors.New("refused")
	_, err := s.UpdateConversionOnce(t.Context(), sale(1).ID, onceAt(0, "a"), func(domain.Conversion) (domain.Update, error) { return domain.Update{}, refused })
	if !errors.Is(err, refused) {
		t.Errorf("the error is %v, want the change's own", err)
	}
	same := func(c domain.Conversion) (domain.Update, error) { return domain.Update{Conversion: c}, nil }
	once := onceAt(1, "b")
	if c, err := s.UpdateConversionOnce(t.Context(), sale(1).ID, once, same); err != nil || c.Revision != 1 {
		t.Errorf("a call that changes nothing: revision %d, %v", c.Revision, err)
	}
	wantMade(t, s, once, "revision 1", false) // it is stored nevertheless
}

func callersOwnIDs(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	insertNew(t, s, sale(1))
	wantMade(t, s, onceAt(0, "a"), "revision 2", true)
	same, another := onceAt(1, "a"), onceAt(1, "b")
	same.Call.Caller, another.Call.Caller = "keys/1", "keys/2"
	if answer, found, err := s.Repeated(t.Context(), same.Call); found || err != nil {
		t.Errorf("another caller is told %q (%v)", answer, err)
	}
	wantMade(t, s, same, "revision 3", true)
	wantMade(t, s, another, "revision 4", true)
	wantMade(t, s, onceAt(2, "a"), "revision 2", false)
}

func oldRequestID(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	insertNew(t, s, sale(1))
	lifetime := int(idempotency.Lifetime.Milliseconds())
	wantMade(t, s, onceAt(0, "a"), "revision 2", true)
	wantMade(t, s, onceAt(lifetime-1, "a"), "revision 2", false)
	wantMade(t, s, onceAt(lifetime, "b"), "revision 3", true)
	wantMade(t, s, onceAt(lifetime+1, "b"), "revision 3", false)
}
