package edge

import (
	"strings"

	"github.com/maypok86/otter/v2"
	"github.com/mileusna/useragent"
)

// maxAgents bounds the User-Agents whose verdicts are remembered.
const maxAgents = 10_000

// crawlers tells crawlers from shoppers by their User-Agent. It remembers its verdicts: to judge one
// takes as long as a twentieth of a whole click, and most visitors come with the same few.
type crawlers struct {
	verdicts *otter.Cache[string, bool]
}

func newCrawlers() *crawlers {
	return &crawlers{verdicts: otter.Must(&otter.Options[string, bool]{MaximumSize: maxAgents})}
}

// made says whether a User-Agent is a known crawler's or a script's rather than a shopper's.
func (c *crawlers) made(agent string) bool {
	verdict, ok := c.verdicts.GetIfPresent(agent)
	if !ok {
		verdict = isCrawler(agent)
		c.verdicts.Set(agent, verdict)
	}
	return verdict
}

func isCrawler(agent string) bool {
	if agent == "" {
		return true
	}
	lower := strings.ToLower(agent)
	// What useragent does not know as bots: HTTP libraries, link checkers, previews of messengers.
	for _, script := range [...]string{
		"bot", "crawl", "spider", "curl/", "wget/", "python-", "go-http-client", "java/", "okhttp", "libwww",
		"headless", "facebookexternalhit", "whatsapp", "preview",
	} {
		if strings.Contains(lower, script) {
			return true
		}
	}
	return useragent.Parse(agent).Bot
}
