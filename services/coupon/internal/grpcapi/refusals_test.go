package grpcapi

import (
	"context"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/couponlink/couponlink/services/internal/apperr"
)

const (
	invalid  = apperr.InvalidArgument
	notFound = apperr.NotFound
	exists   = apperr.AlreadyExists
)

// refusal is a call that is refused, with the expected error.
type refusal struct {
	call, request string
	kind          apperr.Kind
	reason, field string
}

// caller returns a method as a function of a request in JSON.
func caller[Q any, P interface {
	*Q
	proto.Message
}, A any](t *testing.T, do func(context.Context, P) (A, error)) func(json string) error {
	t.Helper()
	return func(json string) error {
		_, err := try(t, do, P(new(Q)), json)
		return err
	}
}

func TestRefusals(t *testing.T) {
	s := withCoupon(t)
	calls := map[string]func(json string) error{
		"CreateOffer":               caller(t, s.offers.CreateOffer),
		"GetOffer":                  caller(t, s.offers.GetOffer),
		"ListOffers":                caller(t, s.offers.ListOffers),
		"UpdateOffer":               caller(t, s.offers.UpdateOffer),
		"RotatePostbackCredentials": caller(t, s.offers.RotatePostbackCredentials),
		"CreatePublisher":           caller(t, s.publishers.CreatePublisher),
		"GetPublisher":              caller(t, s.publishers.GetPublisher),
		"UpdatePublisher":           caller(t, s.publishers.UpdatePublisher),
		"RotateDeliverySecret":      caller(t, s.publishers.RotateDeliverySecret),
		"CreateApproval":            caller(t, s.approvals.CreateApproval),
		"UpdateApproval":            caller(t, s.approvals.UpdateApproval),
		"GetApproval":               caller(t, s.approvals.GetApproval),
		"ListApprovals":             caller(t, s.approvals.ListApprovals),
		"CreateCoupon":              caller(t, s.coupons.CreateCoupon),
		"GetCoupon":                 caller(t, s.coupons.GetCoupon),
		"ListCoupons":               caller(t, s.coupons.ListCoupons),
		"UpdateCoupon":              caller(t, s.coupons.UpdateCoupon),
		"ArchiveCoupon":             caller(t, s.coupons.ArchiveCoupon),
		"ValidateCoupon":            caller(t, s.coupons.ValidateCoupon),
		"LookupOffer":               caller(t, s.lookups.LookupOffer),
		"LookupCode":                caller(t, s.lookups.LookupCode),
		"LookupStanding":            caller(t, s.lookups.LookupStanding),
		"LookupPublisher":           caller(t, s.lookups.LookupPublisher),
	}
	for _, tc := range slices.Concat(refusedParties(), refusedDeliveries(), refusedCoupons()) {
		t.Run(tc.call+" "+tc.request, func(t *testing.T) {
			refused(t, calls[tc.call](tc.request), tc.kind, tc.reason, tc.field)
		})
	}
}

