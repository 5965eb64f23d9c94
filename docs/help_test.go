package docs_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/couponlink/couponlink/docs"
)

// TestHelpLinksLeadSomewhere: each page that errors link to is served, and has the section.
func TestHelpLinksLeadSomewhere(t *testing.T) {
	source, err := os.ReadFile("../services/internal/rpcstatus/help.go")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("errors.md")
	if err != nil {
		t.Fatal(err)
	}
	links := regexp.MustCompile(`return "([a-z/]+\.md)(?:#([a-z-]+))?"`).FindAllStringSubmatch(string(source), -1)
	if len(links) < 10 {
		t.Fatalf("found only %d links", len(links))
	}
	for _, link := range links {
		text, err := docs.Pages.ReadFile(link[1])
		if err != nil {
			t.Errorf("%s is not served: %v", link[1], err)
			continue
		}
		if link[2] != "" && !hasSection(string(text), link[2]) {
			t.Errorf("%s has no section #%s", link[1], link[2])
		}
	}
	for _, reason := range regexp.MustCompile(`"([A-Z][A-Z0-9_]+)"[,:]`).FindAllStringSubmatch(string(source), -1) {
		if !strings.Contains(string(page), "`"+reason[1]+"`") && !strings.HasPrefix(reason[1], "INVALID_") {
			t.Errorf("there is a link for %s, which errors.md does not list", reason[1])
		}
	}
}

// hasSection reports whether a page has a heading with an anchor.
func hasSection(page, anchor string) bool {
	dropped := regexp.MustCompile(`[^a-z0-9 -]`)
	for _, heading := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(page, -1) {
		if strings.ReplaceAll(dropped.ReplaceAllString(strings.ToLower(heading[1]), ""), " ", "-") == anchor {
			return true
		}
	}
	return false
}
