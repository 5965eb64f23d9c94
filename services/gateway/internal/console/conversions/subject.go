// Package conversions is the page of a conversion: who was credited and why, and what can be done with it.
//
// Only the console imports it.
package conversions

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
