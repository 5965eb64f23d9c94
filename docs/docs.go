// Package docs embeds the pages for partners and callers, which the program serves.
//
// Only the gateway imports it.
package docs

import "embed"

// Pages has the pages by path.
//
//go:embed links.md postbacks.md presets.md reports.md errors.md callers/*.md
var Pages embed.FS
