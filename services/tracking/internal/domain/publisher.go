package domain

import (
	"time"

	"github.com/couponlink/couponlink/services/internal/deliveryurl"
)

// DeliveryMethod says how a delivery is sent.
type DeliveryMethod string

// The delivery methods: all in the URL, or the conversion as JSON in the body.
const (
	DeliverByGet  DeliveryMethod = "GET"
	DeliverByPost DeliveryMethod = "POST"
)

// Publisher is what the tracking service knows of a publisher to whom it delivers.
type Publisher struct {
	ID     string
	Active bool
	// PostbackURL is where deliveries are sent; nil: nowhere.
	PostbackURL *deliveryurl.Template
	Method      DeliveryMethod
	// Statuses are those on which the publisher is told of a conversion.
	Statuses []Status
	// OnlyWithClick says that only conversions with the publisher's own click id are delivered.
	OnlyWithClick bool
	// Secret signs deliveries; PreviousSecret too, until PreviousSecretExpireTime, exclusive. Both are
	// in the form of Standard Webhooks.
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
