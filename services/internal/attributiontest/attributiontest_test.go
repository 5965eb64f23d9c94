package attributiontest

import "testing"

const (
	// minCases is the least number of cases.
	minCases = 70
	// maxOnlyRules bounds the cases that do not run against the product.
	maxOnlyRules = 5
)

func TestCases(t *testing.T) {
	cases := Load(t)
	names, onlyRules := map[string]bool{}, 0
	for _, c := range cases {
		key := c.File + "/" + c.Name
		if names[key] {
			t.Errorf("there are two cases %s", key)
		}
		names[key] = true
		if c.Only == OnlyRules {
			onlyRules++
		}
	}
	if len(cases) < minCases || onlyRules > maxOnlyRules {
		t.Errorf("%d cases, %d of them over the rules alone", len(cases), onlyRules)
	}
}
