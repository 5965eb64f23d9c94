package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/coupon/internal/app"
	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/listing"
)

func postbackTokenPromises() []promise {
	return []promise{
		{"named postback tokens are stored whole, found by their hashes, and deleted", testPostbackTokens},
		{"an offer has no more named postback tokens than are allowed", testMostPostbackTokens},
		{"named postback tokens are listed by offer", testPostbackTokenList},
		{"the use of a postback token is noted at most once in a while", testPostbackTokenUse},
	}
}

func postbackToken(offer, id string) domain.PostbackToken {
	return domain.PostbackToken{
		ID: id, Offer: offer, DisplayName: "Shop " + id, Hash: domain.HashToken(id), Prefix: id, CreateTime: moment(1),
	}
}

func testPostbackTokens(t *testing.T, s *suite) {
	ctx := t.Context()
	used := postbackToken("10", "used")
	used.LastUseTime = moment(5)
	for _, token := range []domain.PostbackToken{postbackToken("10", "new"), used} {
		must(t, s.InsertPostbackToken(ctx, token, 5))
		got, err := s.PostbackToken(ctx, token.ID)
		want(t, token.ID, got, err, token)
		got, err = s.PostbackTokenByHash(ctx, token.Hash)
		want(t, token.ID+" by its hash", got, err, token)
		if err := s.InsertPostbackToken(ctx, token, 5); !errors.Is(err, app.ErrExists) {
			t.Errorf("the same token again: %v", err)
		}
	}
	twin := postbackToken("11", "twin")
	twin.Hash = used.Hash
	if err := s.InsertPostbackToken(ctx, twin, 5); !errors.Is(err, app.ErrExists) {
		t.Errorf("another token with the same hash: %v", err)
	}
	must(t, s.DeletePostbackToken(ctx, "used"))
	must(t, s.Close())
	again := open(t, s.place)
	got, err := again.PostbackToken(ctx, "new")
	want(t, "the token after reopening", got, err, postbackToken("10", "new"))
	for doing, err := range map[string]error{
		"reading":            errorOf(again.PostbackToken(ctx, "used")),
		"finding":            errorOf(again.PostbackTokenByHash(ctx, used.Hash)),
		"finding no hash":    errorOf(again.PostbackTokenByHash(ctx, "")),
		"deleting it again ": again.DeletePostbackToken(ctx, "used"),
	} {
		if !errors.Is(err, app.ErrNotFound) {
			t.Errorf("%s a deleted token: %v", doing, err)
		}
	}
}

func errorOf(_ domain.PostbackToken, err error) error { return err }

func testMostPostbackTokens(t *testing.T, s *suite) {
	for i := range 2 {
		must(t, s.InsertPostbackToken(t.Context(), postbackToken("10", fmt.Sprint("t", i)), 2))
	}
	if err := s.InsertPostbackToken(t.Context(), postbackToken("10", "third"), 2); !errors.Is(err, app.ErrTooMany) {
		t.Errorf("the third of two: %v", err)
	}
	must(t, s.InsertPostbackToken(t.Context(), postbackToken("11", "another offer's"), 2))
}

func testPostbackTokenList(t *testing.T, s *suite) {
	for i, id := range []string{"c", "a", "b"} {
		token := postbackToken("10", id)
		token.CreateTime = moment(i)
		must(t, s.InsertPostbackToken(t.Context(), token, 5))
	}
	must(t, s.InsertPostbackToken(t.Context(), postbackToken("11", "other"), 5))
	got, err := s.PostbackTokens(t.Context(), listing.Query{
		Where: compare("offer", listing.Equal, "10"), Order: []listing.Order{{Field: "create_time"}, {Field: "id"}}, Limit: 10,
	})
	ids := make([]string, len(got))
	for i, token := range got {
		ids[i] = token.ID
	}
	wantList(t, "the tokens of offer 10", ids, err, "c", "a", "b")
}

func testPostbackTokenUse(t *testing.T, s *suite) {
	ctx := t.Context()
	token := postbackToken("10", "t")
	must(t, s.InsertPostbackToken(ctx, token, 5))
	for _, use := range []struct{ at, after, want time.Time }{
		{moment(5), moment(4), moment(5)}, {moment(6), moment(4), moment(5)}, {moment(7), moment(5), moment(7)},
	} {
		must(t, s.NotePostbackTokenUse(ctx, token.Hash, use.at, use.after))
		got, err := s.PostbackToken(ctx, "t")
		token.LastUseTime = use.want
		want(t, "the token after its use", got, err, token)
	}
	must(t, s.NotePostbackTokenUse(ctx, domain.HashToken("other"), moment(1), moment(0)))
}
