package domain

import (
	"net/url"
	"strings"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/deliveryurl"
	"github.com/couponlink/couponlink/services/internal/pasted"
)

// PublisherState says whether a publisher takes part.
type PublisherState string

// The states of a publisher.
const (
	PublisherActive   PublisherState = "ACTIVE"
	PublisherArchived PublisherState = "ARCHIVED"
)

// Publisher promotes offers.
type Publisher struct {
	ID          string
	DisplayName string
	State       PublisherState
	// PostbackURL is the template of the URL to which deliveries are sent; empty: nothing is delivered.
	PostbackURL string
	Delivery    DeliverySettings
	// DeliverySecret signs deliveries. It is in the form of Standard Webhooks: `whsec_` and base64.
	DeliverySecret string
	// PreviousDeliverySecret is the one before the last rotation: it signs too until
	// PreviousDeliverySecretExpireTime, exclusive. Both are empty where there is none.
	PreviousDeliverySecret           string
	PreviousDeliverySecretExpireTime time.Time
	CreateTime                       time.Time
	UpdateTime                       time.Time
	Revision                         int64
}

// DeliverySettings say when and how a publisher is told of its conversions.
type DeliverySettings struct {
	Method DeliveryMethod
	// Statuses are those on which the publisher is told; empty: all.
	Statuses DeliveryStatuses
	// OnlyWithClick says that only conversions with the publisher's own click id are delivered.
	OnlyWithClick bool
}

// DeliveryMethod says how a delivery is sent.
type DeliveryMethod string

// The delivery methods.
const (
	DeliverByGet  DeliveryMethod = "GET"
	DeliverByPost DeliveryMethod = "POST"
)

// DeliveryStatus says where a conversion stands when its publisher is told.
type DeliveryStatus string

// The statuses of conversions, in their order.
const (
	DeliverPending  DeliveryStatus = "PENDING"
	DeliverApproved DeliveryStatus = "APPROVED"
	DeliverRejected DeliveryStatus = "REJECTED"
)

// DeliveryStatuses are some delivery statuses, with commas between: a text, so that what has them can
// be compared. As checked they are in their order, each once.
type DeliveryStatuses string

// DeliveryStatusesOf returns statuses as one value.
func DeliveryStatusesOf(statuses ...DeliveryStatus) DeliveryStatuses {
	var all strings.Builder
	for i, status := range statuses {
		if i > 0 {
			all.WriteByte(',')
		}
		all.WriteString(string(status))
	}
	return DeliveryStatuses(all.String())
}

// AllDeliveryStatuses returns every status.
func AllDeliveryStatuses() DeliveryStatuses {
	return DeliveryStatusesOf(DeliverPending, DeliverApproved, DeliverRejected)
}

// List returns the statuses one by one; nil where there is none.
func (s DeliveryStatuses) List() []DeliveryStatus {
	if s == "" {
		return nil
	}
	names := strings.Split(string(s), ",")
	statuses := make([]DeliveryStatus, len(names))
	for i, name := range names {
		statuses[i] = DeliveryStatus(name)
	}
	return statuses
}

// DefaultPublisher returns a publisher with the default of each setting and nothing else.
func DefaultPublisher() Publisher {
	return Publisher{State: PublisherActive, Delivery: DeliverySettings{Method: DeliverByGet}}
}

// CheckPublisher returns a publisher as it may be stored: its display name trimmed, the statuses on
// which it is told in their order, each once. checkHost says what is wrong with the host of a postback
// URL; nil: any will do. The error names every setting at fault.
func CheckPublisher(p Publisher, checkHost func(*url.URL) error) (Publisher, error) {
	var found apperr.Findings
	p.DisplayName = pasted.Trim(p.DisplayName)
	found.Add(checkDisplayName(p.DisplayName))
	found.Add(checkChoice("state", p.State, PublisherActive, PublisherArchived))
	found.Add(checkPostbackURL(p.PostbackURL, checkHost))
	found.Add(checkChoice("delivery.method", p.Delivery.Method, DeliverByGet, DeliverByPost))

	var err error
	p.Delivery.Statuses, err = checkDeliveryStatuses(p.Delivery.Statuses)
	found.Add(err)
	return p, found.Err()
}

// checkPostbackURL says what is wrong with the template of a URL to which deliveries are sent.
func checkPostbackURL(template string, checkHost func(*url.URL) error) error {
	const field = "postback_url"
	if template == "" {
		return nil
	}
	if err := deliveryurl.Check(template); err != nil {
		return invalid(field, "%v", err)
	}
	u, err := url.Parse(template) // a macro is never before the path
	if err != nil {
		return invalid(field, "the URL cannot be read")
	}
	if checkHost == nil {
		return nil
	}
	if err := checkHost(u); err != nil {
		return invalid(field, "%v", err)
	}
	return nil
}

// checkDeliveryStatuses returns statuses in their order, each once.
func checkDeliveryStatuses(statuses DeliveryStatuses) (DeliveryStatuses, error) {
	given := map[DeliveryStatus]bool{}
	for _, status := range statuses.List() {
		if err := checkChoice("delivery.statuses", status, DeliverPending, DeliverApproved, DeliverRejected); err != nil {
			return statuses, err
		}
		given[status] = true
	}
	var ordered []DeliveryStatus
	for _, status := range AllDeliveryStatuses().List() {
		if given[status] {
			ordered = append(ordered, status)
		}
	}
	return DeliveryStatusesOf(ordered...), nil
}

// DeliverOn returns the statuses on which a publisher is told of its conversions: none where it is not
// active or has no postback URL.
func (p Publisher) DeliverOn() DeliveryStatuses {
	switch {
	case p.State != PublisherActive || p.PostbackURL == "":
		return ""
	case p.Delivery.Statuses == "":
		return AllDeliveryStatuses()
	default:
		return p.Delivery.Statuses
	}
}

// RotateSecret returns a publisher with a new delivery secret. The one that it had signs for an overlap
// yet; the one before that, if there is any, no more. The overlap is one that CheckOverlap takes.
func RotateSecret(p Publisher, next string, overlap time.Duration, now time.Time) Publisher {
	p.PreviousDeliverySecret, p.PreviousDeliverySecretExpireTime = "", time.Time{}
	if overlap > 0 {
		p.PreviousDeliverySecret, p.PreviousDeliverySecretExpireTime = p.DeliverySecret, now.Add(overlap)
	}
	p.DeliverySecret = next
	p.UpdateTime = now
	return p
}

// PreviousSecretAt returns a publisher's delivery secret before the last rotation and until when it
// signs, as far as it does at a moment; both empty where it does not.
func (p Publisher) PreviousSecretAt(now time.Time) (string, time.Time) {
	if !now.Before(p.PreviousDeliverySecretExpireTime) {
		return "", time.Time{}
	}
	return p.PreviousDeliverySecret, p.PreviousDeliverySecretExpireTime
}
