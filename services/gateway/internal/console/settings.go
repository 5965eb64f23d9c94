package console

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
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
	// Href is where the value leads; empty: nowhere.
	Href string
	// IsCode shows the value in the type of codes, with a Copy button.
	IsCode bool
	Hint   string
	Badge  *badge
}

func showSettings(_ http.ResponseWriter, r *http.Request, p *page) error {
	p.Title, p.Section = "Settings", "settings"
	return p.show("settings", settingsView{
		Program: p.program(r.Context()),
		Themes:  []choice{{"auto", "As the system"}, {"light", "Light"}, {"dark", "Dark"}},
		Since:   p.session.Began,
	})
}

// said is what one of the programs says of a setting.
type said struct{ program, value string }

// The programs, as an operator knows them.
const (
	gatewayProgram  = "gateway"
	couponProgram   = "coupon service"
	trackingProgram = "tracking service"
)

// program is how the programs were started: what can be changed only there.
func (p *page) program(ctx context.Context) []fact {
	var (
		all      sync.WaitGroup
		coupon   answered[*couponv1.About]
		tracking answered[*trackingv1.About]
	)
	ask(&all, &coupon, func() (*couponv1.About, error) {
		return couponv1.NewAboutServiceClient(p.coupon).DescribeCouponService(ctx, &couponv1.DescribeCouponServiceRequest{})
	})
	ask(&all, &tracking, func() (*trackingv1.About, error) {
		return trackingv1.NewAboutServiceClient(p.tracking).DescribeTrackingService(ctx, &trackingv1.DescribeTrackingServiceRequest{})
	})
	all.Wait()
	c, t := coupon.value, tracking.value
	store := settled(
		fact{Label: "Store", Hint: "Where everything is kept. Set by COUPONLINK_DATABASE_URL."},
		said{couponProgram, c.GetStore()}, said{trackingProgram, t.GetStore()},
	)
	store.Badge = nil // each may have its own
	facts := []fact{
		settled(
			fact{Label: "Time zone", Hint: "Days begin and end by it, in coupons' dates and in reports. Set by COUPONLINK_TIME_ZONE. Now " + p.now().In(p.zone).Format("15:04") + "."},
			said{gatewayProgram, p.zone.String()}, said{trackingProgram, t.GetTimeZone()},
		),
		settled(
			fact{Label: "Public address", IsCode: true, Hint: "Tracking links begin with it. Set by COUPONLINK_PUBLIC_URL."},
			said{gatewayProgram, p.publicURL}, said{couponProgram, c.GetPublicUrl()}, said{trackingProgram, t.GetPublicUrl()},
		),
		settled(
			fact{Label: "Allowed hosts", Hint: "Hosts inside the network that publishers' postback URLs, deliveries and scans may reach. Set by COUPONLINK_ALLOWED_PRIVATE_HOSTS."},
			said{couponProgram, hostsOf(c, c.GetAllowedPrivateHosts())}, said{trackingProgram, hostsOf(t, t.GetAllowedPrivateHosts())},
		),
		store,
		settled(
			fact{Label: "Version"},
			said{gatewayProgram, p.version}, said{couponProgram, c.GetVersion()}, said{trackingProgram, t.GetVersion()},
		),
	}
	if coupon.err != nil {
		facts = append(facts, p.silent(couponProgram, coupon.err))
	}
	if tracking.err != nil {
		facts = append(facts, p.silent(trackingProgram, tracking.err))
	}
	return facts
}

// silent says that a program gave no answer.
func (p *page) silent(program string, err error) fact {
	return fact{Label: capital(program), Badge: &badge{"No answer", "bad"}, Hint: p.reasonOf(err).text}
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
func settled(f fact, all ...said) fact {
	var parts []string
	for _, word := range all {
		switch {
		case word.value == "" || f.Value == word.value:
		case f.Value == "":
			f.Value = word.value
		default:
			f.Badge = &badge{"They differ", "bad"}
		}
		if word.value != "" {
			parts = append(parts, word.program+": "+word.value)
		}
	}
	if f.Badge != nil {
		f.Value, f.IsCode = capital(strings.Join(parts, "; ")), false
	}
	if f.Value == "" {
		f.Value, f.IsCode = "Not known", false
	}
	return f
}
