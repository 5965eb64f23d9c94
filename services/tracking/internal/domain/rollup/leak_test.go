package rollup_test

import (
	"slices"
	"testing"

	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
)

type leakCase struct {
	name           string
	recent, before map[rollup.CodeKey]rollup.Share
	want           []string
	byOffer        bool
}

func leakCases() []leakCase {
	key := func(code string) rollup.CodeKey {
		return rollup.CodeKey{Offer: "10", Publisher: "22", CouponCode: code}
	}
	return []leakCase{
		{"nothing sold", nil, nil, nil, false},
		{
			"from a fifth to nine tenths",
			map[rollup.CodeKey]rollup.Share{key("A"): {100, 90}},
			map[rollup.CodeKey]rollup.Share{key("A"): {400, 80}},
			[]string{"A"},
			false,
		},
		{
			"always mostly spoken",
			map[rollup.CodeKey]rollup.Share{key("A"): {100, 92}},
			map[rollup.CodeKey]rollup.Share{key("A"): {400, 360}},
			nil, false,
		},
		{
			"a great rise of few sales may be chance",
			map[rollup.CodeKey]rollup.Share{key("A"): {10, 5}},
			map[rollup.CodeKey]rollup.Share{key("A"): {10, 2}},
			nil, false,
		},
		{
			"a sure rise of under ten points is no leak",
			map[rollup.CodeKey]rollup.Share{key("A"): {100_000, 29_000}},
			map[rollup.CodeKey]rollup.Share{key("A"): {100_000, 20_000}},
			nil, false,
		},
		{
			"too few sales",
			map[rollup.CodeKey]rollup.Share{key("A"): {9, 9}},
			map[rollup.CodeKey]rollup.Share{key("A"): {400, 0}},
			nil, false,
		},
		{
			"the greatest rise first",
			map[rollup.CodeKey]rollup.Share{key("A"): {100, 60}, key("B"): {100, 95}},
			map[rollup.CodeKey]rollup.Share{key("A"): {100, 10}, key("B"): {100, 10}},
			[]string{"B", "A"},
			false,
		},
		{
			"a new code against the offer's others",
			map[rollup.CodeKey]rollup.Share{key("NEW"): {100, 95}, key("A"): {100, 20}},
			map[rollup.CodeKey]rollup.Share{key("A"): {100, 22}},
			[]string{"NEW"},
			true,
		},
		{"a new code of an offer without others", map[rollup.CodeKey]rollup.Share{key("NEW"): {100, 95}}, nil, nil, false},
		{
			"all of it, from none",
			map[rollup.CodeKey]rollup.Share{key("A"): {50, 50}},
			map[rollup.CodeKey]rollup.Share{key("A"): {50, 0}},
			[]string{"A"},
			false,
		},
		{
			"all of it, as ever",
			map[rollup.CodeKey]rollup.Share{key("A"): {50, 50}},
			map[rollup.CodeKey]rollup.Share{key("A"): {50, 50}},
			nil, false,
		},
	}
}

func TestLeaks(t *testing.T) {
	for _, c := range leakCases() {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, leak := range rollup.Leaks(c.recent, c.before, 10) {
				got = append(got, leak.CouponCode)
				if leak.ByOffer != c.byOffer {
					t.Errorf("%s is compared with the offer: %v, want %v", leak.CouponCode, leak.ByOffer, c.byOffer)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("leaks are %v, want %v", got, c.want)
			}
		})
	}
}
