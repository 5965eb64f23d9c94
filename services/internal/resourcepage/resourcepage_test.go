package resourcepage_test

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/resourcepage"
)

// TestPagesEndBeforeMaxBytes reads a list of rows of various lengths page by page, like a service.
func TestPagesEndBeforeMaxBytes(t *testing.T) {
	t.Parallel()
	schema := listing.NewSchema(listing.Field{Name: "name", Stored: "id", Kind: listing.Opaque}, "")
	var rows []string
	for _, length := range []int{0, 300_000, 300_000, 300_000, 300_000, 1, 2 << 20, 10, resourcepage.MaxBytes - 4, 1, resourcepage.MaxBytes - 5} {
		rows = append(rows, strings.Repeat("x", length))
	}
	var lengths []int
	req, from := listing.Request{PageSize: 1000}, 0
	for {
		page := resourcepage.Of(func(code string) *couponv1.Coupon { return &couponv1.Coupon{Code: code} })
		req.Take = page.Take
		q, err := schema.Query(req, listing.Everything(), nil, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		shown, next := listing.Page(q, rows[from:], func(string, string) any { return "id" })
		answer := proto.Size(&couponv1.ListCouponsResponse{Coupons: page.Resources})
		if len(shown) != len(page.Resources) || answer > resourcepage.MaxBytes && len(shown) > 1 {
			t.Fatalf("a page of %d rows has %d resources in %d bytes", len(shown), len(page.Resources), answer)
		}
		lengths = append(lengths, len(shown))
		if from += len(shown); next == "" {
			break
		}
		req.PageToken = next
	}
	if from != len(rows) || len(lengths) != 7 {
		t.Errorf("pages of %v rows show %d rows of %d", lengths, from, len(rows))
	}
}

func TestEmptyPage(t *testing.T) {
	t.Parallel()
	if page := resourcepage.Of(func(string) *couponv1.Coupon { return nil }); page.Resources == nil {
		t.Error("an empty page is no list")
	}
}
