package access

import (
	"context"
	"slices"
	"time"

	optionsv1 "github.com/couponlink/couponlink/gen/go/couponlink/options/v1"
	"github.com/couponlink/couponlink/services/internal/apperr"
)

// Principal is a caller.
type Principal struct {
	// Name is the resource name of the caller's key, or AdminKey.
	Name        string
	DisplayName string
	Role        Role
	// Listed are the permissions of a caller with the role Service.
	Listed []Permission
	// Publishers and Offers are the names of those that the caller is limited to, `publishers/…` and `offers/…`; empty
	// for all. A caller with both is limited to what belongs to one of the publishers and to one of the offers.
	Publishers, Offers []string
	// ExpireTime is when the caller's key or secret expires; zero for never.
	ExpireTime time.Time
	// RequestsPerSecond bounds the caller's calls; 0 for no bound of its own.
	RequestsPerSecond int
}

// AdminKey is the name of the principal that has the admin key.
const AdminKey = "adminKey"

// Admin returns the principal that has the admin key.
func Admin() *Principal { return &Principal{Name: AdminKey, DisplayName: "Admin key", Role: Owner} }

// May reports whether the caller has a permission.
func (p *Principal) May(permission Permission) bool {
	return p.Role.Has(permission) || p.Role == Service && slices.Contains(p.Listed, permission)
}

// IsLimited reports whether the caller is limited to some publishers or offers.
func (p *Principal) IsLimited() bool { return p.LimitedByPublishers() || p.LimitedByOffers() }

// LimitedByPublishers reports whether the caller is limited to some publishers, or to none: with the role Publisher it
// is always limited.
func (p *Principal) LimitedByPublishers() bool {
	return len(p.Publishers) > 0 || p.Role == Publisher
}

// LimitedByOffers is LimitedByPublishers for offers and the role Advertiser.
func (p *Principal) LimitedByOffers() bool { return len(p.Offers) > 0 || p.Role == Advertiser }

// Fits reports whether the caller is limited by nothing else than the limits that a method serves.
func (p *Principal) Fits(served []optionsv1.RowLimit) bool {
	return (!p.LimitedByPublishers() || slices.Contains(served, optionsv1.RowLimit_PUBLISHERS)) &&
		(!p.LimitedByOffers() || slices.Contains(served, optionsv1.RowLimit_OFFERS))
}

// Permissions returns the caller's permissions, sorted.
func (p *Principal) Permissions() []Permission {
	all, _ := Permissions()
	return slices.DeleteFunc(all, func(permission Permission) bool { return !p.May(permission) })
}

// Lacks returns the first permission that another has and the caller does not; "" if there is none.
func (p *Principal) Lacks(other *Principal) Permission {
	for _, permission := range other.Permissions() {
		if !p.May(permission) {
			return permission
		}
	}
	return ""
}

// At returns the caller if its secret is still accepted at a moment, else nil.
func (p *Principal) At(now time.Time) *Principal {
	if p == nil || !p.ExpireTime.IsZero() && !now.Before(p.ExpireTime) {
		return nil
	}
	return p
}

// Denied is the error for a caller that lacks a permission.
func Denied(p *Principal, needed Permission) error {
	return apperr.New(apperr.PermissionDenied, "PERMISSION_REQUIRED", "this call needs the permission %s, and %s (%s) does not have it", needed, p.Name, p.Role).
		With("permission", string(needed))
}

// Limited is the error for a caller that is limited to some publishers or offers, from a method that does not serve
// such callers.
func Limited(p *Principal) error {
	return apperr.New(apperr.PermissionDenied, "ROWS_LIMITED", "this call concerns more than %s may know of, since it is limited to some publishers or offers", p.Name)
}

type contextKey struct{}

// With returns a context of a call by a principal.
func With(ctx context.Context, p *Principal) context.Context {
	return context.WithValue(ctx, contextKey{}, p)
}

// From returns the principal whose call a context belongs to, or nil outside calls.
func From(ctx context.Context) *Principal {
	p, _ := ctx.Value(contextKey{}).(*Principal)
	return p
}
