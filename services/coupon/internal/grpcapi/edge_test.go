package grpcapi

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/coupon/internal/app"
	"github.com/couponlink/couponlink/services/coupon/internal/sqlitestore"
	"github.com/couponlink/couponlink/services/internal/access"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/outbound"
)

const publicURL = "https://go.example.com"

var noon = time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC)

// servers are the services on one empty store, with a clock that stands at noon.
type servers struct {
	offers     *offerServer
	publishers *publisherServer
	approvals  *approvalServer
	coupons    *couponServer
	lookups    *lookupServer
	later      *atomic.Int64 // how much later than noon it is, in milliseconds
}

func newServers(t testing.TB) servers {
	t.Helper()
	store, err := sqlitestore.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	later := &atomic.Int64{}
	f := app.New(store, func() time.Time { return noon.Add(time.Duration(later.Load()) * time.Millisecond) }, time.UTC, outbound.Allowed{}.CheckURL)
	view := couponView{publicURL: publicURL}
	return servers{
		offers: &offerServer{flow: f}, publishers: &publisherServer{flow: f}, approvals: &approvalServer{flow: f},
		coupons: &couponServer{flow: f, view: view}, lookups: &lookupServer{flow: f, view: view}, later: later,
	}
}

// withParties stores offer 10 and publishers 22 and 23.
func withParties(t testing.TB) servers {
	t.Helper()
	s := newServers(t)
	call(t, s.offers.CreateOffer, &couponv1.CreateOfferRequest{}, `{"offer_id": "10", "offer": {
		"display_name": "Aurora Shoes", "landing_page_url": "https://shop.example.com/?click={click_id}"}}`)
	for _, id := range []string{"22", "23"} {
		call(t, s.publishers.CreatePublisher, &couponv1.CreatePublisherRequest{},
			`{"publisher_id": "`+id+`", "publisher": {"display_name": "Mia"}}`)
	}
	return s
}

// call makes a call, which must succeed, with a request in JSON.
func call[Q proto.Message, A any](t testing.TB, do func(context.Context, Q) (A, error), req Q, json string) A {
	t.Helper()
	answer, err := try(t, do, req, json)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// try makes a call with a request in JSON.
func try[Q proto.Message, A any](t testing.TB, do func(context.Context, Q) (A, error), req Q, json string) (A, error) {
	t.Helper()
	if err := protojson.Unmarshal([]byte(json), req); err != nil {
		t.Fatal(err)
	}
	return do(access.With(t.Context(), access.Admin()), req)
}

// same checks a message against one in JSON.
func same(t *testing.T, got, want proto.Message, json string) {
	t.Helper()
	if err := protojson.Unmarshal([]byte(json), want); err != nil {
		t.Fatal(err)
	}
	if !proto.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", protojson.Format(got), protojson.Format(want))
	}
}

// refused checks that an error is an *apperr.Error with a reason and, if not empty, the field of
// its first violation.
func refused(t *testing.T, err error, kind apperr.Kind, reason, field string) {
	t.Helper()
	e := apperr.As(err)
	if e == nil || e.Kind != kind || e.Reason != reason {
		t.Fatalf("got %v; want kind %d, %s", err, kind, reason)
	}
	if field != "" && (len(e.Violations) == 0 || e.Violations[0].Field != field) {
		t.Fatalf("got violations %v, want one on %s", e.Violations, field)
	}
}

func TestRegister(t *testing.T) {
	server := grpc.NewServer()
	Register(server, newServers(t).coupons.flow, nil, About{PublicURL: publicURL})
	for _, name := range []string{"OfferService", "PublisherService", "ApprovalService", "CouponService", "LookupService", "AboutService"} {
		if _, ok := server.GetServiceInfo()["couponlink.coupon.v1."+name]; !ok {
			t.Errorf("%s is not served", name)
		}
	}
}

func TestOfferHasItsDefaults(t *testing.T) {
	s := withParties(t)
	got := call(t, s.offers.GetOffer, &couponv1.GetOfferRequest{}, `{"name": "offers/10"}`)
	if len(got.GetPostbackToken()) != 32 || len(got.GetPostbackSecret()) != len("whsec_")+44 || got.GetEtag() == "" {
		t.Errorf("got %v", got)
	}
	got.PostbackToken, got.PostbackSecret, got.Etag = "", "", ""
	same(t, got, &couponv1.Offer{}, `{
		"name": "offers/10", "display_name": "Aurora Shoes", "landing_page_url": "https://shop.example.com/?click={click_id}",
		"state": "ACTIVE", "postback_auth": "TOKEN", "precedence": "CODE_FIRST", "click_window": "2592000s", "coupon_grace": "0s",
		"default_conversion_status": "PENDING", "payout_base": "AS_SENT", "currency_code": "USD",
		"forward_parameters": ["utm_*", "gclid", "gbraid", "wbraid", "fbclid", "ttclid", "msclkid"],
		"create_time": "2026-11-22T12:00:00Z", "update_time": "2026-11-22T12:00:00Z"}`)
}

