// Package offers is the pages of offers: the list, and the tabs Settings, Publishers and Postback of each.
//
// Only the console imports it.
package offers

import (
	"embed"
	"slices"

	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
)

//go:embed templates
var templates embed.FS

//go:embed snippets
var snippetFiles embed.FS

// Subject returns the pages with their templates.
func Subject() ui.Subject {
	return ui.Subject{Routes: slices.Concat(offerRoutes(), publisherRoutes(), postbackRoutes()), Templates: templates}
}
