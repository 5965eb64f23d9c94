// Package publishers is the pages of publishers: the list, and the tabs Overview, Deliveries and Settings of
// each.
//
// Only the console imports it.
package publishers

import (
	"embed"

	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
)

//go:embed templates
var templates embed.FS

// Subject returns the pages with their templates.
func Subject() ui.Subject {
	return ui.Subject{Routes: routes(), Templates: templates}
}