func TestEverySettingOfAnOfferGoesInAndOut(t *testing.T) {
	s := newServers(t)
	const settings = `"display_name": "Aurora Shoes", "landing_page_url": "https://shop.example.com/",
		"fallback_url": "https://shop.example.com/sorry", "state": "PAUSED", "postback_auth": "HMAC", "precedence": "ONLY_IF_CLICKED",
		"click_window": "3600s", "coupon_grace": "60s", "unique_codes": true, "payout": {"percent": "7.5", "cap": {"currency_code": "EUR", "units": 20, "nanos": 500000000}},
		"revenue": {"fixed": {"currency_code": "EUR", "units": 9}},
		"default_conversion_status": "APPROVED", "payout_base": "BEFORE_DISCOUNT", "currency_code": "EUR", "forward_parameters": ["none"],
		"open_postback_max_amount": {"currency_code": "EUR", "units": 500}`
	got := call(t, s.offers.CreateOffer, &couponv1.CreateOfferRequest{}, `{"offer_id": "10", "offer": {`+settings+`}}`)
	got.PostbackToken, got.PostbackSecret, got.Etag = "", "", ""
	same(t, got, &couponv1.Offer{}, `{"name": "offers/10", `+settings+`,
		"create_time": "2026-11-22T12:00:00Z", "update_time": "2026-11-22T12:00:00Z"}`)
}

func TestUpdateOffer(t *testing.T) {
	s := withParties(t)
	for _, tc := range []struct{ name, request, want string }{
		{
			"named fields", `{"offer": {"name": "offers/10", "state": "PAUSED", "coupon_grace": "60s"}, "update_mask": "state"}`,
			`"state": "PAUSED", "coupon_grace": "0s", "currency_code": "USD"`,
		},
		{
			"a named field that is unset gets its default", `{"offer": {"name": "offers/10"}, "update_mask": "state"}`,
			`"state": "ACTIVE", "coupon_grace": "0s", "currency_code": "USD"`,
		},
		{
			"no mask: what is set", `{"offer": {"name": "offers/10", "coupon_grace": "60s", "payout": {"fixed": {"currency_code": "usd", "units": 5}}}}`,
			`"state": "ACTIVE", "coupon_grace": "60s", "currency_code": "USD", "payout": {"fixed": {"currency_code": "USD", "units": 5}}`,
		},
		{
			"a part of the payout", `{"offer": {"name": "offers/10", "payout": {"percent": "10"}}, "update_mask": "payout.percent"}`,
			`"state": "ACTIVE", "coupon_grace": "60s", "currency_code": "USD", "payout": {"percent": "10"}`,
		},
		{
			"the cap alone", `{"offer": {"name": "offers/10", "payout": {"cap": {"currency_code": "USD", "units": 9, "nanos": 500000000}}}}`,
			`"state": "ACTIVE", "coupon_grace": "60s", "currency_code": "USD", "payout": {"percent": "10", "cap": {"currency_code": "USD", "units": 9, "nanos": 500000000}}`,
		},
		{
			"an amount changes whole", `{"offer": {"name": "offers/10", "payout": {"cap": {"currency_code": "USD", "units": 7}}}, "update_mask": "payout.cap.units"}`,
			`"state": "ACTIVE", "coupon_grace": "60s", "currency_code": "USD", "payout": {"percent": "10", "cap": {"currency_code": "USD", "units": 7}}`,
		},
		{
			"another percentage keeps the cap", `{"offer": {"name": "offers/10", "payout": {"percent": "12.5"}}}`,
			`"state": "ACTIVE", "coupon_grace": "60s", "currency_code": "USD", "payout": {"percent": "12.5", "cap": {"currency_code": "USD", "units": 7}}`,
		},
		{
			"a fixed amount loses it", `{"offer": {"name": "offers/10", "payout": {"fixed": {"currency_code": "USD", "units": 3}}}}`,
			`"state": "ACTIVE", "coupon_grace": "60s", "currency_code": "USD", "payout": {"fixed": {"currency_code": "USD", "units": 3}}`,
		},
		{
			"the last part unset", `{"offer": {"name": "offers/10"}, "update_mask": "payout.fixed"}`,
			`"state": "ACTIVE", "coupon_grace": "60s", "currency_code": "USD"`,
		},
	} {
		got := call(t, s.offers.UpdateOffer, &couponv1.UpdateOfferRequest{}, tc.request)
		t.Log(tc.name)
		got = &couponv1.Offer{State: got.GetState(), CouponGrace: got.GetCouponGrace(), CurrencyCode: got.GetCurrencyCode(), Payout: got.GetPayout()}
		same(t, got, &couponv1.Offer{}, "{"+tc.want+"}")
	}
}