func refusedParties() []refusal {
	const offer = `"display_name": "A", "landing_page_url": "https://shop.example.com/"`
	return []refusal{
		{"CreateOffer", `{}`, invalid, "INVALID_OFFER", "offer"},
		{"CreateOffer", `{"offer": {}}`, invalid, "INVALID_DISPLAY_NAME", "display_name"},
		{"CreateOffer", `{"offer": {` + offer + `, "state": 99}}`, invalid, "INVALID_STATE", "state"},
		{"CreateOffer", `{"offer": {` + offer + `, "click_window": "0s"}}`, invalid, "INVALID_CLICK_WINDOW", "click_window"},
		{"CreateOffer", `{"offer": {` + offer + `, "click_window": "315576000000s"}}`, invalid, "INVALID_CLICK_WINDOW", "click_window"},
		{"CreateOffer", `{"offer": {` + offer + `, "coupon_grace": "1.5s"}}`, invalid, "INVALID_COUPON_GRACE", "coupon_grace"},
		{"CreateOffer", `{"offer": {` + offer + `, "payout": {}}}`, invalid, "INVALID_PAYOUT", "payout"},
		{"CreateOffer", `{"offer": {` + offer + `, "payout": {"percent": "12,5"}}}`, invalid, "INVALID_PAYOUT", "payout.percent"},
		{"CreateOffer", `{"offer": {` + offer + `, "payout": {"percent": "101"}}}`, invalid, "INVALID_PAYOUT", "payout.percent"},
		{"CreateOffer", `{"offer": {` + offer + `, "payout": {"fixed": {"units": 5}}}}`, invalid, "INVALID_PAYOUT", "payout.fixed"},
		{"CreateOffer", `{"offer": {` + offer + `, "payout": {"cap": {"currency_code": "USD"}}}}`, invalid, "INVALID_PAYOUT", "payout"},
		{"CreateOffer", `{"offer": {` + offer + `, "payout": {"percent": "5", "cap": {}}}}`, invalid, "INVALID_PAYOUT", "payout.cap"},
		{"CreateOffer", `{"offer": {` + offer + `, "payout": {"percent": "5", "cap": {"currency_code": "USD", "units": -1}}}}`, invalid, "INVALID_PAYOUT", "payout.cap"},
		{"CreateOffer", `{"offer": {` + offer + `, "payout": {"fixed": {"currency_code": "USD"}, "cap": {"currency_code": "USD"}}}}`, invalid, "INVALID_PAYOUT", "payout.cap"},
		{"CreateOffer", `{"offer": {` + offer + `, "revenue": {"percent": "101"}}}`, invalid, "INVALID_REVENUE", "revenue.percent"},
		{"CreateOffer", `{"offer": {` + offer + `, "revenue": {}}}`, invalid, "INVALID_REVENUE", "revenue"},
		{"CreateOffer", `{"offer": {` + offer + `, "currency_code": "QQQ"}}`, invalid, "INVALID_CURRENCY_CODE", "currency_code"},
		{"CreateOffer", `{"offer_id": "Ten", "offer": {` + offer + `}}`, invalid, "INVALID_OFFER_ID", "offer_id"},
		{"CreateOffer", `{"offer_id": "10", "offer": {` + offer + `}}`, exists, "OFFER_EXISTS", ""},
		{"GetOffer", `{"name": "10"}`, invalid, "INVALID_NAME", "name"},
		{"GetOffer", `{"name": "offers/99"}`, notFound, "OFFER_NOT_FOUND", ""},
		{"ListOffers", `{"filter": "colour = red"}`, invalid, "INVALID_FILTER", "filter"},
		{"ListOffers", `{"order_by": "state"}`, invalid, "INVALID_ORDER_BY", "order_by"},
		{"ListOffers", `{"page_size": -1}`, invalid, "INVALID_PAGE_SIZE", "page_size"},
		{"ListOffers", `{"page_token": "x"}`, invalid, "INVALID_PAGE_TOKEN", "page_token"},
		{"UpdateOffer", `{}`, invalid, "INVALID_OFFER", "offer"},
		{"UpdateOffer", `{"offer": {"name": "offers/"}}`, invalid, "INVALID_NAME", "name"},
		{"UpdateOffer", `{"offer": {"name": "offers/99", "state": "PAUSED"}}`, notFound, "OFFER_NOT_FOUND", ""},
		{"UpdateOffer", `{"offer": {"name": "offers/10"}, "update_mask": "colour"}`, invalid, "INVALID_UPDATE_MASK", "update_mask"},
		{"UpdateOffer", `{"offer": {"name": "offers/10"}, "update_mask": "displayName"}`, invalid, "INVALID_DISPLAY_NAME", "display_name"},
		{"RotatePostbackCredentials", `{"name": "10"}`, invalid, "INVALID_NAME", "name"},
		{"RotatePostbackCredentials", `{"name": "offers/99"}`, notFound, "OFFER_NOT_FOUND", ""},
		{"RotatePostbackCredentials", `{"name": "offers/10", "overlap": "-1s"}`, invalid, "INVALID_OVERLAP", "overlap"},
		{"RotatePostbackCredentials", `{"name": "offers/10", "overlap": "1.5s"}`, invalid, "INVALID_OVERLAP", "overlap"},
		{"RotatePostbackCredentials", `{"name": "offers/10", "overlap": "2592001s"}`, invalid, "INVALID_OVERLAP", "overlap"},
		{"CreatePublisher", `{}`, invalid, "INVALID_PUBLISHER", "publisher"},
		{"CreatePublisher", `{"publisher_id": "a b", "publisher": {"display_name": "Mia"}}`, invalid, "INVALID_PUBLISHER_ID", "publisher_id"},
		{"CreatePublisher", `{"publisher_id": "22", "publisher": {"display_name": "Mia"}}`, exists, "PUBLISHER_EXISTS", ""},
		{"GetPublisher", `{"name": "publishers/99"}`, notFound, "PUBLISHER_NOT_FOUND", ""},
		{"UpdatePublisher", `{}`, invalid, "INVALID_PUBLISHER", "publisher"},
		{"UpdatePublisher", `{"publisher": {"name": "22"}}`, invalid, "INVALID_NAME", "name"},
		{"CreateApproval", `{"parent": "offers/-", "publisher": "publishers/22"}`, invalid, "INVALID_NAME", "parent"},
		{"CreateApproval", `{"parent": "offers/10", "publisher": "22"}`, invalid, "INVALID_NAME", "publisher"},
		{"GetApproval", `{"name": "offers/10"}`, invalid, "INVALID_NAME", "name"},
		{"GetApproval", `{"name": "offers/10/approvals/23"}`, notFound, "APPROVAL_NOT_FOUND", ""},
		{"UpdateApproval", `{}`, invalid, "INVALID_APPROVAL", "approval"},
		{"UpdateApproval", `{"approval": {"name": "offers/10"}}`, invalid, "INVALID_NAME", "name"},
		{"UpdateApproval", `{"approval": {"name": "offers/10/approvals/23", "payout": {"percent": "5"}}}`, notFound, "APPROVAL_NOT_FOUND", ""},
		{"UpdateApproval", `{"approval": {"name": "offers/10/approvals/22", "payout": {"percent": "x"}}}`, invalid, "INVALID_PAYOUT", "payout.percent"},
		{"UpdateApproval", `{"approval": {"name": "offers/10/approvals/22", "payout": {"percent": "5", "cap": {"currency_code": "QQQ"}}}}`, invalid, "INVALID_PAYOUT", "payout.cap"},
		{"ListApprovals", `{"parent": "offers/99"}`, notFound, "OFFER_NOT_FOUND", ""},
	}
}

