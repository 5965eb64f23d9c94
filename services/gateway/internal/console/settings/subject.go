// Package settings is the page of how the program was started.
//
// Only the console imports it.
package settings

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
