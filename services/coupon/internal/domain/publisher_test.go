package domain

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/propertytest"
)

func validPublisher() Publisher {
	p := DefaultPublisher()
	p.DisplayName = "Mia"
	return p
}

// refuseInside is a check of hosts that refuses inside.example.
func refuseInside(u *url.URL) error {
	if u.Hostname() == "inside.example" {
		return errors.New("its host is inside the network")
	}
	return nil
}

func TestCheckPublisher(t *testing.T) {
	for name, tc := range map[string]struct {
		change        func(*Publisher)
		reason, field string
	}{
		"as it comes":       {change: func(*Publisher) {}},
		"no name":           {func(p *Publisher) { p.DisplayName = "" }, "INVALID_DISPLAY_NAME", "display_name"},
		"unknown state":     {func(p *Publisher) { p.State = "PAUSED" }, "INVALID_STATE", "state"},
		"by POST":           {change: func(p *Publisher) { p.Delivery.Method = DeliverByPost }},
		"no method":         {func(p *Publisher) { p.Delivery.Method = "" }, "INVALID_DELIVERY", "delivery.method"},
		"unknown method":    {func(p *Publisher) { p.Delivery.Method = "99" }, "INVALID_DELIVERY", "delivery.method"},
		"every status":      {change: func(p *Publisher) { p.Delivery.Statuses = AllDeliveryStatuses() }},
		"unknown status":    {func(p *Publisher) { p.Delivery.Statuses = "PENDING,99" }, "INVALID_DELIVERY", "delivery.statuses"},
		"status left out":   {func(p *Publisher) { p.Delivery.Statuses = "PENDING,STATUS_UNSPECIFIED" }, "INVALID_DELIVERY", "delivery.statuses"},
		"the old payload":   {change: func(p *Publisher) { p.Delivery.PayloadVersion = PayloadV1 }},
		"no payload":        {func(p *Publisher) { p.Delivery.PayloadVersion = "" }, "INVALID_DELIVERY", "delivery.payload_version"},
		"unknown payload":   {func(p *Publisher) { p.Delivery.PayloadVersion = "V3" }, "INVALID_DELIVERY", "delivery.payload_version"},
		"only with a click": {change: func(p *Publisher) { p.Delivery.OnlyWithClick = true }},
	} {
		t.Run(name, func(t *testing.T) {
			p := validPublisher()
			tc.change(&p)
			_, err := CheckPublisher(p, nil)
			if tc.reason != "" {
				refused(t, err, apperr.InvalidArgument, tc.reason, tc.field)
			} else if err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestCheckPostbackURL(t *testing.T) {
	for template, says := range map[string]string{
		"": "", "https://track.example.com/pb?c={pub_click_id}&p={payout}": "", "http://track.example.com:8080/{conversion_id}": "",
		"track.example.com/pb":                                   "must be an absolute URL",
		"javascript:alert(1)":                                    "must be an absolute URL",
		"ftp://track.example.com/":                               "must be an absolute URL",
		"https://{pub_id}.example.com/":                          "macro in its host",
		"https://track.example.com/?c={coupon}":                  "unknown macro {coupon}",
		"https://track.example.com/?c={":                         "lone {",
		"https://mia@track.example.com/":                         "user name before its host",
		"https://track.example.com/?c=%zz":                       "% without two hexadecimal digits",
		"https://track.example.com/" + strings.Repeat("x", 2048): "at most 2048",
		"https://inside.example/":                                "inside the network",
	} {
		p := validPublisher()
		p.PostbackURL = template
		_, err := CheckPublisher(p, refuseInside)
		if says == "" {
			if err != nil {
				t.Errorf("%s: %v", template, err)
			}
			continue
		}
		refused(t, err, apperr.InvalidArgument, "INVALID_POSTBACK_URL", "postback_url")
		if !strings.Contains(err.Error(), says) {
			t.Errorf("%s: got %q; want it to say %q", template, err, says)
		}
	}
	p := validPublisher()
	p.PostbackURL = "https://inside.example/"
	if _, err := CheckPublisher(p, nil); err != nil {
		t.Errorf("without a check of hosts: %v", err)
	}
}

func TestAllFindingsOnAPublisherComeAtOnce(t *testing.T) {
	_, err := CheckPublisher(Publisher{
		State: PublisherActive, PostbackURL: "x", Delivery: DeliverySettings{Method: "PUT", Statuses: "REFUNDED"},
	}, nil)
	refused(t, err, apperr.InvalidArgument, "INVALID_DISPLAY_NAME", "display_name")
	var fields []string
	for _, v := range apperr.As(err).Violations {
		fields = append(fields, v.Field)
	}
	if got, want := strings.Join(fields, " "), "display_name postback_url delivery.method delivery.payload_version delivery.statuses"; got != want {
		t.Errorf("got violations on %q, want %q", got, want)
	}
}

// Statuses are sorted and stored once, in whatever order and however often they are given.
func TestDeliveryStatusesAreKeptInOrder(t *testing.T) {
	all := []DeliveryStatus{DeliverPending, DeliverApproved, DeliverRejected}
	propertytest.Check(t, func(t *rapid.T) {
		given := rapid.SliceOf(rapid.SampledFrom(all)).Draw(t, "statuses")
		p := validPublisher()
		p.DisplayName, p.Delivery.Statuses = " Mia ", DeliveryStatusesOf(given...)
		got, err := CheckPublisher(p, nil)
		if err != nil || got.DisplayName != "Mia" {
			t.Fatalf("got %+v, %v", got, err)
		}
		var want []DeliveryStatus
		for _, status := range all {
			if slices.Contains(given, status) {
				want = append(want, status)
			}
		}
		if !slices.Equal(got.Delivery.Statuses.List(), want) {
			t.Fatalf("%v are kept as %v, want %v", given, got.Delivery.Statuses.List(), want)
		}
	})
}

func TestDeliverOn(t *testing.T) {
	const postback = "https://track.example.com/"
	for name, tc := range map[string]struct {
		publisher Publisher
		want      DeliveryStatuses
	}{
		"nowhere":               {Publisher{State: PublisherActive, Delivery: DeliverySettings{Statuses: "PENDING"}}, ""},
		"all, unless some":      {Publisher{State: PublisherActive, PostbackURL: postback}, "PENDING,APPROVED,REJECTED"},
		"those chosen":          {Publisher{State: PublisherActive, PostbackURL: postback, Delivery: DeliverySettings{Statuses: "APPROVED"}}, "APPROVED"},
		"none who is archived":  {Publisher{State: PublisherArchived, PostbackURL: postback}, ""},
		"none who is not there": {Publisher{PostbackURL: postback}, ""},
	} {
		if got := tc.publisher.DeliverOn(); got != tc.want {
			t.Errorf("%s: got %q, want %q", name, got, tc.want)
		}
	}
}

func TestRotateSecret(t *testing.T) {
	over := noon.Add(time.Hour)
	first := Publisher{ID: "22", DeliverySecret: "one", Revision: 7}
	second := RotateSecret(first, "two", time.Hour, noon)
	want := Publisher{
		ID: "22", DeliverySecret: "two", PreviousDeliverySecret: "one", PreviousDeliverySecretExpireTime: over, UpdateTime: noon, Revision: 7,
	}
	if second != want {
		t.Errorf("got %+v, want %+v", second, want)
	}
	if third := RotateSecret(second, "three", time.Minute, noon); third.DeliverySecret != "three" || third.PreviousDeliverySecret != "two" {
		t.Errorf("during an overlap: got %+v", third)
	}
	atOnce := RotateSecret(second, "three", 0, noon)
	if atOnce.PreviousDeliverySecret != "" || !atOnce.PreviousDeliverySecretExpireTime.IsZero() {
		t.Errorf("without an overlap: got %+v", atOnce)
	}
	for now, want := range map[time.Time]string{noon: "one", over.Add(-time.Millisecond): "one", over: ""} {
		got, until := second.PreviousSecretAt(now)
		if got != want || until.IsZero() != (want == "") {
			t.Errorf("at %s: got %q until %s, want %q", now, got, until, want)
		}
	}
	if got, until := first.PreviousSecretAt(noon); got != "" || !until.IsZero() {
		t.Errorf("before any rotation: got %q until %s", got, until)
	}
}
