package fieldname_test

import (
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/internal/fieldname"
)

func TestCamel(t *testing.T) {
	for name, want := range map[string]string{
		"": "", "offer": "offer", "pub_unique3": "pubUnique3", "settings.click_window": "settings.clickWindow", "displayName": "displayName", "Content-Type": "Content-Type",
	} {
		if got := fieldname.Camel(name); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}

// TestNamesAreThoseOfJSON compares with the names that protojson uses.
func TestNamesAreThoseOfJSON(t *testing.T) {
	var check func(protoreflect.MessageDescriptors)
	check = func(messages protoreflect.MessageDescriptors) {
		for i := range messages.Len() {
			fields := messages.Get(i).Fields()
			for j := range fields.Len() {
				if f := fields.Get(j); fieldname.Camel(string(f.Name())) != f.JSONName() {
					t.Errorf("%s: got %s, want %s", f.FullName(), fieldname.Camel(string(f.Name())), f.JSONName())
				} else if fieldname.Snake(f.JSONName()) != string(f.Name()) {
					t.Errorf("%s: got %s for %s", f.FullName(), fieldname.Snake(f.JSONName()), f.JSONName())
				}
			}
			check(messages.Get(i).Messages())
		}
	}
	for _, file := range []protoreflect.FileDescriptor{trackingv1.File_couponlink_tracking_v1_conversion_proto, couponv1.File_couponlink_coupon_v1_coupon_proto} {
		check(file.Messages())
	}
}

func TestList(t *testing.T) {
	if got, want := fieldname.List([]string{"name", "create_time"}), "name, create_time (createTime)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