// The mask `*` cannot be written in JSON, so this request is built by hand.
func TestTheMaskForEverything(t *testing.T) {
	s := withParties(t)
	call(t, s.offers.UpdateOffer, &couponv1.UpdateOfferRequest{}, `{"offer": {"name": "offers/10", "state": "PAUSED", "coupon_grace": "60s"}}`)
	req := &couponv1.UpdateOfferRequest{
		Offer: &couponv1.Offer{
			Name: "offers/10", DisplayName: "Aurora", LandingPageUrl: "https://shop.example.com/", CurrencyCode: "EUR", PostbackToken: "ignored",
		},
		UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"*"}},
	}
	got, err := s.offers.UpdateOffer(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	if got.GetState() != couponv1.Offer_ACTIVE || got.GetCouponGrace().GetSeconds() != 0 || got.GetCurrencyCode() != "EUR" ||
		got.GetDisplayName() != "Aurora" || len(got.GetPostbackToken()) != 32 {
		t.Errorf("got %v", got)
	}
	req.UpdateMask.Paths = append(req.UpdateMask.Paths, "state")
	_, err = s.offers.UpdateOffer(t.Context(), req)
	refused(t, err, apperr.InvalidArgument, "INVALID_UPDATE_MASK", "update_mask")
}

// A resource that was read can be sent back, with other values or as it is, which changes nothing.
func TestWhatWasReadCanBeSentBack(t *testing.T) {
	s := withParties(t)
	created := call(t, s.coupons.CreateCoupon, &couponv1.CreateCouponRequest{}, `{"parent": "offers/10", "coupon": {
		"code": "SaleXyz20", "publisher": "publishers/22", "settings": {"precedence": "CLICK_FIRST"}}}`)
	s.later.Add(1000)
	for _, mask := range []*fieldmaskpb.FieldMask{nil, {Paths: []string{"*"}}, {Paths: []string{"name", "code", "publisher", "state", "create_time", "settings"}}} {
		got, err := s.coupons.UpdateCoupon(t.Context(), &couponv1.UpdateCouponRequest{Coupon: created, UpdateMask: mask})
		if err != nil || !proto.Equal(got, created) {
			t.Errorf("with the mask %v: got %v, %v; want %v", mask.GetPaths(), got, err, created)
		}
	}
	changed, _ := proto.Clone(created).(*couponv1.Coupon)
	changed.InternalNote, changed.Code = "new", "SALEXYZ20"
	got, err := s.coupons.UpdateCoupon(t.Context(), &couponv1.UpdateCouponRequest{Coupon: changed})
	if err != nil || got.GetInternalNote() != "new" || got.GetCode() != "SaleXyz20" || got.GetEtag() == created.GetEtag() {
		t.Errorf("got %v, %v", got, err)
	}
	offer := call(t, s.offers.GetOffer, &couponv1.GetOfferRequest{}, `{"name": "offers/10"}`)
	if got, err := s.offers.UpdateOffer(t.Context(), &couponv1.UpdateOfferRequest{Offer: offer}); err != nil || !proto.Equal(got, offer) {
		t.Errorf("got %v, %v; want %v", got, err, offer)
	}
	publisher := call(t, s.publishers.GetPublisher, &couponv1.GetPublisherRequest{}, `{"name": "publishers/22"}`)
	if got, err := s.publishers.UpdatePublisher(t.Context(), &couponv1.UpdatePublisherRequest{Publisher: publisher}); err != nil || !proto.Equal(got, publisher) {
		t.Errorf("got %v, %v; want %v", got, err, publisher)
	}
}

