package partnerhttp

import (
	"net/http"

	"github.com/maypok86/otter/v2"

	"github.com/couponlink/couponlink/services/tracking/internal/domain/robots"
)

// maxAgents bounds the cached verdicts.
const maxAgents = 10_000

// visits tells shoppers from other callers of a link. It caches the verdicts by User-Agent: judging one takes as
// long as a whole click, and most visitors share a few.
type visits struct {
	list     *robots.List
	verdicts *otter.Cache[string, bool]
}

func newVisits(list *robots.List) *visits {
	return &visits{list: list, verdicts: otter.Must(&otter.Options[string, bool]{MaximumSize: maxAgents})}
}

// isShopper reports whether a shopper follows the link.
func (v *visits) isShopper(r *http.Request, agent string) bool {
	visitor := robots.Visitor{Agent: agent, Head: r.Method == http.MethodHead}
	// The names are in canonical form, as in http.Header.
	for _, name := range [...]string{"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"} {
		if values := r.Header[name]; len(values) > 0 {
			visitor.Purposes = append(visitor.Purposes, values...)
		}
	}
	return visitor.IsShopper(v.isRobot)
}

func (v *visits) isRobot(agent string) bool {
	verdict, ok := v.verdicts.GetIfPresent(agent)
	if !ok {
		verdict = v.list.Made(agent)
		v.verdicts.Set(agent, verdict)
	}
	return verdict
}
