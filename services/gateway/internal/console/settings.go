package console

import (
	"net/http"
	"time"
)

func settingsRoutes() []route {
	return []route{get("settings", showSettings)}
}

type settingsView struct {
	Program []fact
	Themes  []choice
	Since   time.Time
}

// fact is a name and its value, shown by the template "facts".
type fact struct {
	Label, Value string
	// IsCode shows the value in the type of codes, with a Copy button.
	IsCode bool
	Hint   string
}

func showSettings(_ http.ResponseWriter, _ *http.Request, p *page) error {
	p.Title, p.Section = "Settings", "settings"
	return p.show("settings", settingsView{
		Program: p.program(),
		Themes:  []choice{{"auto", "As the system"}, {"light", "Light"}, {"dark", "Dark"}},
		Since:   p.session.Began,
	})
}

// program is how the program was started: what can be changed only there.
func (p *page) program() []fact {
	facts := []fact{
		{
			Label: "Time zone", Value: p.zone.String(),
			Hint: "Days begin and end by it, in coupons' dates and in reports. Set by COUPONLINK_TIME_ZONE. Now " + p.now().In(p.zone).Format("15:04") + ".",
		},
	}
	if p.publicURL != "" {
		facts = append(facts, fact{
			Label: "Public address", Value: p.publicURL, IsCode: true,
			Hint: "Tracking links begin with it. Set by COUPONLINK_PUBLIC_URL.",
		})
	}
	if p.store != "" {
		facts = append(facts, fact{Label: "Store", Value: p.store, Hint: "Where everything is kept. Set by COUPONLINK_DATABASE_URL."})
	}
	if p.version != "" {
		facts = append(facts, fact{Label: "Version", Value: p.version})
	}
	return facts
}
