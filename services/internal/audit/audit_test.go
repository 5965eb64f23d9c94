package audit_test

import (
	"context"
	"reflect"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/access"
	"github.com/couponlink/couponlink/services/internal/audit"
)

type inner struct {
	FallbackURL string
	Window      time.Duration
}

type Credentials struct {
	Token string `audit:"masked"`
}

type thing struct {
	ID string
	Credentials
	Enabled    bool
	Settings   inner
	ExpireTime time.Time
	Permission []string
	Revision   int64 `audit:"-"`
}

func TestDiffTellsWhatChanged(t *testing.T) {
	t.Parallel()
	before := thing{ID: "a", Enabled: true, Credentials: Credentials{"old"}, Revision: 1}
	after := before
	after.Revision, after.Token, after.Enabled = 2, "new", false
	after.Settings = inner{FallbackURL: "https://x.example/", Window: time.Hour}
	after.ExpireTime = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	after.Permission = []string{"a", "b"}
	want := audit.Changes{
		{Field: "token", Masked: true},
		{Field: "enabled", From: "true", To: "false"},
		{Field: "settings.fallback_url", To: "https://x.example/"},
		{Field: "settings.window", From: "0s", To: "1h0m0s"},
		{Field: "expire_time", To: "2030-01-02T03:04:05Z"},
		{Field: "permission", From: "[]", To: "[a b]"},
	}
	if got := audit.Diff(&before, &after); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	if got := audit.Diff(&before, &before); got != nil {
		t.Errorf("nothing changed, but got %+v", got)
	}
	want = audit.Changes{{Field: "id", To: "a"}, {Field: "token", Masked: true}, {Field: "enabled", To: "true"}}
	if got := audit.Diff(nil, &before); !reflect.DeepEqual(got, want) {
		t.Errorf("a new one: got %+v\nwant %+v", got, want)
	}
}

func TestEntriesSayWhoCalled(t *testing.T) {
	t.Parallel()
	call := audit.Call{Principal: "keys/k", DisplayName: "Key", Address: "192.0.2.7", RequestID: "r", Method: "CreateThing"}
	ctx := audit.With(t.Context(), call)
	entryOf := func(ctx context.Context) audit.Entry {
		entry, ok, err := audit.Of(ctx, "things/a", nil, &thing{ID: "a"})
		if !ok || err != nil {
			t.Fatalf("no entry: %v", err)
		}
		return entry
	}
	if got := entryOf(ctx); got.Call != call || got.Resource != "things/a" || got.ID == "" {
		t.Errorf("got %+v", got)
	}
	call.Principal, call.DisplayName, call.Address = audit.System, "System", ""
	if got := entryOf(audit.BySystem(ctx)); got.Call != call {
		t.Errorf("what follows from a call: got %+v", got)
	}
	if _, ok, _ := audit.Of(audit.BySystem(t.Context()), "things/a", nil, &thing{}); ok {
		t.Error("an entry outside of calls")
	}
}

func TestReadsAndHotPathsLeaveNoEntries(t *testing.T) {
	t.Parallel()
	for p, want := range map[access.Permission]bool{
		"coupons.read": false, "secrets.read": false, "coupons.validate": false, "services.lookup": false,
		"coupons.write": true, "access.manage": true, "conversions.review": true,
	} {
		if got := audit.Leaves(p); got != want {
			t.Errorf("%s leaves entries: %v", p, got)
		}
	}
}
