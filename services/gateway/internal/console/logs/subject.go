// Package logs is the Postback Log and the Deliveries, with replays of both.
//
// Only the console imports it.
package logs

import (
	"embed"
	"slices"

	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
)

//go:embed templates
var templates embed.FS

// Subject returns the pages with their templates.
func Subject() ui.Subject {
	return ui.Subject{Routes: slices.Concat(postbackRoutes(), deliveryRoutes()), Templates: templates}
}
