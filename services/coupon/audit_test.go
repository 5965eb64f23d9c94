package coupon_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/couponlink/couponlink/services/coupon/internal/app"
	"github.com/couponlink/couponlink/services/coupon/internal/app/keys"
	"github.com/couponlink/couponlink/services/coupon/internal/grpcapi"
	"github.com/couponlink/couponlink/services/coupon/internal/mongostore"
	"github.com/couponlink/couponlink/services/coupon/internal/sqlitestore"
	"github.com/couponlink/couponlink/services/coupon/internal/storetest"
	"github.com/couponlink/couponlink/services/internal/access"
	"github.com/couponlink/couponlink/services/internal/admission"
	"github.com/couponlink/couponlink/services/internal/audit"
	"github.com/couponlink/couponlink/services/internal/grpcdial"
	"github.com/couponlink/couponlink/services/internal/grpcserve"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/mongotest"
)

// changing has a request of each method that changes something, in the order in which they can be made, and the resources
// of the entries that it leaves. K is the id of the API key that CreateKey created; `+` ends the names of resources that
// the system changed along with others.
var changing = []struct {
	method, request string
	leaves          []string
}{
	{"OfferService.CreateOffer", `{"offer_id": "10", "offer": {"display_name": "A", "landing_page_url": "https://x.example/"}}`, []string{"offers/10"}},
	{"OfferService.UpdateOffer", `{"offer": {"name": "offers/10", "display_name": "B"}, "update_mask": "displayName"}`, []string{"offers/10"}},
	{"OfferService.RotatePostbackCredentials", `{"name": "offers/10"}`, []string{"offers/10"}},
	{"PublisherService.CreatePublisher", `{"publisher_id": "22", "publisher": {"display_name": "A"}}`, []string{"publishers/22"}},
	{"PublisherService.UpdatePublisher", `{"publisher": {"name": "publishers/22", "display_name": "B"}, "update_mask": "displayName"}`, []string{"publishers/22"}},
	{"PublisherService.RotateDeliverySecret", `{"name": "publishers/22"}`, []string{"publishers/22"}},
	{"CouponService.CreateCoupon", `{"parent": "offers/10", "coupon": {"code": "ONE", "publisher": "publishers/22"}}`, []string{"offers/10/approvals/22+", "offers/10/coupons/22.ONE"}},
	{"CouponService.UpdateCoupon", `{"coupon": {"name": "offers/10/coupons/22.ONE", "internal_note": "n"}, "update_mask": "internalNote"}`, []string{"offers/10/coupons/22.ONE"}},
	{"CouponService.BatchCreateCoupons", `{"parent": "offers/10", "requests": [{"coupon": {"code": "TWO", "publisher": "publishers/22"}}, {"coupon": {"code": "THREE", "publisher": "publishers/22"}}]}`, []string{"offers/10/coupons/22.TWO", "offers/10/coupons/22.THREE"}},
	{"CouponService.GenerateCoupons", `{"parent": "offers/10", "coupon": {"publisher": "publishers/22"}, "count": 2}`, []string{"offers/10/coupons/22.", "offers/10/coupons/22."}},
	{"CouponService.ArchiveCoupon", `{"name": "offers/10/coupons/22.ONE"}`, []string{"offers/10/coupons/22.ONE"}},
	{"ApprovalService.UpdateApproval", `{"approval": {"name": "offers/10/approvals/22", "payout": {"fixed": {"currency_code": "USD", "units": 5}}}, "update_mask": "payout"}`, []string{"offers/10/approvals/22"}},
	{"ApprovalService.BlockPublisher", `{"name": "offers/10/approvals/22"}`, []string{"offers/10/approvals/22"}},
	{"ApprovalService.ApprovePublisher", `{"name": "offers/10/approvals/22"}`, []string{"offers/10/approvals/22"}},
	{"PublisherService.CreatePublisher", `{"publisher_id": "23", "publisher": {"display_name": "A"}}`, []string{"publishers/23"}},
	{"ApprovalService.CreateApproval", `{"parent": "offers/10", "publisher": "publishers/23"}`, []string{"offers/10/approvals/23"}},
	{"AccessService.CreateKey", `{"key": {"display_name": "A", "role": "ANALYST"}}`, []string{"keys/K"}},
	{"AccessService.RotateKey", `{"name": "keys/K"}`, []string{"keys/K"}},
	{"AccessService.RevokeKey", `{"name": "keys/K"}`, []string{"keys/K"}},
	{"OfferService.CreatePostbackToken", `{"parent": "offers/10", "postback_token": {"display_name": "A"}}`, []string{"offers/10/postbackTokens/K"}},
	{"OfferService.DeletePostbackToken", `{"name": "offers/10/postbackTokens/K"}`, []string{"offers/10/postbackTokens/K"}},
}

// TestEachChangeLeavesAnEntry makes each call that changes something, on both stores: it leaves one entry for each resource,
// and neither a call that fails nor a repetition leaves one.
func TestEachChangeLeavesAnEntry(t *testing.T) {
	for name, open := range map[string]func(t *testing.T) (storetest.Store, error){
		"SQLite": func(t *testing.T) (storetest.Store, error) { return sqlitestore.Open(t.Context(), t.TempDir()) },
		"MongoDB": func(t *testing.T) (storetest.Store, error) {
			return mongostore.Open(t.Context(), mongotest.URI(t), mongotest.Options()...)
		},
	} {
		t.Run(name, func(t *testing.T) {
			store, err := open(t)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = store.Close() }()
			a := &audited{store: store, methods: methodsOf(t)}
			log := slog.New(slog.DiscardHandler)
			server := grpcserve.New(grpcserve.Config{AdminKey: "the-key-of-the-tests", Most: admission.Calls{Reads: 10, Writes: 10}, Log: log})
			grpcapi.Register(server, app.New(store, time.Now, time.UTC, func(*url.URL) error { return nil }), keys.New(store, time.Now, time.UTC, log), grpcapi.About{})
			a.conn = grpcdial.WithKey(server.Local(), "the-key-of-the-tests")
			for i := range changing {
				a.check(t, i)
			}
			for method := range a.methods {
				t.Errorf("%s changes something, and has no case", method)
			}
		})
	}
}

