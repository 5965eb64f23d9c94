package ui

import (
	"html/template"
	"regexp"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/status"

	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
)

// Services write messages for programs and developers, with times in RFC 3339 and UTC, and with ids of offers
// and publishers. The console shows dates in the program's zone and linked names instead. A link in such a
// text is written as in Markdown, [Mia](/console/publishers/22), and rendered by the template function
// linked.

var (
	instantInText = regexp.MustCompile(`\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)`)
	thingInText   = regexp.MustCompile(`\b(offer |publisher |offers/|publishers/)([a-z0-9][a-z0-9-]{0,62})\b`)
	linkInText    = regexp.MustCompile(`\[([^\[\]]*)\]\((/console/[^\s()<>"]*)\)`)
)

// Worded turns a service's message about a request into a sentence for the page. reason is the violation's;
// "" if the text is about the whole request.
func (p *Page) Worded(st *status.Status, reason, text string) string {
	if own := p.ownWords(reason, metadataIn(st)); own != "" {
		return own
	}
	return p.Told(text)
}

// ownWords returns the console's words for refusals of values that its forms show in another way; "" for
// others.
func (p *Page) ownWords(reason string, metadata map[string]string) string {
	if reason != "INVALID_TIME_RANGE" {
		return ""
	}
	start, startErr := time.Parse(time.RFC3339Nano, metadata["start_time"])
	end, endErr := time.Parse(time.RFC3339Nano, metadata["expire_time"])
	if startErr != nil || endErr != nil {
		return ""
	}
	// The form shows the coupon's last valid day.
	return "The coupon would expire on " + format.Date(end.Add(-time.Millisecond), p.Zone) + ", before it starts on " +
		format.Date(start, p.Zone) + ". Choose a later day, or none."
}

// metadataIn returns a refusal's metadata.
func metadataIn(st *status.Status) map[string]string {
	for _, detail := range st.Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			return info.GetMetadata()
		}
	}
	return nil
}

// Told returns a service's text as a sentence with dates and names in place of times and ids.
func (p *Page) Told(text string) string {
	text = instantInText.ReplaceAllStringFunc(text, func(moment string) string {
		t, err := time.Parse(time.RFC3339Nano, moment)
		if err != nil {
			return moment
		}
		return format.DateTime(t, p.Zone)
	})
	return format.Sentence(p.withNames(text))
}

// withNames replaces the ids of known offers and publishers with their names.
func (p *Page) withNames(text string) string {
	found := thingInText.FindAllStringSubmatch(text, -1)
	if found == nil {
		return text
	}
	var offers, publishers []string
	for _, match := range found {
		if strings.HasPrefix(match[1], "offer") {
			offers = append(offers, match[2])
		} else {
			publishers = append(publishers, match[2])
		}
	}
	called := p.NamesOf(p.Request.Context(), offers, publishers)
	return thingInText.ReplaceAllStringFunc(text, func(said string) string {
		match := thingInText.FindStringSubmatch(said)
		kind := strings.TrimRight(match[1], " s/")
		name := called[kind+"s/"+match[2]]
		if name == "" {
			return said
		}
		return kind + " [" + bracketless(name) + "](" + Href(kind+"s", match[2]) + ")"
	})
}

// bracketless returns a name that cannot end a link's text.
func bracketless(name string) string { return strings.NewReplacer("[", "(", "]", ")").Replace(name) }

// linked renders a text with its links.
func linked(text string) template.HTML {
	var shown strings.Builder
	last := 0
	for _, at := range linkInText.FindAllStringSubmatchIndex(text, -1) {
		shown.WriteString(template.HTMLEscapeString(text[last:at[0]]))
		shown.WriteString(`<a href="` + template.HTMLEscapeString(text[at[4]:at[5]]) + `">` + template.HTMLEscapeString(text[at[2]:at[3]]) + `</a>`)
		last = at[1]
	}
	shown.WriteString(template.HTMLEscapeString(text[last:]))
	return template.HTML(shown.String()) //nolint:gosec // each part is escaped
}

// Unlinked returns a text without its links, for places that cannot have any.
func Unlinked(text string) string { return linkInText.ReplaceAllString(text, "$1") }
