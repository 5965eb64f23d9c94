package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/coupon/internal/app"
	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/access"
	"github.com/couponlink/couponlink/services/internal/listing"
)

func keyPromises() []promise {
	return []promise{
		{"API keys are stored whole", testKeys},
		{"a key is found by its present and its previous secret", testKeyBySecret},
		{"of changes of one key at once none is lost", testKeyRace},
		{"the use of a key is noted forwards only", testKeyUse},
		{"keys are listed", testKeyList},
	}
}

func key(id string) domain.Key {
	return domain.Key{
		ID: id, DisplayName: "Ünï " + id, Role: access.Analyst, SecretHash: access.HashOf(id).String(), SecretPrefix: "clk_" + id,
		CreateTime: moment(0), UpdateTime: moment(1), Revision: 1,
	}
}

// fullKey is a key with every field set.
func fullKey() domain.Key {
	const id = "full"
	k := key(id)
	k.Role, k.Permissions, k.ExpireTime, k.RequestsPerSecond = access.Service, "coupons.read,coupons.validate", moment(9), 25
	k.Publishers, k.Offers = "22,23", "10"
	k.PreviousSecretHash, k.PreviousSecretExpireTime = access.HashOf("before "+id).String(), moment(5)
	k.RevokeTime, k.LastUseTime = moment(4), moment(3)
	return k
}

func testKeys(t *testing.T, s *suite) {
	ctx := t.Context()
	for _, k := range []domain.Key{key("plain"), fullKey()} {
		must(t, s.InsertKey(ctx, k))
		got, err := s.Key(ctx, k.ID)
		want(t, "the key "+k.ID, got, err, k)
		if err := s.InsertKey(ctx, k); !errors.Is(err, app.ErrExists) {
			t.Errorf("the same key again: %v", err)
		}
	}
	count, err := s.CountKeys(ctx)
	want(t, "the number of keys", count, err, int64(2))
	must(t, s.Close())
	again := open(t, s.place)
	got, err := again.Key(ctx, "full")
	want(t, "the key after reopening", got, err, fullKey())
	if _, err := again.Key(ctx, "other"); !errors.Is(err, app.ErrNotFound) {
		t.Errorf("a key that does not exist: %v", err)
	}
}

func testKeyBySecret(t *testing.T, s *suite) {
	ctx := t.Context()
	must(t, s.InsertKey(ctx, key("plain")))
	must(t, s.InsertKey(ctx, fullKey()))
	for secret, id := range map[string]string{"plain": "plain", "full": "full", "before full": "full"} {
		got, err := s.KeyBySecret(ctx, access.HashOf(secret).String())
		want(t, secret, got.ID, err, id)
	}
	for _, hash := range []string{"", access.HashOf("other").String(), strings.ToUpper(access.HashOf("plain").String())} {
		if got, err := s.KeyBySecret(ctx, hash); !errors.Is(err, app.ErrNotFound) {
			t.Errorf("%q opens %s, %v", hash, got.ID, err)
		}
	}
}

func testKeyRace(t *testing.T, s *suite) {
	ctx := t.Context()
	must(t, s.InsertKey(ctx, key("k")))
	const all = 20
	var changes sync.WaitGroup
	for range all {
		changes.Go(func() {
			_, err := s.UpdateKey(ctx, "k", func(k domain.Key) (domain.Key, error) { k.RequestsPerSecond++; return k, nil })
			if err != nil {
				t.Error(err)
			}
		})
	}
	changes.Wait()
	got, err := s.Key(ctx, "k")
	want(t, "the changes", fmt.Sprint(got.RequestsPerSecond, got.Revision), err, fmt.Sprint(all, all+1))
	refused := errors.New("refused")
	if _, err := s.UpdateKey(ctx, "k", func(k domain.Key) (domain.Key, error) { return k, refused }); !errors.Is(err, refused) {
		t.Errorf("%v, want the error of change", err)
	}
	if _, err := s.UpdateKey(ctx, "other", func(k domain.Key) (domain.Key, error) { return k, nil }); !errors.Is(err, app.ErrNotFound) {
		t.Errorf("a key that does not exist: %v", err)
	}
}

func testKeyUse(t *testing.T, s *suite) {
	ctx := t.Context()
	must(t, s.InsertKey(ctx, key("k")))
	for _, use := range []struct{ at, want time.Time }{{moment(5), moment(5)}, {moment(3), moment(5)}, {moment(6), moment(6)}} {
		must(t, s.NoteKeyUse(ctx, "k", use.at))
		got, err := s.Key(ctx, "k")
		noted := key("k")
		noted.LastUseTime = use.want
		want(t, "the key after its use", got, err, noted)
	}
	must(t, s.NoteKeyUse(ctx, "other", moment(1)))
	ended, end := context.WithCancel(ctx)
	end()
	if err := s.NoteKeyUse(ended, "k", moment(9)); err == nil {
		t.Error("an ended context wrote")
	}
}

func testKeyList(t *testing.T, s *suite) {
	ctx := t.Context()
	for i, id := range []string{"a", "b", "c"} {
		k := key(id)
		k.CreateTime = moment(i)
		if id == "b" {
			k.Role, k.DisplayName = access.Manager, "Checkout"
		}
		must(t, s.InsertKey(ctx, k))
	}
	for _, c := range []struct {
		where listing.Expr
		want  []string
	}{
		{nil, []string{"c", "b", "a"}},
		{compare("role", listing.Equal, "MANAGER"), []string{"b"}},
		{compare("display_name_search", listing.Contains, "ünï"), []string{"c", "a"}},
		{compare("create_time", listing.Less, moment(1)), []string{"a"}},
	} {
		got, err := s.Keys(ctx, listing.Query{Where: c.where, Order: []listing.Order{{Field: "create_time", Desc: true}, {Field: "id"}}, Limit: 10})
		ids := make([]string, len(got))
		for i, k := range got {
			ids[i] = k.ID
		}
		wantList(t, fmt.Sprintf("the keys where %+v", c.where), ids, err, c.want...)
	}
}
