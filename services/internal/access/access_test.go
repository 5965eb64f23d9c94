package access_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"pgregory.net/rapid"

	_ "github.com/couponlink/couponlink/gen/go/couponlink/access/v1"
	_ "github.com/couponlink/couponlink/gen/go/couponlink/backup/v1"
	_ "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	_ "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/internal/access"
	"github.com/couponlink/couponlink/services/internal/propertytest"
)

// TestEveryMethodHasAPermission fails for a method without one, and for a permission that nothing needs.
func TestEveryMethodHasAPermission(t *testing.T) {
	t.Parallel()
	needed := map[access.Permission]bool{}
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		if !strings.HasPrefix(string(file.Package()), "couponlink.") {
			return true
		}
		for i := range file.Services().Len() {
			service := file.Services().Get(i)
			for j := range service.Methods().Len() {
				p, err := access.OfMethod("/" + string(service.FullName()) + "/" + string(service.Methods().Get(j).Name()))
				if err != nil {
					t.Error(err)
				}
				needed[p] = true
			}
		}
		eachField(file.Messages(), func(field protoreflect.FieldDescriptor) {
			if p := access.OfField(field); p != "" {
				if !p.Exists() {
					t.Errorf("%s: %q is no permission", field.FullName(), p)
				}
				needed[p] = true
			}
		})
		return true
	})
	all, _ := access.Permissions()
	for _, p := range all {
		if !needed[p] {
			t.Errorf("nothing needs %s", p)
		}
	}
}

// TestSecretsNeedAPermission fails for a field that tells a secret to every caller who may make the call.
func TestSecretsNeedAPermission(t *testing.T) {
	t.Parallel()
	told := map[protoreflect.FullName]bool{
		"couponlink.access.v1.Key.secret":                         true, // only who made it is told, once
		"couponlink.access.v1.Key.secret_prefix":                  true,
		"couponlink.coupon.v1.LookupOfferRequest.postback_token":  true, // asked, not told
		"couponlink.access.v1.AuthenticateKeyRequest.secret_hash": true,
	}
	seen := 0
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		if !strings.HasPrefix(string(file.Package()), "couponlink.") {
			return true
		}
		eachField(file.Messages(), func(field protoreflect.FieldDescriptor) {
			name := string(field.Name())
			isSecret := strings.Contains(name, "secret") || strings.HasSuffix(name, "postback_token")
			if !isSecret || field.Message() != nil || told[field.FullName()] {
				return
			}
			if seen++; access.OfField(field) == "" {
				t.Errorf("%s needs no permission to be read", field.FullName())
			}
		})
		return true
	})
	if seen < 6 {
		t.Errorf("only %d secrets: this test looks in the wrong place", seen)
	}
}

func eachField(messages protoreflect.MessageDescriptors, visit func(protoreflect.FieldDescriptor)) {
	for i := range messages.Len() {
		message := messages.Get(i)
		for j := range message.Fields().Len() {
			visit(message.Fields().Get(j))
		}
		eachField(message.Messages(), visit)
	}
}

func TestMethodsThatDoNotExistNeedMoreThanAnyoneHas(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"", "/", "/couponlink.coupon.v1.OfferService/Burn", "/couponlink.coupon.v1.Offer", "/grpc.health.v1.Health/Check"} {
		if p, err := access.OfMethod(path); err == nil {
			t.Errorf("%q needs %q", path, p)
		}
	}
}

func TestRoles(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		role       access.Role
		permission access.Permission
		want       bool
	}{
		{access.Owner, "access.manage", true},
		{access.Owner, access.SecretsRead, true},
		{access.Manager, "coupons.write", true},
		{access.Manager, "conversions.review", true},
		{access.Manager, "access.manage", false},
		{access.Manager, access.SecretsRead, false},
		{access.Manager, "secrets.write", false},
		{access.Manager, "system.manage", false},
		{access.Manager, "services.lookup", false},
		{access.Finance, "conversions.review", true},
		{access.Finance, "coupons.write", false},
		{access.Finance, access.SecretsRead, false},
		{access.Analyst, "reports.read", true},
		{access.Analyst, "coupons.validate", true},
		{access.Analyst, "conversions.review", false},
		{access.Analyst, access.SecretsRead, false},
		{access.Service, "coupons.validate", false},
		{access.Service, access.MeRead, true},
		{"", "coupons.read", false},
		{"owner", "coupons.read", false},
	} {
		if got := c.role.Has(c.permission); got != c.want {
			t.Errorf("%s has %s: %v", c.role, c.permission, got)
		}
	}
}

func TestListedPermissionsAreForServicesAlone(t *testing.T) {
	t.Parallel()
	listed := []access.Permission{"coupons.validate"}
	service := access.Principal{Role: access.Service, Listed: listed}
	if !service.May("coupons.validate") || service.May("coupons.read") {
		t.Error("a service has what is listed, and nothing else")
	}
	if analyst := (&access.Principal{Role: access.Analyst, Listed: []access.Permission{"coupons.write"}}); analyst.May("coupons.write") {
		t.Error("an analyst got a listed permission")
	}
}

func TestPrincipalTravelsInTheContext(t *testing.T) {
	t.Parallel()
	if access.From(t.Context()) != nil {
		t.Error("a principal outside calls")
	}
	p := access.Admin()
	if access.From(access.With(t.Context(), p)) != p {
		t.Error("another principal")
	}
}

func TestPrincipalsAreToldWhole(t *testing.T) {
	t.Parallel()
	p := &access.Principal{
		Name: "keys/k", DisplayName: "Key", Role: access.Service, Listed: []access.Permission{"coupons.read", access.MeRead},
		Publishers: []string{"publishers/22", "publishers/23"}, Offers: []string{"offers/10"},
		ExpireTime: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC), RequestsPerSecond: 7,
	}
	if got := access.FromProto(access.Proto(p)); !reflect.DeepEqual(got, p) {
		t.Errorf("got %+v, want %+v", got, p)
	}
}

func TestSecrets(t *testing.T) {
	t.Parallel()
	propertytest.Check(t, func(t *rapid.T) {
		secret := access.NewSecret()
		if !access.IsSecret(secret) || len(secret) != 42 {
			t.Fatalf("%q is no secret", secret)
		}
		at := rapid.IntRange(0, len(secret)-1).Draw(t, "at")
		to := rapid.ByteRange('!', 'z').Draw(t, "to")
		if secret[at] == to {
			return
		}
		if typo := secret[:at] + string(to) + secret[at+1:]; access.IsSecret(typo) {
			t.Fatalf("%q is taken for a secret", typo)
		}
		if access.HashOf(secret) == access.HashOf(access.NewSecret()) {
			t.Fatal("two secrets are equal")
		}
	})
	for _, s := range []string{"", "clk_", strings.Repeat("a", 42)} {
		if access.IsSecret(s) {
			t.Errorf("%q is taken for a secret", s)
		}
	}
}
