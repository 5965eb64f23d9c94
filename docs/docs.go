// Package docs holds the pages for partners and callers, which the program serves as well.
//
// Only the gateway imports it.
package docs

import "embed"

// Pages are the pages, by their paths.
//
//go:embed links.md postbacks.md presets.md reports.md errors.md callers/*.md
var Pages embed.FS
