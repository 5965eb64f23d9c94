package edge

import (
	"net/http"
	"strings"

	"github.com/maypok86/otter/v2"

	"github.com/couponlink/couponlink/services/tracking/internal/robots"
)

// maxAgents bounds the User-Agents whose verdicts are remembered.
const maxAgents = 10_000

// visits tells shoppers from what else calls a link. It remembers its verdicts on User-Agents: to judge one
// takes as long as a whole click, and most visitors come with the same few.
type visits struct {
	list     *robots.List
	verdicts *otter.Cache[string, bool]
}

func newVisits(list *robots.List) *visits {
	return &visits{list: list, verdicts: otter.Must(&otter.Options[string, bool]{MaximumSize: maxAgents})}
}

// isShopper says whether a shopper follows the link. A robot does not, nor somebody who only asks what is
// there, nor a browser that loads a page ahead, which nobody may ever look at.
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

// isAhead says whether a browser loads the page ahead: prefetch, prerender, or a preview.
func isAhead(header http.Header) bool {
	// Their names are in the form in which the header is kept.
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
