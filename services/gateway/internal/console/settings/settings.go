package settings

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
)

func routes() []ui.Route {
	return []ui.Route{
		ui.Get("settings", showSettings),
		{Method: http.MethodPost, Path: "theme", Handle: setTheme, IsOwn: true},
	}
}

type settingsView struct {
	Program []ui.Fact
	Themes  []ui.Choice
	Since   time.Time
}

func showSettings(_ http.ResponseWriter, r *http.Request, p *ui.Page) error {
	p.Title, p.Section = "Settings", "settings"
	return p.Show("settings", settingsView{
		Program: programFacts(p, r.Context()),
		Themes:  []ui.Choice{{Value: "auto", Label: "As the system"}, {Value: "light", Label: "Light"}, {Value: "dark", Label: "Dark"}},
		Since:   p.Session.Began,
	})
}

func setTheme(_ http.ResponseWriter, r *http.Request, p *ui.Page) error {
	p.KeepTheme(r.PostFormValue("theme"))
	p.GoTo(ui.OwnPath(r.PostFormValue("back")))
	return nil
}

// said is what one of the programs says of a setting.
type said struct{ program, value string }

// The programs, as an operator knows them.
const (
	gatewayProgram  = "gateway"
	couponProgram   = "coupon service"
	trackingProgram = "tracking service"
)

// programFacts is how the programs were started: what can be changed only there.
func programFacts(p *ui.Page, ctx context.Context) []ui.Fact {
	var (
		all      sync.WaitGroup
		coupon   ui.Answered[*couponv1.About]
		tracking ui.Answered[*trackingv1.About]
	)
	ui.Ask(&all, &coupon, func() (*couponv1.About, error) {
		return couponv1.NewAboutServiceClient(p.Coupon).DescribeCouponService(ctx, &couponv1.DescribeCouponServiceRequest{})
	})
	ui.Ask(&all, &tracking, func() (*trackingv1.About, error) {
		return trackingv1.NewAboutServiceClient(p.Tracking).DescribeTrackingService(ctx, &trackingv1.DescribeTrackingServiceRequest{})
	})
	all.Wait()
	c, t := coupon.Value, tracking.Value
	store := settled(
		ui.Fact{Label: "Store", Hint: "Where everything is kept. Set by COUPONLINK_DATABASE_URL."},
		said{couponProgram, c.GetStore()}, said{trackingProgram, t.GetStore()},
	)
	store.Badge = nil // each may have its own
	facts := []ui.Fact{
		settled(
			ui.Fact{Label: "Time zone", Hint: "Coupons' dates and reports use its days. Set by COUPONLINK_TIME_ZONE. Now " + p.Now().In(p.Zone).Format("15:04") + "."},
			said{gatewayProgram, p.Zone.String()}, said{trackingProgram, t.GetTimeZone()},
		),
		settled(
			ui.Fact{Label: "Public address", IsCode: true, Hint: "Tracking links begin with it. Set by COUPONLINK_PUBLIC_URL."},
			said{gatewayProgram, p.PublicURL}, said{couponProgram, c.GetPublicUrl()}, said{trackingProgram, t.GetPublicUrl()},
		),
		settled(
			ui.Fact{Label: "Allowed hosts", Hint: "Hosts inside the network that publishers' postback URLs, deliveries and scans may reach. Set by COUPONLINK_ALLOWED_PRIVATE_HOSTS."},
			said{couponProgram, hostsOf(c, c.GetAllowedPrivateHosts())}, said{trackingProgram, hostsOf(t, t.GetAllowedPrivateHosts())},
		),
		store,
		settled(
			ui.Fact{Label: "Version"},
			said{gatewayProgram, p.Version}, said{couponProgram, c.GetVersion()}, said{trackingProgram, t.GetVersion()},
		),
	}
	if coupon.Err != nil {
		facts = append(facts, silent(p, couponProgram, coupon.Err))
	}
	if tracking.Err != nil {
		facts = append(facts, silent(p, trackingProgram, tracking.Err))
	}
	return facts
}

// silent says that a program gave no answer.
func silent(p *ui.Page, program string, err error) ui.Fact {
	return ui.Fact{Label: format.Capital(program), Badge: &ui.Badge{Text: "No answer", Tone: "bad"}, Hint: p.ReasonOf(err).Text}
}

// hostsOf lists hosts for the reader; empty where the program has not said any of it.
func hostsOf[A interface {
	comparable
	GetVersion() string
}](about A, hosts []string) string {
	var nothing A
	switch {
	case about == nothing:
		return ""
	case len(hosts) == 0:
		return "None"
	default:
		return strings.Join(hosts, ", ")
	}
}

// settled gives a fact the value that the programs say, but for those that say nothing; where they
// differ, what each says, which is a mistake where they are started.
func settled(f ui.Fact, all ...said) ui.Fact {
	var parts []string
	for _, word := range all {
		switch {
		case word.value == "" || f.Value == word.value:
		case f.Value == "":
			f.Value = word.value
		default:
			f.Badge = &ui.Badge{Text: "They differ", Tone: "bad"}
		}
		if word.value != "" {
			parts = append(parts, word.program+": "+word.value)
		}
	}
	if f.Badge != nil {
		f.Value, f.IsCode = format.Capital(strings.Join(parts, "; ")), false
	}
	if f.Value == "" {
		f.Value, f.IsCode = "Not known", false
	}
	return f
}
