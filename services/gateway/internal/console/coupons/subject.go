// Package coupons is the pages of coupons: lists, forms, imports, exports, and what is done with several at
// once.
//
// Only the console imports it.
package coupons

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