func TestEtagsGuardUpdates(t *testing.T) {
	s := withParties(t)
	first := call(t, s.publishers.GetPublisher, &couponv1.GetPublisherRequest{}, `{"name": "publishers/22"}`)
	update := func(etag string) (*couponv1.Publisher, error) {
		return s.publishers.UpdatePublisher(t.Context(), &couponv1.UpdatePublisherRequest{
			Publisher:  &couponv1.Publisher{Name: "publishers/22", DisplayName: "Mia Runs", Etag: etag},
			UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"name", "display_name", "etag"}},
		})
	}
	second, err := update(first.GetEtag())
	if err != nil || second.GetDisplayName() != "Mia Runs" || second.GetEtag() == first.GetEtag() {
		t.Fatalf("got %v, %v", second, err)
	}
	_, err = update(first.GetEtag())
	refused(t, err, apperr.Aborted, "ETAG_MISMATCH", "")
}

func TestApprovals(t *testing.T) {
	s := withParties(t)
	const name = `{"name": "offers/10/approvals/22"}`
	asked := call(t, s.approvals.CreateApproval, &couponv1.CreateApprovalRequest{}, `{"parent": "offers/10", "publisher": "publishers/22"}`)
	if asked.GetEtag() == "" {
		t.Error("no etag")
	}
	asked.Etag = ""
	same(t, asked, &couponv1.Approval{}, `{"name": "offers/10/approvals/22", "offer": "offers/10", "publisher": "publishers/22",
		"state": "PENDING", "source": "MANUAL", "create_time": "2026-11-22T12:00:00Z", "update_time": "2026-11-22T12:00:00Z"}`)
	if got := call(t, s.approvals.ApprovePublisher, &couponv1.ApprovePublisherRequest{}, name); got.GetState() != couponv1.Approval_APPROVED {
		t.Errorf("got %v", got)
	}
	if got := call(t, s.approvals.BlockPublisher, &couponv1.BlockPublisherRequest{}, name); got.GetState() != couponv1.Approval_BLOCKED {
		t.Errorf("got %v", got)
	}
	if got := call(t, s.approvals.GetApproval, &couponv1.GetApprovalRequest{}, name); got.GetState() != couponv1.Approval_BLOCKED {
		t.Errorf("got %v", got)
	}
	const own = `"payout": {"percent": "12.5", "cap": {"currency_code": "EUR", "units": 20}}`
	updated := call(t, s.approvals.UpdateApproval, &couponv1.UpdateApprovalRequest{}, `{"approval": {"name": "offers/10/approvals/22", `+own+`}}`)
	same(t, &couponv1.Approval{State: updated.GetState(), Payout: updated.GetPayout()}, &couponv1.Approval{}, `{"state": "BLOCKED", `+own+`}`)
	_, err := try(t, s.approvals.UpdateApproval, &couponv1.UpdateApprovalRequest{},
		`{"approval": {"name": "offers/10/approvals/22", "etag": "stale", `+own+`}}`)
	refused(t, err, apperr.Aborted, "ETAG_MISMATCH", "")
	updated = call(t, s.approvals.UpdateApproval, &couponv1.UpdateApprovalRequest{},
		`{"approval": {"name": "offers/10/approvals/22"}, "update_mask": "payout.percent"}`)
	if updated.GetPayout() != nil {
		t.Errorf("got %v", updated)
	}
	listed := call(t, s.approvals.ListApprovals, &couponv1.ListApprovalsRequest{}, `{"parent": "offers/-", "filter": "state = BLOCKED"}`)
	if len(listed.GetApprovals()) != 1 || listed.GetNextPageToken() != "" {
		t.Errorf("got %v", listed)
	}
}

func TestListsOfOffersAndPublishers(t *testing.T) {
	s := withParties(t)
	offers := call(t, s.offers.ListOffers, &couponv1.ListOffersRequest{}, `{"filter": "display_name = \"Aurora*\""}`)
	if len(offers.GetOffers()) != 1 || offers.GetOffers()[0].GetName() != "offers/10" {
		t.Errorf("got %v", offers)
	}
	first := call(t, s.publishers.ListPublishers, &couponv1.ListPublishersRequest{}, `{"page_size": 1, "order_by": "name desc"}`)
	second := call(t, s.publishers.ListPublishers, &couponv1.ListPublishersRequest{},
		`{"page_size": 1, "order_by": "name desc", "page_token": "`+first.GetNextPageToken()+`"}`)
	if first.GetPublishers()[0].GetName() != "publishers/23" || second.GetPublishers()[0].GetName() != "publishers/22" {
		t.Errorf("got %v, then %v", first, second)
	}
}
