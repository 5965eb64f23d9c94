package domain

import (
	"strings"
	"time"

	"github.com/couponlink/couponlink/services/internal/access"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/pasted"
	"github.com/couponlink/couponlink/services/internal/resource"
)

// MaxKeyRate is the largest limit of an API key's calls, in calls per second.
const MaxKeyRate = 100_000

// MaxKeyLimits is the largest number of publishers, and of offers, that a key can be limited to.
const MaxKeyLimits = 100

// KeyState says whether a key is accepted.
type KeyState string

// The states of an API key.
const (
	KeyActive  KeyState = "ACTIVE"
	KeyExpired KeyState = "EXPIRED"
	KeyRevoked KeyState = "REVOKED"
)

// Key is an API key: a caller other than the admin key.
type Key struct {
	ID          string
	DisplayName string
	Role        access.Role
	// Permissions are those of a key with the role Service, in order, separated by commas. It is a string so that
	// keys are comparable.
	Permissions string
	// Publishers and Offers are the ids of those that the key is limited to, in order, separated by commas; "" for all.
	Publishers, Offers string
	// ExpireTime is when the key expires; zero for never.
	ExpireTime time.Time
	// RequestsPerSecond bounds the key's calls; 0 for no bound.
	RequestsPerSecond int32
	// SecretHash is the SHA-256 of the secret, in hexadecimal, and SecretPrefix the secret's first characters.
	SecretHash   string `audit:"masked"`
	SecretPrefix string
	// PreviousSecretHash is the hash from before the last rotation. It is accepted until PreviousSecretExpireTime
	// (exclusive). Both are zero if there was no rotation.
	PreviousSecretHash       string `audit:"masked"`
	PreviousSecretExpireTime time.Time
	// RevokeTime is when the key was revoked; zero if it was not.
	RevokeTime time.Time
	// LastUseTime is when the key was last used, to within a minute; zero for never.
	LastUseTime time.Time `audit:"-"`
	CreateTime  time.Time `audit:"-"`
	UpdateTime  time.Time `audit:"-"`
	Revision    int64     `audit:"-"`
}

// StateAt returns the key's state at a time.
func (k Key) StateAt(now time.Time) KeyState {
	switch {
	case !k.RevokeTime.IsZero():
		return KeyRevoked
	case !k.ExpireTime.IsZero() && !now.Before(k.ExpireTime):
		return KeyExpired
	default:
		return KeyActive
	}
}

// Accepts reports whether a secret with a hash opens the key at a moment, and until when if nothing changes; the zero
// time for always.
func (k Key) Accepts(hash string, now time.Time) (until time.Time, ok bool) {
	if k.StateAt(now) != KeyActive {
		return time.Time{}, false
	}
	switch hash {
	case k.SecretHash:
		return k.ExpireTime, true
	case k.PreviousSecretHash:
		until = k.PreviousSecretExpireTime
		if !k.ExpireTime.IsZero() && k.ExpireTime.Before(until) {
			until = k.ExpireTime
		}
		return until, now.Before(k.PreviousSecretExpireTime)
	default:
		return time.Time{}, false
	}
}

// Principal returns the caller that the key is.
func (k Key) Principal() *access.Principal {
	p := &access.Principal{
		Name: resource.Key(k.ID), DisplayName: k.DisplayName, Role: k.Role, ExpireTime: k.ExpireTime, RequestsPerSecond: int(k.RequestsPerSecond),
	}
	for _, permission := range k.Listed() {
		p.Listed = append(p.Listed, access.Permission(permission))
	}
	for _, id := range parts(k.Publishers) {
		p.Publishers = append(p.Publishers, resource.Publisher(id))
	}
	for _, id := range parts(k.Offers) {
		p.Offers = append(p.Offers, resource.Offer(id))
	}
	return p
}

// LimitedTo returns the ids of the publishers and offers that the key is limited to; nil for all.
func (k Key) LimitedTo() (publishers, offers []string) { return parts(k.Publishers), parts(k.Offers) }

// Listed returns the listed permissions.
func (k Key) Listed() []string { return parts(k.Permissions) }

// parts splits a list that is stored as a text; nil for "".
func parts(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}

