package scan

import (
	"io"
	"mime"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/net/html"

	"github.com/couponlink/couponlink/services/tracking/internal/domain/redirect"
)

// maxRefreshSeconds is up to what delay a refresh sends visitors on; pages that load again later do so
// for whoever stays.
const maxRefreshSeconds = 10

// isHTML says whether a page may be HTML, by its Content-Type.
func isHTML(contentType string) bool {
	kind, _, err := mime.ParseMediaType(contentType)
	return err != nil || kind == "text/html" || kind == "application/xhtml+xml"
}

// search looks through the beginning of a page for what sends the visitor on: a refresh, else a script.
// That the page breaks off is no matter; its status has said that it is there.
func search(body io.Reader) (kind redirect.HopKind, location string) {
	page := html.NewTokenizer(io.LimitReader(body, maxBodyBytes))
	page.SetMaxBuf(maxBodyBytes)
	hidden, script := 0, false
	for {
		switch page.Next() {
		case html.ErrorToken:
			return kind, location
		case html.StartTagToken, html.SelfClosingTagToken:
			token := page.Token()
			script = token.Data == "script" && isJavaScript(attribute(token, "type"))
			if unseen(token.Data) {
				hidden++
			}
			if token.Data != "meta" || hidden > 0 || !strings.EqualFold(attribute(token, "http-equiv"), "refresh") {
				continue
			}
			if to, ok := refresh(attribute(token, "content")); ok {
				return redirect.MetaRefresh, to
			}
		case html.EndTagToken:
			name, _ := page.TagName()
			if unseen(string(name)) && hidden > 0 {
				hidden--
			}
			script = false
		case html.TextToken:
			if !script || kind != redirect.NoHop {
				continue
			}
			if to, ok := scriptTarget(page.Text()); ok {
				kind, location = redirect.ScriptHop, to
			}
		}
	}
}

// unseen says whether browsers that run scripts take no notice of what is in an element.
func unseen(element string) bool { return element == "noscript" || element == "template" }

func attribute(token html.Token, name string) string {
	for _, a := range token.Attr {
		if a.Key == name {
			return strings.TrimSpace(a.Val)
		}
	}
	return ""
}

func isJavaScript(kind string) bool {
	kind = strings.ToLower(kind)
	return kind == "" || kind == "module" || strings.Contains(kind, "javascript") || strings.Contains(kind, "ecmascript")
}

var refreshForm = regexp.MustCompile(`(?is)^\s*([0-9]*)[0-9.]*\s*[;,\s]\s*url\s*=\s*(.+)$`)

// refresh returns where a refresh such as `0; url=https://…` leads; none without a URL, or after a
// longer time.
func refresh(content string) (location string, ok bool) {
	match := refreshForm.FindStringSubmatch(content)
	if match == nil {
		return "", false
	}
	seconds, err := strconv.Atoi("0" + match[1])
	if err != nil || seconds > maxRefreshSeconds {
		return "", false
	}
	location = strings.TrimSpace(match[2])
	if quote := location[0]; quote == '\'' || quote == '"' {
		location, _, _ = strings.Cut(location[1:], string(quote))
	}
	location = strings.TrimSpace(location)
	return location, location != ""
}

// scriptForm finds what sets the location: location = …, location.href = …, location.replace( … and
// location.assign( …; not other.location, nor a comparison.
var scriptForm = regexp.MustCompile(
	`(?:^|[^.\w$]|\b(?:window|document|self|top|parent)\.)location(?:\.href)?\s*(?:=\s*(?:["'` + "`" + `]([^"'` + "`" + `\s]*)|[^=\s"'` + "`" + `])|\.(?:replace|assign)\(\s*(?:["'` + "`" + `]([^"'` + "`" + `\s]*))?)`)

// scriptTarget returns where a script sends the visitor, empty where it works that out.
func scriptTarget(script []byte) (location string, ok bool) {
	match := scriptForm.FindSubmatch(script)
	if match == nil {
		return "", false
	}
	return string(match[1]) + string(match[2]), true
}
