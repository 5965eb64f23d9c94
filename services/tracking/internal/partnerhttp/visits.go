package partnerhttp

import (
	"net/http"
	"strings"

	"github.com/maypok86/otter/v2"

	"github.com/couponlink/couponlink/services/tracking/internal/robots"
)

// maxAgents bounds the cached verdicts.
const maxAgents = 10_000

// visits tells shoppers from other callers of a link. It caches its verdicts by User-Agent: judging one takes as
// long as a whole click, and most visitors share a few.
type visits struct {
	list     *robots.List
	verdicts *otter.Cache[string, bool]
}

func newVisits(list *robots.List) *visits {
	return &visits{list: list, verdicts: otter.Must(&otter.Options[string, bool]{MaximumSize: maxAgents})}
}

// isShopper reports whether a shopper follows the link. Robots and HEAD requests are not shoppers, nor are
// browsers that prefetch a page, since nobody may ever look at it.
func (v *visits) isShopper(r *http.Request, agent string) bool {
	return r.Method != http.MethodHead && !isAhead(r.Header) && !v.isRobot(agent)
}

func (v *visits) isRobot(agent string) bool {
	verdict, ok := v.verdicts.GetIfPresent(agent)
	if !ok {
		verdict = v.list.Made(agent)
		v.verdicts.Set(agent, verdict)
	}
	return verdict
}

// isAhead reports whether a browser is prefetching, prerendering or previewing the page.
func isAhead(header http.Header) bool {
	// The names are in canonical form, as in http.Header.
	for _, name := range [...]string{"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"} {
		for _, value := range header[name] {
			value = strings.ToLower(value)
			if strings.Contains(value, "prefetch") || strings.Contains(value, "prerender") || strings.Contains(value, "preview") {
				return true
			}
		}
	}
	return false
}
