// Package overview is the first page: how the program does, what needs attention, and the first steps.
//
// Only the console imports it.
package overview

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