// CheckKey returns a new key with its texts trimmed, or all that is wrong with it.
func CheckKey(k Key) (Key, error) {
	k.DisplayName = pasted.Trim(k.DisplayName)
	var found apperr.Findings
	found.Add(checkDisplayName(k.DisplayName), checkKeyRole(k), checkKeyLimits(k))
	if !k.ExpireTime.IsZero() {
		found.Add(checkTime("expire_time", k.ExpireTime))
		if !k.CreateTime.Before(k.ExpireTime) {
			found.Add(invalid("expire_time", "%s has passed; it must be in the future", k.ExpireTime.Format(time.RFC3339)))
		}
	}
	if k.RequestsPerSecond < 0 || k.RequestsPerSecond > MaxKeyRate {
		found.Add(invalid("requests_per_second", "the rate is %d; it must be from 1 to 100,000, or 0 for no limit", k.RequestsPerSecond))
	}
	return k, found.Err()
}

// checkKeyRole returns what is wrong with a key's role or with the permissions that it lists.
func checkKeyRole(k Key) error {
	if k.Role != access.Service {
		if err := checkChoice("role", k.Role, append(access.Roles(), access.Service)...); err != nil || k.Permissions == "" {
			return err
		}
		return invalid("permissions", "the list must be empty, since a key with the role %s has the role's permissions; only the role %s lists them", k.Role, access.Service)
	}
	if k.Permissions == "" {
		return invalid("permissions", "the list is empty; a key with the role %s needs at least one, such as coupons.validate", access.Service)
	}
	for _, p := range k.Listed() {
		if !access.Permission(p).Exists() {
			return invalid("permissions", "%s is not a permission; docs/access.md lists them", pasted.Quote(p))
		}
	}
	return nil
}

// checkKeyLimits returns what is wrong with the publishers and offers that a key is limited to.
func checkKeyLimits(k Key) error {
	publishers, offers := k.LimitedTo()
	var found apperr.Findings
	for field, ids := range map[string][]string{"publishers": publishers, "offers": offers} {
		if len(ids) > MaxKeyLimits {
			found.Add(invalid(field, "the list has %d entries; at most %d are allowed", len(ids), MaxKeyLimits))
		}
	}
	if k.Role == access.Publisher && len(publishers) == 0 {
		found.Add(invalid("publishers", "the list is empty; a key with the role %s must name its publishers, such as publishers/22", k.Role))
	}
	if k.Role == access.Advertiser && len(offers) == 0 {
		found.Add(invalid("offers", "the list is empty; a key with the role %s must name its offers, such as offers/10", k.Role))
	}
	return found.Err()
}

// RotateKey returns a key with a new secret at a moment. The present secret is accepted for an overlap, which must satisfy
// CheckOverlap; an older one no longer.
//
// Errors: FailedPrecondition (KEY_REVOKED, KEY_EXPIRED).
func RotateKey(k Key, secret string, overlap time.Duration, now time.Time) (Key, error) {
	switch k.StateAt(now) {
	case KeyRevoked:
		return k, apperr.New(apperr.FailedPrecondition, "KEY_REVOKED", "keys/%s was revoked; create another key", k.ID)
	case KeyExpired:
		return k, apperr.New(apperr.FailedPrecondition, "KEY_EXPIRED", "keys/%s has expired; create another key", k.ID)
	}
	k.PreviousSecretHash, k.PreviousSecretExpireTime = "", time.Time{}
	if overlap > 0 {
		k.PreviousSecretHash, k.PreviousSecretExpireTime = k.SecretHash, now.Add(overlap)
	}
	k.SecretHash, k.SecretPrefix = access.HashOf(secret).String(), access.Shown(secret)
	k.UpdateTime = now
	return k, nil
}

// RevokeKey returns the key revoked at a time.
func RevokeKey(k Key, now time.Time) Key {
	k.RevokeTime, k.UpdateTime = now, now
	return k
}

// NoKey is the error for a key that does not exist.
func NoKey(id string) *apperr.Error {
	return apperr.New(apperr.NotFound, "KEY_NOT_FOUND", "there is no API key %s", id)
}
