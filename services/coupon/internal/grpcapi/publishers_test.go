package grpcapi

import (
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
)

const publisherName = `{"name": "publishers/22"}`

func TestPublisherHasItsDefaults(t *testing.T) {
	s := withParties(t)
	got := call(t, s.publishers.GetPublisher, &couponv1.GetPublisherRequest{}, publisherName)
	if len(got.GetDeliverySecret()) != len("whsec_")+44 || got.GetEtag() == "" {
		t.Errorf("got %v", got)
	}
	listed := call(t, s.publishers.ListPublishers, &couponv1.ListPublishersRequest{}, `{}`).GetPublishers()[0]
	same(t, listed, &couponv1.Publisher{}, protojson.Format(got))
	got.DeliverySecret, got.Etag = "", ""
	same(t, got, &couponv1.Publisher{}, `{"name": "publishers/22", "display_name": "Mia", "state": "ACTIVE", "delivery": {"method": "GET", "payload_version": "V2"},
		"create_time": "2026-11-22T12:00:00Z", "update_time": "2026-11-22T12:00:00Z"}`)
}

func TestEverySettingOfAPublisherGoesInAndOut(t *testing.T) {
	s := newServers(t)
	const settings = `"display_name": "Mia", "state": "ARCHIVED", "postback_url": "https://track.example.com/pb?c={pub_click_id}",
		"delivery": {"method": "POST", "statuses": ["APPROVED", "REJECTED"], "only_with_click": true, "payload_version": "V1"}`
	got := call(t, s.publishers.CreatePublisher, &couponv1.CreatePublisherRequest{}, `{"publisher_id": "22", "publisher": {`+settings+`}}`)
	got.DeliverySecret, got.Etag = "", ""
	same(t, got, &couponv1.Publisher{}, `{"name": "publishers/22", `+settings+`,
		"create_time": "2026-11-22T12:00:00Z", "update_time": "2026-11-22T12:00:00Z"}`)
}

func TestUpdatePublisher(t *testing.T) {
	s := withParties(t)
	const (
		url   = `"postback_url": "https://track.example.com/pb"`
		other = `"postback_url": "https://track.example.com/other"`
	)
	for _, tc := range []struct{ name, publisher, mask, want string }{
		{"named fields", url + `, "delivery": {"method": "POST"}`, `"postbackUrl"`, url + `, "delivery": {"method": "GET", "payload_version": "V2"}`},
		{
			"no mask: what is set", `"delivery": {"method": "POST", "only_with_click": true}`, ``,
			url + `, "delivery": {"method": "POST", "only_with_click": true, "payload_version": "V2"}`,
		},
		{
			"the payload's version", `"delivery": {"payload_version": "V1"}`, ``,
			url + `, "delivery": {"method": "POST", "only_with_click": true, "payload_version": "V1"}`,
		},
		{
			"a part of the delivery settings", other + `, "delivery": {"statuses": ["REJECTED", "PENDING", "REJECTED"]}`,
			`"delivery.statuses"`, url + `, "delivery": {"method": "POST", "statuses": ["PENDING", "REJECTED"], "only_with_click": true, "payload_version": "V1"}`,
		},
		{
			"several parts of them, one unset", other + `, "delivery": {"only_with_click": true}`,
			`"delivery.method,delivery.statuses"`, url + `, "delivery": {"method": "GET", "only_with_click": true, "payload_version": "V1"}`,
		},
		{"all of them, to their defaults, but for the payload", other, `"delivery"`, url + `, "delivery": {"method": "GET", "payload_version": "V1"}`},
		{"the version alone, unset", other, `"delivery.payloadVersion"`, url + `, "delivery": {"method": "GET", "payload_version": "V1"}`},
		{"no URL any more", `"delivery": {"method": "POST"}`, `"postbackUrl"`, `"delivery": {"method": "GET", "payload_version": "V1"}`},
	} {
		mask := ""
		if tc.mask != "" {
			mask = `, "update_mask": ` + tc.mask
		}
		got := call(t, s.publishers.UpdatePublisher, &couponv1.UpdatePublisherRequest{},
			`{"publisher": {"name": "publishers/22", `+tc.publisher+`}`+mask+`}`)
		t.Log(tc.name)
		same(t, &couponv1.Publisher{PostbackUrl: got.GetPostbackUrl(), Delivery: got.GetDelivery()}, &couponv1.Publisher{}, "{"+tc.want+"}")
	}
}

