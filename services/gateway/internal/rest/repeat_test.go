package rest

import (
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
)

// changesNothing reports whether an RPC that is called by POST changes nothing, so that it can be repeated anyway.
func changesNothing(rpc protoreflect.FullName) bool {
	switch rpc {
	case "couponlink.coupon.v1.CouponService.ValidateCoupon",
		"couponlink.tracking.v1.LinkService.BuildTrackingLink",
		"couponlink.tracking.v1.ScanService.ScanLink",
		"couponlink.tracking.v1.ReportService.SummarizeConversions",
		"couponlink.backup.v1.BackupService.VerifyBackup":
		return true
	default:
		return false
	}
}

// Every POST in the protos takes Idempotency-Key, or changes nothing.
func TestEveryPostCanBeRepeated(t *testing.T) {
	all, err := newRoutes(packages()...)
	if err != nil {
		t.Fatal(err)
	}
	posts := 0
	for _, rt := range all {
		if rt.method != http.MethodPost {
			continue
		}
		posts++
		if hasID := repeatField(rt.input) != nil; hasID == changesNothing(rt.rpc) {
			t.Errorf("%s: has a field for the key: %v, changes nothing: %v; want one of them", rt.rpc, hasID, changesNothing(rt.rpc))
		}
	}
	if want := postsInProtos(t); posts != want {
		t.Errorf("the gateway serves %d POSTs, and the protos have %d", posts, want)
	}
}

// postsInProtos counts the POSTs in the proto files, so that one in a new package cannot be forgotten.
func postsInProtos(t *testing.T) int {
	t.Helper()
	posts := 0
	err := fs.WalkDir(os.DirFS("../../../../proto"), "couponlink", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".proto" {
			return err
		}
		text, err := os.ReadFile(filepath.Join("../../../../proto", path))
		posts += strings.Count(string(text), "post: \"")
		return err
	})
	if err != nil || posts == 0 {
		t.Fatalf("%d POSTs in the protos, %v", posts, err)
	}
	return posts
}

// Two keys are refused, even if they are the same.
func TestTwoIdempotencyKeys(t *testing.T) {
	rt := route{method: http.MethodPost, input: (*couponv1.CreateCouponRequest)(nil).ProtoReflect().Descriptor()}
	if id, fault := rt.repeatID(http.Header{repeatKey: {"a", "a"}}); fault == nil {
		t.Errorf("two keys are the id %q", id)
	}
	if id, fault := rt.repeatID(http.Header{repeatKey: {"a"}}); fault != nil || id == "" {
		t.Errorf("one key is the id %q: %v", id, fault)
	}
}
