package settings_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console"
	"github.com/couponlink/couponlink/services/gateway/internal/console/consoletest"
	"github.com/couponlink/couponlink/services/internal/grpcserve"
)

func TestThemeIsKept(t *testing.T) {
	b := consoletest.Open(t, &consoletest.Fake{}, nil).LogIn()
	if a := b.Post("/console/theme", "theme", "dark", "back", "/console/offers?q=a"); a.Header.Get("Location") != "/console/offers?q=a" {
		t.Errorf("back to %q", a.Header.Get("Location"))
	}
	if body := b.Get("/console/settings").Body; !strings.Contains(body, `<html lang="en" data-theme="dark">`) {
		t.Error("the theme is not kept")
	}
}

// couponAbout and trackingAbout stand for what the services say of themselves.
type couponAbout struct {
	couponv1.UnimplementedAboutServiceServer
	about *couponv1.About
	err   error
}

func (a couponAbout) DescribeCouponService(context.Context, *couponv1.DescribeCouponServiceRequest) (*couponv1.About, error) {
	return a.about, a.err
}

type trackingAbout struct {
	trackingv1.UnimplementedAboutServiceServer
	about *trackingv1.About
	err   error
}

func (a trackingAbout) DescribeTrackingService(context.Context, *trackingv1.DescribeTrackingServiceRequest) (*trackingv1.About, error) {
	return a.about, a.err
}

// openSettings returns a browser before a console that runs in Berlin and is of version v2.
func openSettings(t *testing.T, coupon couponAbout, tracking trackingAbout) *consoletest.Browser {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	server := grpcserve.New(grpcserve.Config{AdminKey: consoletest.Key, Log: log, Ready: func(context.Context) error { return nil }})
	couponv1.RegisterAboutServiceServer(server, coupon)
	trackingv1.RegisterAboutServiceServer(server, tracking)
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	handler, err := console.New(console.Config{
		Coupon: server.Local(), Tracking: server.Local(), AdminKey: consoletest.Key, Log: log, Now: consoletest.NewClock().Now,
		Zone: zone, Version: "v2", PublicURL: "https://go.example.com",
	})
	if err != nil {
		t.Fatal(err)
	}
	return consoletest.Visit(t, handler).LogIn()
}

func TestSettingsShowWhatRuns(t *testing.T) {
	coupon := couponAbout{about: &couponv1.About{Version: "v2", Store: "mongodb://db", PublicUrl: "https://go.example.com"}}
	tracking := trackingAbout{about: &trackingv1.About{Version: "v2", Store: "mongodb://db", PublicUrl: "https://go.example.com", TimeZone: "Europe/Berlin"}}
	settings := func() consoletest.Answer { return openSettings(t, coupon, tracking).Get("/console/settings") }
	consoletest.Expect(t, settings(), []string{
		"<dd>Europe/Berlin<small>", "<code>https://go.example.com</code>", "<dt>Allowed hosts</dt><dd>None<small>", "<dd>mongodb://db<small>", "<dt>Version</dt><dd>v2</dd>",
	}, []string{"They differ", "No answer", "Not known"})

	tracking.about.AllowedPrivateHosts, coupon.about.AllowedPrivateHosts = []string{"10.1.0.0/16", consoletest.Hostile}, []string{"10.1.0.0/16", consoletest.Hostile}
	consoletest.Expect(t, settings(), []string{"10.1.0.0/16, &lt;script"}, []string{"They differ"})

	tracking.about = &trackingv1.About{Version: "v1", Store: "sqlite:data", PublicUrl: "https://go.example.com", TimeZone: "UTC"}
	consoletest.Expect(t, settings(), []string{
		"Gateway: Europe/Berlin; tracking service: UTC", "tracking service: None", "Coupon service: mongodb://db; tracking service: sqlite:data",
		"Gateway: v2; coupon service: v2; tracking service: v1", "They differ", "<code>https://go.example.com</code>",
	}, nil)
}

func TestSettingsWithoutAService(t *testing.T) {
	coupon := couponAbout{about: &couponv1.About{Version: "v2", Store: "sqlite:data"}}
	tracking := trackingAbout{err: status.Error(codes.Unavailable, "secret address refused")}
	consoletest.Expect(t, openSettings(t, coupon, tracking).Get("/console/settings"), []string{
		"<dd>sqlite:data<small>", "<dt>Tracking service</dt>", "No answer", "Log out everywhere",
	}, []string{"secret address", "They differ", "<dt>Coupon service</dt>"})
}
