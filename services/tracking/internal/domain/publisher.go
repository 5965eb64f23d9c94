package domain

import (
	"time"

	"github.com/couponlink/couponlink/services/internal/deliveryurl"
)

// DeliveryMethod says how a delivery is sent.
type DeliveryMethod string

// The delivery methods. GET carries everything in the URL, POST the conversion as JSON in the body.
const (
	DeliverByGet  DeliveryMethod = "GET"
	DeliverByPost DeliveryMethod = "POST"
)

// PayloadVersion is the version of what deliveries contain.
type PayloadVersion string

// The versions of payloads. PayloadV1 tells of statuses and payouts, with amounts as decimals; PayloadV2 of
// everything that happens, with its number and with amounts as in the API.
const (
	PayloadV1 PayloadVersion = "V1"
	PayloadV2 PayloadVersion = "V2"
)

// Publisher holds the settings of a publisher that deliveries need.
type Publisher struct {
	ID     string
	Active bool
	// PostbackURL is where deliveries are sent; nil if the publisher wants none.
	PostbackURL *deliveryurl.Template
	Method      DeliveryMethod
	Payload     PayloadVersion
	// Statuses are the conversion statuses that trigger a delivery.
	Statuses []Status
	// OnlyWithClick says that only conversions with the publisher's own click id are delivered.
	OnlyWithClick bool
	// Secret signs deliveries; so does PreviousSecret until PreviousSecretExpireTime, exclusive. Both are in
	// the format of Standard Webhooks.
	Secret                   string
	PreviousSecret           string
	PreviousSecretExpireTime time.Time
}

// Secrets returns the secrets that sign at a time, the present one first.
func (p Publisher) Secrets(now time.Time) []string {
	if p.PreviousSecret != "" && now.Before(p.PreviousSecretExpireTime) {
		return []string{p.Secret, p.PreviousSecret}
	}
	return []string{p.Secret}
}
