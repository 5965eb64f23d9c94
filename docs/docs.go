// Package docs holds the pages for partners, which the program serves as well.
//
// Only the gateway imports it.
package docs

import "embed"

// Pages are the pages, by file name.
//
//go:embed links.md postbacks.md presets.md
var Pages embed.FS