// methodsOf returns the coupon service's methods that leave entries.
func methodsOf(t *testing.T) map[string]protoreflect.MethodDescriptor {
	found := map[string]protoreflect.MethodDescriptor{}
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		if file.Package() != "couponlink.coupon.v1" && file.Package() != "couponlink.access.v1" {
			return true
		}
		for i := range file.Services().Len() {
			service := file.Services().Get(i)
			for j := range service.Methods().Len() {
				method := service.Methods().Get(j)
				p, err := access.OfMethod(pathOf(method))
				if err != nil {
					t.Fatal(err)
				}
				if changes := !strings.HasPrefix(string(method.Name()), "Get") && !strings.HasPrefix(string(method.Name()), "List"); audit.Leaves(p) && changes {
					found[string(service.Name()+"."+method.Name())] = method
				}
			}
		}
		return true
	})
	return found
}

func pathOf(method protoreflect.MethodDescriptor) string {
	return fmt.Sprintf("/%s/%s", method.Parent().FullName(), method.Name())
}

// audited makes calls and looks at the entries that they leave.
type audited struct {
	store   storetest.Store
	conn    grpc.ClientConnInterface
	methods map[string]protoreflect.MethodDescriptor
	made    map[string]protoreflect.MethodDescriptor
	// key and token are the names of those made last.
	key, token string
	seen       int
}

func (a *audited) check(t *testing.T, i int) {
	t.Helper()
	c := changing[i]
	method := a.methods[c.method]
	if method == nil {
		method = a.made[c.method]
	}
	if method == nil {
		t.Fatalf("%s does not exist or leaves no entries", c.method)
	}
	delete(a.methods, c.method)
	if a.made == nil {
		a.made = map[string]protoreflect.MethodDescriptor{}
	}
	a.made[c.method] = method
	if err := a.call(t, method, "{}"); err == nil {
		t.Errorf("%s of nothing succeeded", c.method)
	}
	a.left(t, c.method+", which failed", nil)
	request := strings.NewReplacer("keys/K", a.key, "offers/10/postbackTokens/K", a.token).Replace(c.request)
	hasID := method.Input().Fields().ByName("request_id") != nil
	if hasID {
		request = fmt.Sprintf(`{"request_id": "0195b7a4-5c1e-7d3a-9a52-%012d", %s`, i, request[1:])
	}
	if err := a.call(t, method, request); err != nil {
		t.Fatalf("%s: %v", c.method, err)
	}
	for _, e := range a.left(t, c.method, c.leaves) {
		if strings.HasPrefix(e.Resource, "keys/") {
			a.key = e.Resource
		}
		if strings.Contains(e.Resource, "/postbackTokens/") {
			a.token = e.Resource
		}
		if e.Method != string(method.Name()) || e.RequestID != "the-call" || e.Time.IsZero() {
			t.Errorf("%s left %+v", c.method, e)
		}
		for _, change := range e.Changes {
			if strings.Contains(change.From+change.To, "whsec_") || strings.Contains(change.Field, "internal_note") && !change.Masked {
				t.Errorf("%s tells %s", c.method, change.Field)
			}
		}
	}
	if hasID {
		if err := a.call(t, method, request); err != nil {
			t.Fatalf("%s again: %v", c.method, err)
		}
		a.left(t, c.method+", repeated", nil)
	}
}

func (a *audited) call(t *testing.T, method protoreflect.MethodDescriptor, json string) error {
	t.Helper()
	message := func(of protoreflect.MessageDescriptor) proto.Message {
		found, err := protoregistry.GlobalTypes.FindMessageByName(of.FullName())
		if err != nil {
			t.Fatal(err)
		}
		return found.New().Interface()
	}
	request := message(method.Input())
	if err := protojson.Unmarshal([]byte(json), request); err != nil {
		t.Fatalf("%s: %v", method.Name(), err)
	}
	ctx := metadata.AppendToOutgoingContext(context.WithoutCancel(t.Context()), "x-request-id", "the-call", "x-forwarded-for", "203.0.113.9, 192.0.2.7")
	return a.conn.Invoke(ctx, pathOf(method), request, message(method.Output()))
}

// left returns the entries since it was called last, and fails the test unless they are of the wanted resources.
func (a *audited) left(t *testing.T, what string, want []string) []audit.Entry {
	t.Helper()
	all, err := a.store.Entries(t.Context(), listing.Query{Order: []listing.Order{{Field: "id"}}, Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	entries := all[a.seen:]
	a.seen = len(all)
	if len(entries) != len(want) {
		t.Fatalf("%s left %d entries, want %d: %+v", what, len(entries), len(want), entries)
	}
	for i, e := range entries {
		resource, bySystem := strings.CutSuffix(want[i], "+")
		by, from := access.AdminKey, "192.0.2.7"
		if bySystem {
			by, from = audit.System, ""
		}
		if !strings.HasPrefix(e.Resource, strings.TrimSuffix(resource, "K")) || e.Principal != by || e.Address != from || len(e.Changes) == 0 {
			t.Errorf("%s left %+v, want one of %s by %s from %q", what, e, resource, by, from)
		}
	}
	return entries
}