// The mask `*` cannot be written in JSON, so this request is built by hand.
func TestTheMaskForEverythingOfAPublisher(t *testing.T) {
	s := withParties(t)
	first := call(t, s.publishers.UpdatePublisher, &couponv1.UpdatePublisherRequest{},
		`{"publisher": {"name": "publishers/22", "postback_url": "https://track.example.com/", "delivery": {"method": "POST"}}}`)
	got, err := s.publishers.UpdatePublisher(t.Context(), &couponv1.UpdatePublisherRequest{
		Publisher:  &couponv1.Publisher{Name: "publishers/22", DisplayName: "Mia Runs", DeliverySecret: "ignored"},
		UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"*"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got.GetPostbackUrl() != "" || got.GetDelivery().GetMethod() != couponv1.DeliverySettings_GET ||
		got.GetDisplayName() != "Mia Runs" || got.GetDeliverySecret() != first.GetDeliverySecret() {
		t.Errorf("got %v", got)
	}
}

func TestRotateDeliverySecret(t *testing.T) {
	s := withParties(t)
	first := call(t, s.publishers.GetPublisher, &couponv1.GetPublisherRequest{}, publisherName)
	second := call(t, s.publishers.RotateDeliverySecret, &couponv1.RotateDeliverySecretRequest{},
		`{"name": "publishers/22", "etag": "`+first.GetEtag()+`"}`)
	if second.GetDeliverySecret() == first.GetDeliverySecret() || second.GetEtag() == first.GetEtag() ||
		!second.GetPreviousDeliverySecretExpireTime().AsTime().Equal(noon.AddDate(0, 0, 1)) {
		t.Errorf("got %v after %v", second, first)
	}
	lookup := func() *couponv1.LookupPublisherResponse {
		return call(t, s.lookups.LookupPublisher, &couponv1.LookupPublisherRequest{}, `{"publisher": "publishers/22"}`)
	}
	s.later.Store(86_399_999)
	same(t, lookup(), &couponv1.LookupPublisherResponse{}, `{"previous_delivery_secret": "`+first.GetDeliverySecret()+`",
		"publisher": `+protojson.Format(second)+`}`)
	// A millisecond later the overlap is over, even for answers from memory.
	s.later.Store(86_400_000)
	second.PreviousDeliverySecretExpireTime = nil
	same(t, lookup(), &couponv1.LookupPublisherResponse{}, `{"publisher": `+protojson.Format(second)+`}`)

	third := call(t, s.publishers.RotateDeliverySecret, &couponv1.RotateDeliverySecretRequest{}, `{"name": "publishers/22", "overlap": "0s"}`)
	same(t, lookup(), &couponv1.LookupPublisherResponse{}, `{"publisher": `+protojson.Format(third)+`}`)
}

func TestLookupsSayOnWhatAPublisherIsTold(t *testing.T) {
	s := withCoupon(t)
	told := func(want string) {
		t.Helper()
		code := call(t, s.lookups.LookupCode, &couponv1.LookupCodeRequest{}, `{"code": "SALEXYZ20"}`).GetCandidates()[0]
		standing := call(t, s.lookups.LookupStanding, &couponv1.LookupStandingRequest{}, `{"offer": "offers/10", "publisher": "publishers/22"}`)
		same(t, &couponv1.Candidate{DeliveryStatuses: code.GetDeliveryStatuses()}, &couponv1.Candidate{}, `{"delivery_statuses": `+want+`}`)
		same(t, &couponv1.Candidate{DeliveryStatuses: standing.GetDeliveryStatuses()}, &couponv1.Candidate{}, `{"delivery_statuses": `+want+`}`)
	}
	told(`[]`)
	call(t, s.publishers.UpdatePublisher, &couponv1.UpdatePublisherRequest{},
		`{"publisher": {"name": "publishers/22", "postback_url": "https://track.example.com/"}}`)
	told(`["PENDING", "APPROVED", "REJECTED"]`)
	call(t, s.publishers.UpdatePublisher, &couponv1.UpdatePublisherRequest{},
		`{"publisher": {"name": "publishers/22", "delivery": {"statuses": ["APPROVED"]}}}`)
	told(`["APPROVED"]`)
}
