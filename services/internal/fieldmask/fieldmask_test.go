package fieldmask

import (
	"slices"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"pgregory.net/rapid"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/internal/propertytest"
)

func coupon(t *testing.T, json string) *couponv1.Coupon {
	t.Helper()
	c := &couponv1.Coupon{}
	if err := protojson.Unmarshal([]byte(json), c); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestMerge(t *testing.T) {
	const stored = `{"name": "offers/10/coupons/22.A", "code": "A", "publisher": "publishers/22", "internalNote": "n",
		"settings": {"precedence": "CLICK_FIRST", "couponGrace": "60s"},
		"payout": {"percent": "8", "cap": {"currencyCode": "USD", "units": "10", "nanos": 500000000}}, "state": "ACTIVE", "etag": "r1"}`
	for _, tc := range []struct {
		name, request string
		mask          []string
		want          string
		fields        []string
		err           string
	}{
		{
			name: "a part, without a mask", request: `{"settings": {"clickWindow": "9s"}}`, fields: []string{"settings"},
			want: `{"settings": {"precedence": "CLICK_FIRST", "couponGrace": "60s", "clickWindow": "9s"}}`,
		},
		{
			name: "a part of an amount is the amount", request: `{"payout": {"cap": {"currencyCode": "USD", "units": "9"}}}`, mask: []string{"payout.cap.units"},
			fields: []string{"payout"}, want: `{"payout": {"percent": "8", "cap": {"currencyCode": "USD", "units": "9"}}}`,
		},
		{name: "a part unset", request: `{}`, mask: []string{"settings.precedence"}, fields: []string{"settings"}, want: `{"settings": {"couponGrace": "60s"}}`},
		{name: "the last part unset", request: `{}`, mask: []string{"settings.precedence", "settings.coupon_grace"}, fields: []string{"settings"}, want: `{"settings": null}`},
		{name: "a whole field", request: `{"settings": {"clickWindow": "9s"}}`, mask: []string{"settings"}, fields: []string{"settings"}, want: `{"settings": {"clickWindow": "9s"}}`},
		{name: "nothing", request: `{}`},
		{name: "what only the server sets", request: `{"name": "offers/1/coupons/2.B", "state": "EXPIRED", "etag": "r0"}`, mask: []string{"name", "state", "etag"}},
		{name: "fixed fields as they are", request: `{"code": "a", "publisher": "publishers/22"}`},
		{name: "a fixed field that differs", request: `{"code": "B"}`, err: `code: the code is "A" and cannot be changed`},
		{name: "a fixed field unset", request: `{}`, mask: []string{"code"}, err: `code: the code is "A" and cannot be changed`},
		{name: "no such field", request: `{}`, mask: []string{"settings.colour"}, err: `update_mask: there is no field "settings.colour"`},
		{name: "past a value", request: `{}`, mask: []string{"code.x"}, err: `update_mask: there is no field "code.x"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			current, want := coupon(t, stored), coupon(t, stored)
			if changed := coupon(t, `{}`); tc.want != "" {
				if err := protojson.Unmarshal([]byte(tc.want), changed); err != nil {
					t.Fatal(err)
				}
				for _, field := range tc.fields {
					f := want.ProtoReflect().Descriptor().Fields().ByTextName(field)
					if want.ProtoReflect().Clear(f); changed.ProtoReflect().Has(f) {
						want.ProtoReflect().Set(f, changed.ProtoReflect().Get(f))
					}
				}
			}
			change := Of(coupon(t, tc.request), &fieldmaskpb.FieldMask{Paths: tc.mask})
			got, err := change.Merge(current)
			if text := errorText(err); text != tc.err {
				t.Errorf("got the error %q, want %q", text, tc.err)
			}
			if !proto.Equal(got, want) || !slices.Equal(change.Fields(), tc.fields) {
				t.Errorf("got %v of %v, want %v of %v", got, change.Fields(), want, tc.fields)
			}
			if !proto.Equal(current, coupon(t, stored)) {
				t.Error("the current resource was changed")
			}
		})
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestMergeOfWhatWasRead checks that sending back a resource changes nothing, with any mask, and that sending new
// values in a part changes only that part.
func TestMergeOfWhatWasRead(t *testing.T) {
	paths := []string{
		"start_time", "internal_note", "enabled", "payout", "payout.percent", "payout.fixed", "payout.cap", "payout.cap.units", "settings",
		"settings.precedence", "settings.click_window", "settings.fallback_url", "usage_limit", "code", "publisher", "state", "etag",
	}
	stored := coupon(t, `{"code": "A", "publisher": "publishers/22", "enabled": false, "usageLimit": "5", "startTime": "2026-01-01T00:00:00Z",
		"settings": {"clickWindow": "5s"}, "payout": {"percent": "8", "cap": {"currencyCode": "USD", "units": "10"}}}`)
	propertytest.Check(t, func(t *rapid.T) {
		mask := &fieldmaskpb.FieldMask{Paths: rapid.SliceOf(rapid.SampledFrom(paths)).Draw(t, "mask")}
		sent, _ := proto.Clone(stored).(*couponv1.Coupon)
		got, err := Of(sent, mask).Merge(stored)
		if err != nil || !proto.Equal(got, stored) {
			t.Fatalf("got %v, %v", got, err)
		}
	})
}
