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
	// PostbackURL is the template of the URL for deliveries. If it is empty, nothing is delivered.
	PostbackURL string
	Delivery    DeliverySettings
	// DeliverySecret signs deliveries. It has the format of Standard Webhooks: `whsec_` and base64.
	DeliverySecret string `audit:"masked"`
	// PreviousDeliverySecret is the secret from before the last rotation. It also signs deliveries until
	// PreviousDeliverySecretExpireTime (exclusive). Both are zero if there was no rotation.
	PreviousDeliverySecret           string `audit:"masked"`
	PreviousDeliverySecretExpireTime time.Time
	CreateTime                       time.Time `audit:"-"`
	UpdateTime                       time.Time `audit:"-"`
	Revision                         int64     `audit:"-"`
}

// DeliverySettings say when and how conversions are delivered to a publisher.
type DeliverySettings struct {
	Method DeliveryMethod
	// Statuses are the conversion statuses that are delivered; empty means all.
	Statuses DeliveryStatuses
	// OnlyWithClick means that only conversions with the publisher's own click id are delivered.
	OnlyWithClick bool
	// PayloadVersion is the version of what deliveries contain.
	PayloadVersion PayloadVersion
}

// PayloadVersion is a version of what deliveries contain.
type PayloadVersion string

// The versions of payloads: PayloadV1 is that of publishers from before PayloadV2.
const (
	PayloadV1 PayloadVersion = "V1"
	PayloadV2 PayloadVersion = "V2"
)

// DeliveryMethod says how a delivery is sent.
type DeliveryMethod string

// The delivery methods.
const (
	DeliverByGet  DeliveryMethod = "GET"
	DeliverByPost DeliveryMethod = "POST"
)

// DeliveryStatus is the status of a conversion that is delivered.
type DeliveryStatus string

// The statuses of conversions, in their order.
const (
	DeliverPending  DeliveryStatus = "PENDING"
	DeliverApproved DeliveryStatus = "APPROVED"
	DeliverRejected DeliveryStatus = "REJECTED"
)

// DeliveryStatuses is a list of delivery statuses, separated by commas. It is a string so that structs with
// it are comparable. Once checked, it is sorted and has no duplicates.
type DeliveryStatuses string

// DeliveryStatusesOf joins statuses to a list.
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

// List returns the statuses as a slice; nil if it is empty.
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

// DefaultPublisher returns a publisher with the default settings.
func DefaultPublisher() Publisher {
	return Publisher{State: PublisherActive, Delivery: DeliverySettings{Method: DeliverByGet, PayloadVersion: PayloadV2}}
}

// CheckPublisher returns a publisher as it is stored: with its display name trimmed, and its delivery
// statuses sorted and without duplicates. checkHost returns what is wrong with the host of a postback URL; if
// it is nil, every host is allowed. The error names every setting at fault.
func CheckPublisher(p Publisher, checkHost func(*url.URL) error) (Publisher, error) {
	var found apperr.Findings
	p.DisplayName = pasted.Trim(p.DisplayName)
	found.Add(checkDisplayName(p.DisplayName))
	found.Add(checkChoice("state", p.State, PublisherActive, PublisherArchived))
	found.Add(checkPostbackURL(p.PostbackURL, checkHost))
	found.Add(checkChoice("delivery.method", p.Delivery.Method, DeliverByGet, DeliverByPost))
	found.Add(checkChoice("delivery.payload_version", p.Delivery.PayloadVersion, PayloadV1, PayloadV2))

	var err error
	p.Delivery.Statuses, err = checkDeliveryStatuses(p.Delivery.Statuses)
	found.Add(err)
	return p, found.Err()
}

// checkPostbackURL returns what is wrong with the template of a URL for deliveries.
func checkPostbackURL(template string, checkHost func(*url.URL) error) error {
	const field = "postback_url"
	if template == "" {
		return nil
	}
	if err := deliveryurl.Check(template); err != nil {
		return invalid(field, "%v", err)
	}
	u, err := url.Parse(template) // macros come only after the host, so the rest can be parsed
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

// checkDeliveryStatuses returns statuses sorted and without duplicates.
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

// DeliverOn returns the statuses that a publisher gets deliveries for. They are empty if it is not active or
// has no postback URL.
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

// RotateSecret returns a publisher with a new delivery secret. Its current one still signs for an overlap,
// which must satisfy CheckOverlap. An older one stops signing.
func RotateSecret(p Publisher, next string, overlap time.Duration, now time.Time) Publisher {
	p.PreviousDeliverySecret, p.PreviousDeliverySecretExpireTime = "", time.Time{}
	if overlap > 0 {
		p.PreviousDeliverySecret, p.PreviousDeliverySecretExpireTime = p.DeliverySecret, now.Add(overlap)
	}
	p.DeliverySecret = next
	p.UpdateTime = now
	return p
}

// PreviousSecretAt returns a publisher's delivery secret from before the last rotation and when it stops
// signing. Both are zero if it does not sign at a moment.
func (p Publisher) PreviousSecretAt(now time.Time) (string, time.Time) {
	if !now.Before(p.PreviousDeliverySecretExpireTime) {
		return "", time.Time{}
	}
	return p.PreviousDeliverySecret, p.PreviousDeliverySecretExpireTime
}

// CheckOwnSettings refuses a change of a publisher by itself to anything but its delivery settings: PERMISSION_DENIED,
// SETTING_OF_PROGRAM, on the field.
func CheckOwnSettings(before, after Publisher) error {
	var field string
	switch {
	case after.DisplayName != before.DisplayName:
		field = "display_name"
	case after.State != before.State:
		field = "state"
	default:
		return nil
	}
	return apperr.New(apperr.PermissionDenied, "SETTING_OF_PROGRAM", "%s is set by the program; a publisher may change postback_url and delivery", field).On(field)
}
