// Package scan is the Scan Tool, for one link, and the scans of all links of an offer.
//
// Only the console imports it.
package scan

import (
	"embed"
	"slices"

	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
)

//go:embed templates
var templates embed.FS

// Subject returns the pages with their templates.
func Subject() ui.Subject {
	return ui.Subject{Routes: slices.Concat(toolRoutes(), offerRoutes()), Templates: templates}
}
