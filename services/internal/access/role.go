// Package access decides who may do what. It reads each method's permission from the protos, and maps roles to
// permissions in one table.
//
// It is pure: package authn finds out who calls. Of our packages it imports only the generated code and apperr.
package access

import (
	"maps"
	"slices"
	"strings"
)

// Permission is the right to call some methods or to read some fields, such as `coupons.read`.
type Permission string

// Permissions that code names. The others are only in the protos and in the table of permissions.
const (
	// SecretsRead is the right to read secrets.
	SecretsRead Permission = "secrets.read"
	// MeRead is the right to read your own role and permissions. Every caller has it.
	MeRead Permission = "me.read"
)

// Role is a set of permissions. Its values are those of the proto's Role.
type Role string

// The roles.
const (
	Owner   Role = "OWNER"
	Manager Role = "MANAGER"
	Finance Role = "FINANCE"
	Analyst Role = "ANALYST"
	// Advertiser is always limited to offers, and Publisher to publishers.
	Advertiser Role = "ADVERTISER"
	Publisher  Role = "PUBLISHER"
	// Service has the permissions that the key lists.
	Service Role = "SERVICE"
)

// advertiser and publisher are the permissions of those roles, within the rows of the caller. secrets.read and
// secrets.write are for the offer's and the publisher's own.
var (
	advertiser = []Permission{"conversions.read", "conversions.review", "coupons.read", MeRead, "offers.read", "postbacks.read", "reports.read", SecretsRead}
	publisher  = []Permission{
		"approvals.read", "conversions.read", "coupons.read", "deliveries.read", "deliveries.write", "links.read", MeRead,
		"publishers.read", "publishers.write", "reports.read", SecretsRead, "secrets.write",
	}
)

// permissions are all permissions, each with what it allows. docs/access.md prints them.
var permissions = map[Permission]string{
	"access.manage":      "create, list, rotate and revoke API keys",
	"approvals.read":     "read approvals",
	"approvals.write":    "approve and block publishers",
	"conversions.read":   "read and watch conversions",
	"conversions.record": "report sales over the API",
	"conversions.review": "approve, reject, reassign, adjust and refund conversions, and settle their conflicts",
	"coupons.read":       "read coupons",
	"coupons.validate":   "validate codes and baskets",
	"coupons.write":      "create, change, generate and archive coupons",
	"deliveries.read":    "read deliveries",
	"deliveries.write":   "replay and test deliveries",
	"links.read":         "build tracking links",
	"me.read":            "read your own role and permissions",
	"offers.read":        "read offers",
	"offers.write":       "create and change offers",
	"privacy.erase":      "erase personal data",
	"postbacks.read":     "read the postback log",
	"postbacks.replay":   "replay postbacks",
	"publishers.read":    "read publishers",
	"publishers.write":   "create and change publishers",
	"reports.read":       "read summaries, exports and saved reports",
	"reports.write":      "save reports",
	"reservations.read":  "read reservations",
	"reservations.write": "reserve uses of coupons and release them",
	"scans.read":         "scan links and read scans of offers",
	"scans.write":        "start and cancel scans of offers",
	"secrets.read":       "read postback tokens and secrets, and delivery secrets",
	"secrets.write":      "rotate postback credentials and delivery secrets, and create and delete postback tokens",
	"services.lookup":    "make the services' internal lookups",
	"system.manage":      "make and verify backups, and recount summaries",
	"system.read":        "read versions and settings",
}

// Permissions returns all permissions, each with what it allows.
func Permissions() (all []Permission, allow map[Permission]string) {
	return slices.Sorted(maps.Keys(permissions)), maps.Clone(permissions)
}

// Exists reports whether the permission is defined.
func (p Permission) Exists() bool { return permissions[p] != "" }

// Roles returns the roles that have permissions of their own, widest first.
func Roles() []Role { return []Role{Owner, Manager, Finance, Analyst, Advertiser, Publisher} }

// Has reports whether the role has a permission. It is false for Service, whose keys list theirs.
func (r Role) Has(p Permission) bool {
	subject, _, _ := strings.Cut(string(p), ".")
	switch r {
	case Owner:
		return true
	case Manager:
		return subject != "access" && subject != "privacy" && subject != "secrets" && subject != "services" && p != "system.manage"
	case Finance:
		return Analyst.Has(p) || p == "conversions.review" || p == "reports.write"
	case Analyst:
		return subject != "secrets" && (strings.HasSuffix(string(p), ".read") || p == "coupons.validate")
	case Advertiser:
		return slices.Contains(advertiser, p)
	case Publisher:
		return slices.Contains(publisher, p)
	default:
		return p == MeRead
	}
}
