package ui

import (
	"errors"
	"net/http/httptest"
	"net/url"
	"strconv"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"pgregory.net/rapid"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/propertytest"
	"github.com/couponlink/couponlink/services/internal/rpcstatus"
)

// What people type must never become another filter than a search.
func TestSearchIsAlwaysAValidFilter(t *testing.T) {
	schema := listing.NewSchema(
		listing.Field{Name: "name", Stored: "id", Kind: listing.Name, Prefix: "offers/", Sortable: true}, "name",
		listing.Field{Name: "display_name", Kind: listing.Title, Sortable: true},
	)
	propertytest.Check(t, func(t *rapid.T) {
		typed := rapid.OneOf(rapid.String(), rapid.StringMatching(`["\\* a()=ſß-]{0,150}`)).Draw(t, "typed")
		filter := Search(typed)
		if _, err := schema.Query(listing.Request{Filter: filter}, listing.Everything(), nil, time.Time{}); err != nil {
			t.Fatalf("%q became %s: %v", typed, filter, err)
		}
	})
}

// A name is found by its words, in whatever order and case.
func TestSearchFindsByWords(t *testing.T) {
	schema := listing.NewSchema(
		listing.Field{Name: "name", Stored: "id", Kind: listing.Name, Prefix: "offers/", Sortable: true}, "name",
		listing.Field{Name: "display_name", Kind: listing.Title, Sortable: true},
	)
	for typed, want := range map[string]bool{
		"shoes": true, "RUN": true, "shoes running": true, "ning sho": true, "10": true, "ärmel": true, "Ärmel": true, "ÄRMEL": true,
		"a\u0308rmel": true, "A\u0308RMEL run": true, "armel": false,
		"": true, "shoe run*": false, "boots": false, "running boots": false, "1": false,
	} {
		q, err := schema.Query(listing.Request{Filter: Search(typed)}, listing.Everything(), nil, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		row := map[string]any{"id": "10", "display_name_search": listing.SearchKey("Running Shoes Ärmel")}
		if got := listing.Match(q.Where, func(column string) any { return row[column] }); got != want {
			t.Errorf("%q finds it: %v, want %v", typed, got, want)
		}
	}
}

// Going on and back leads over the same pages, however far.
func TestPagerLeadsBackTheWayItCame(t *testing.T) {
	propertytest.Check(t, func(t *rapid.T) {
		pages := rapid.IntRange(1, maxTrail+5).Draw(t, "pages")
		at := func(address string) List {
			p := &Page{Request: httptest.NewRequest("GET", address, nil), Writer: httptest.NewRecorder()}
			return p.ListOf("name")
		}
		current := at("/console/offers?q=a")
		for i := range pages {
			current = at(current.Pager("t" + strconv.Itoa(i)).Next)
		}
		for i := pages - 2; i >= 0; i-- {
			current = at(current.Pager("").Previous)
			if pages-2-i >= maxTrail && current.PageToken() == "" {
				return // too far back for the trail: the first page
			}
			if want := "t" + strconv.Itoa(i); current.PageToken() != want {
				t.Fatalf("page %q, want %q", current.PageToken(), want)
			}
		}
		if back := current.Pager("").Previous; back != "/console/offers?q=a" {
			t.Fatalf("the first page is %q", back)
		}
	})
}

func TestPayoutsSurviveTheirForm(t *testing.T) {
	for _, text := range []string{"7.50 EUR", "0.001 USD", "3 JPY", "12.5%"} {
		values := url.Values{"p_kind": {"fixed"}, "p": {text[:len(text)-4]}, "p_currency": {text[len(text)-3:]}}
		if text == "12.5%" {
			values = url.Values{"p_kind": {"percent"}, "p": {text}, "p_cap": {"20"}, "p_currency": {"chf"}}
		}
		errs := Errors{}
		first := payoutOf(values, "p", "USD", errs)
		again := url.Values{}
		setPayout(again, "p", first)
		if second := payoutOf(again, "p", "USD", errs); len(errs) > 0 || first.String() != second.String() || first == nil {
			t.Errorf("%s: %v became %v; errors %v", text, first, second, errs)
		}
	}
}

func TestErrorsFindTheirFields(t *testing.T) {
	for field, want := range map[string]string{
		"code": "code", "coupon.code": "code", "payout.fixed.units": "payout", "requests[0].code": "code", "elsewhere": "", "": "",
	} {
		if got := fieldOf(field, []string{"code", "payout"}); got != want {
			t.Errorf("%q stands for %q, want %q", field, got, want)
		}
	}
	refused := rpcstatus.WithInfo(codes.InvalidArgument, "no", &errdetails.ErrorInfo{Reason: "X", Metadata: map[string]string{"suggestion": "SALEXYZ20"}}).Err()
	if got := MetadataOf(refused, "suggestion"); got != "SALEXYZ20" {
		t.Errorf("the suggestion is %q", got)
	}
	if got := MetadataOf(refused, "else") + MetadataOf(errors.New("plain"), "suggestion"); got != "" {
		t.Errorf("what is not there is %q", got)
	}
}
