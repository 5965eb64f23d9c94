// Package audit says who changed what. A call that may change something carries who makes it, and the stores write an
// Entry for each resource that it changes, in the change's own transaction.
//
// grpcserve and the stores import it.
package audit

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/couponlink/couponlink/services/internal/access"
)

// System is the name of the principal of changes that follow from a call, such as the approval that comes with a coupon.
const System = "system"

// Call is who makes a call that may change something, from where and when.
type Call struct {
	// Principal is the resource name of the caller's key, access.AdminKey or System, and DisplayName its name for people
	// at the time.
	Principal, DisplayName string
	// Address is the client's, in full; "" if it is not known.
	Address string
	// RequestID is the id that the call's response and our logs have.
	RequestID string
	// Method is the name of the method, such as CreateOffer.
	Method string
	// Time is when the call came, in UTC and whole milliseconds.
	Time time.Time
}

// Entry says that a call changed a resource.
type Entry struct {
	// ID is a UUIDv7, so ids are in the order of time.
	ID string
	Call
	// Resource is the resource's name, such as `offers/10`.
	Resource string
	// Changes are the fields that changed, in the order of the resource's fields. Several changes of one call may each
	// leave an entry.
	Changes Changes
}

// Change says how a field changed.
type Change struct {
	// Field is the field's path in snake case, such as `settings.fallback_url`.
	Field string `json:"field" bson:"field"`
	// From and To are its values as text; From is "" if the resource is new. Both are "" if Masked.
	From string `json:"from,omitempty" bson:"from"`
	To   string `json:"to,omitempty" bson:"to"`
	// Masked means that the field changed but its values are not told: it is a secret, or not for all who may read entries.
	Masked bool `json:"masked,omitempty" bson:"masked"`
}

// Changes are changes of one resource.
type Changes []Change

// Leaves reports whether the calls that need a permission leave entries. Those that read do not, nor do those that only
// answer a question on a hot path.
func Leaves(p access.Permission) bool {
	return !strings.HasSuffix(string(p), ".read") && p != "coupons.validate" && p != "services.lookup"
}

type key struct{}

// With returns a context for what a call does.
func With(ctx context.Context, call Call) context.Context {
	return context.WithValue(ctx, key{}, &call)
}

// BySystem returns a context for what follows from the call of ctx without the caller having asked for it.
func BySystem(ctx context.Context) context.Context {
	call, ok := ctx.Value(key{}).(*Call)
	if !ok {
		return ctx
	}
	system := *call
	system.Principal, system.DisplayName, system.Address = System, "System", ""
	return With(ctx, system)
}

// Of returns the entry for a change of a resource by the call of ctx. before is nil if the resource is new. ok is false
// outside of calls: what the service does by itself, such as a migration, leaves no entry.
func Of[T any](ctx context.Context, resource string, before, after *T) (entry Entry, ok bool, err error) {
	call, ok := ctx.Value(key{}).(*Call)
	if !ok {
		return Entry{}, false, nil
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Entry{}, false, err
	}
	return Entry{ID: id.String(), Call: *call, Resource: resource, Changes: Diff(before, after)}, true, nil
}
