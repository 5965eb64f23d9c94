// Package browser tests the console in a real browser: Chromium, driven over its debugging protocol,
// against the product's own program. The tests act as people do, by the names that the browser's
// accessibility tree gives to links, buttons and fields.
//
// It is a module of its own, so that the product does not depend on a browser driver. It has tests only;
// nothing imports it. `make test-browser` runs them; they use the browser that install-chromium finds
// and fail without it. What the pages looked like is left in deploy/browser/screenshots.
package browser