func refusedDeliveries() []refusal {
	const (
		mia  = `"display_name": "Mia"`
		name = `"name": "publishers/22"`
	)
	return []refusal{
		{"CreatePublisher", `{"publisher": {` + mia + `, "postback_url": "track"}}`, invalid, "INVALID_POSTBACK_URL", "postback_url"},
		{"CreatePublisher", `{"publisher": {` + mia + `, "postback_url": "https://track.example.com/{coupon}"}}`, invalid, "INVALID_POSTBACK_URL", "postback_url"},
		{"CreatePublisher", `{"publisher": {` + mia + `, "postback_url": "http://127.1/"}}`, invalid, "INVALID_POSTBACK_URL", "postback_url"},
		{"CreatePublisher", `{"publisher": {` + mia + `, "delivery": {"method": 99}}}`, invalid, "INVALID_DELIVERY", "delivery.method"},
		{"CreatePublisher", `{"publisher": {` + mia + `, "delivery": {"statuses": ["PENDING", 99]}}}`, invalid, "INVALID_DELIVERY", "delivery.statuses"},
		{"CreatePublisher", `{"publisher": {` + mia + `, "delivery": {"statuses": ["STATUS_UNSPECIFIED"]}}}`, invalid, "INVALID_DELIVERY", "delivery.statuses"},
		{"UpdatePublisher", `{"publisher": {` + name + `, "postback_url": "http://localhost/"}}`, invalid, "INVALID_POSTBACK_URL", "postback_url"},
		{"UpdatePublisher", `{"publisher": {` + name + `, "delivery": {"method": 99}}, "update_mask": "delivery.method"}`, invalid, "INVALID_DELIVERY", "delivery.method"},
		{"UpdatePublisher", `{"publisher": {` + name + `}, "update_mask": "delivery.colour"}`, invalid, "INVALID_UPDATE_MASK", "update_mask"},
		{"RotateDeliverySecret", `{"name": "22"}`, invalid, "INVALID_NAME", "name"},
		{"RotateDeliverySecret", `{"name": "publishers/99"}`, notFound, "PUBLISHER_NOT_FOUND", ""},
		{"RotateDeliverySecret", `{` + name + `, "overlap": "-1s"}`, invalid, "INVALID_OVERLAP", "overlap"},
		{"RotateDeliverySecret", `{` + name + `, "overlap": "1.5s"}`, invalid, "INVALID_OVERLAP", "overlap"},
		{"RotateDeliverySecret", `{` + name + `, "overlap": "2592001s"}`, invalid, "INVALID_OVERLAP", "overlap"},
		{"RotateDeliverySecret", `{` + name + `, "etag": "stale"}`, apperr.Aborted, "ETAG_MISMATCH", ""},
		{"LookupPublisher", `{"publisher": "22"}`, invalid, "INVALID_NAME", "publisher"},
		{"LookupPublisher", `{"publisher": "publishers/99"}`, notFound, "PUBLISHER_NOT_FOUND", ""},
	}
}

