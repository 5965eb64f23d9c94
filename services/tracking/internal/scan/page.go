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

// maxRefreshSeconds is the longest delay of a refresh that counts as a redirect; longer ones reload the page for
// visitors who stay.
const maxRefreshSeconds = 10

// isHTML reports whether a page may be HTML, by its Content-Type.
func isHTML(contentType string) bool {
	kind, _, err := mime.ParseMediaType(contentType)
	return err != nil || kind == "text/html" || kind == "application/xhtml+xml"
}

// search looks for a redirect in the beginning of a page: a refresh, else a script. A page that breaks off is not
// an error, since its status has already arrived.
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

// unseen reports whether browsers that run scripts ignore the contents of an element.
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

// refresh returns the target of a refresh such as `0; url=https://…`. ok is false without a URL, or if the delay is
// longer than maxRefreshSeconds.
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

// scriptForm matches code that sets the location: location = …, location.href = …, location.replace( … and
// location.assign( …, but not other.location or a comparison.
var scriptForm = regexp.MustCompile(
	`(?:^|[^.\w$]|\b(?:window|document|self|top|parent)\.)location(?:\.href)?\s*(?:=\s*(?:["'` + "`" + `]([^"'` + "`" + `\s]*)|[^=\s"'` + "`" + `])|\.(?:replace|assign)\(\s*(?:["'` + "`" + `]([^"'` + "`" + `\s]*))?)`)

// scriptTarget returns the URL that a script redirects to; "" if the script computes it.
func scriptTarget(script []byte) (location string, ok bool) {
	match := scriptForm.FindSubmatch(script)
	if match == nil {
		return "", false
	}
	return string(match[1]) + string(match[2]), true
}
