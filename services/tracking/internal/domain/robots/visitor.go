package robots

import "strings"

// Visitor is what a request for a link says about who made it.
type Visitor struct {
	Agent string
	// Head means that the method is HEAD.
	Head bool
	// Purposes are the values of the headers that say why a browser sends a request: Sec-Purpose, Purpose, X-Purpose,
	// X-Moz.
	Purposes []string
}

// IsShopper reports whether a shopper follows the link. Robots and HEAD requests are not shoppers, nor are browsers
// that prefetch, prerender or preview a page, because nobody may ever look at it. isRobot is List.Made, or a cache of it.
func (v Visitor) IsShopper(isRobot func(agent string) bool) bool {
	if v.Head {
		return false
	}
	for _, purpose := range v.Purposes {
		purpose = strings.ToLower(purpose)
		if strings.Contains(purpose, "prefetch") || strings.Contains(purpose, "prerender") || strings.Contains(purpose, "preview") {
			return false
		}
	}
	return !isRobot(v.Agent)
}