func refusedCoupons() []refusal {
	const (
		name = `"name": "offers/10/coupons/22.SALEXYZ20"`
		code = `"code": "SALEABC20", "publisher": "publishers/22"`
	)
	return []refusal{
		{"CreateCoupon", `{"parent": "offers/10"}`, invalid, "INVALID_COUPON", "coupon"},
		{"CreateCoupon", `{"parent": "10", "coupon": {` + code + `}}`, invalid, "INVALID_NAME", "parent"},
		{"CreateCoupon", `{"parent": "offers/10", "coupon": {"code": "SALEABC20", "publisher": "22"}}`, invalid, "INVALID_NAME", "publisher"},
		{"CreateCoupon", `{"parent": "offers/10", "coupon": {"code": "SALE_ABC20", "publisher": "publishers/22"}}`, invalid, "INVALID_CODE", "code"},
		{"CreateCoupon", `{"parent": "offers/10", "coupon": {` + code + `, "expire_time": "2026-11-22T12:00:00Z"}}`, invalid, "INVALID_TIME_RANGE", "expire_time"},
		{"CreateCoupon", `{"parent": "offers/10", "coupon": {` + code + `, "start_time": "0001-01-01T00:00:00Z"}}`, invalid, "INVALID_START_TIME", "start_time"},
		{"CreateCoupon", `{"parent": "offers/10", "coupon": {` + code + `, "payout": {"percent": "-1"}}}`, invalid, "INVALID_PAYOUT", "payout.percent"},
		{"CreateCoupon", `{"parent": "offers/10", "coupon": {` + code + `, "settings": {"click_window": "0s"}}}`, invalid, "INVALID_SETTINGS", "settings.click_window"},
		{"CreateCoupon", `{"parent": "offers/10", "coupon": {` + code + `, "settings": {"precedence": 99}}}`, invalid, "INVALID_SETTINGS", "settings.precedence"},
		{"CreateCoupon", `{"parent": "offers/10", "coupon": {` + code + `, "settings": {"default_conversion_status": 99}}}`, invalid, "INVALID_SETTINGS", "settings.default_conversion_status"},
		{"CreateCoupon", `{"parent": "offers/10", "coupon": {` + code + `, "usage_limit": "-1"}}`, invalid, "INVALID_USAGE_LIMIT", "usage_limit"},
		{"CreateCoupon", `{"parent": "offers/10", "coupon": {` + code + `, "daily_usage_limit": "1000000001"}}`, invalid, "INVALID_DAILY_USAGE_LIMIT", "daily_usage_limit"},
		{"UpdateCoupon", `{"coupon": {` + name + `, "daily_usage_limit": "-1"}}`, invalid, "INVALID_DAILY_USAGE_LIMIT", "daily_usage_limit"},
		{"CreateCoupon", `{"parent": "offers/99", "coupon": {` + code + `}}`, notFound, "OFFER_NOT_FOUND", ""},
		{"CreateCoupon", `{"parent": "offers/10", "coupon": {"code": "salexyz20", "publisher": "publishers/22"}}`, exists, "COUPON_EXISTS", ""},
		{"GetCoupon", `{"name": "offers/10/coupons/SALEXYZ20"}`, invalid, "INVALID_NAME", "name"},
		{"GetCoupon", `{"name": "offers/10/coupons/23.SALEXYZ20"}`, notFound, "COUPON_NOT_FOUND", ""},
		{"ListCoupons", `{"parent": ""}`, invalid, "INVALID_NAME", "parent"},
		{"ListCoupons", `{"parent": "offers/99"}`, notFound, "OFFER_NOT_FOUND", ""},
		{"UpdateCoupon", `{}`, invalid, "INVALID_COUPON", "coupon"},
		{"UpdateCoupon", `{"coupon": {"name": "offers/10"}}`, invalid, "INVALID_NAME", "name"},
		{"UpdateCoupon", `{"coupon": {` + name + `}, "update_mask": "code"}`, invalid, "IMMUTABLE_FIELD", "code"},
		{"UpdateCoupon", `{"coupon": {` + name + `, "code": "OTHER"}}`, invalid, "IMMUTABLE_FIELD", "code"},
		{"UpdateCoupon", `{"coupon": {` + name + `}, "update_mask": "archived"}`, invalid, "INVALID_UPDATE_MASK", "update_mask"},
		{"UpdateCoupon", `{"coupon": {` + name + `, "expire_time": "2026-11-22T11:00:00Z"}}`, invalid, "INVALID_TIME_RANGE", "expire_time"},
		{"UpdateCoupon", `{"coupon": {` + name + `, "etag": "stale", "enabled": false}}`, apperr.Aborted, "ETAG_MISMATCH", ""},
		{"UpdateCoupon", `{"coupon": {` + name + `, "settings": {"coupon_grace": "-1s"}}, "update_mask": "settings.couponGrace"}`, invalid, "INVALID_SETTINGS", "settings.coupon_grace"},
		{"UpdateCoupon", `{"coupon": {` + name + `, "settings": {"fallback_url": "shop"}}}`, invalid, "INVALID_SETTINGS", "settings.fallback_url"},
		{"UpdateCoupon", `{"coupon": {` + name + `}, "update_mask": "settings.colour"}`, invalid, "INVALID_UPDATE_MASK", "update_mask"},
		{"ArchiveCoupon", `{"name": "x"}`, invalid, "INVALID_NAME", "name"},
		{"ValidateCoupon", `{"code": ""}`, invalid, "INVALID_CODE", "code"},
		{"ValidateCoupon", `{"code": "SALE_XYZ20"}`, invalid, "INVALID_CODE", "code"},
		{"ValidateCoupon", `{"code": "SALEXYZ20", "offer": "10"}`, invalid, "INVALID_NAME", "offer"},
		{"ValidateCoupon", `{"code": "SALEXYZ20", "publisher": "22"}`, invalid, "INVALID_NAME", "publisher"},
		{"LookupOffer", `{}`, invalid, "INVALID_OFFER", "offer"},
		{"LookupOffer", `{"offer": "10"}`, invalid, "INVALID_NAME", "offer"},
		{"LookupOffer", `{"postback_token": "x"}`, notFound, "TOKEN_NOT_FOUND", ""},
		{"LookupCode", `{"code": "SALEXYZ20", "offer": "10"}`, invalid, "INVALID_NAME", "offer"},
		{"LookupStanding", `{"offer": "offers/10", "publisher": "publishers/99"}`, notFound, "PUBLISHER_NOT_FOUND", ""},
	}
}
