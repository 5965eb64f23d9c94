// Package report is the Conversion Report, its saved reports and downloads, and the Leaked Codes.
//
// Only the console imports it.
package report

import (
	"embed"
	"slices"

	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
)

//go:embed templates
var templates embed.FS

// Subject returns the pages with their templates.
func Subject() ui.Subject {
	return ui.Subject{Routes: slices.Concat(reportRoutes(), leakedCodeRoutes()), Templates: templates}
}
