package grpcdial_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	_ "github.com/couponlink/couponlink/gen/go/couponlink/backup/v1"
	_ "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	_ "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/internal/grpcdial"
)

// methods returns all methods of our services.
func methods() []protoreflect.MethodDescriptor {
	var all []protoreflect.MethodDescriptor
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		if !strings.HasPrefix(string(file.Package()), "couponlink.") {
			return true
		}
		for i := range file.Services().Len() {
			service := file.Services().Get(i)
			for j := range service.Methods().Len() {
				all = append(all, service.Methods().Get(j))
			}
		}
		return true
	})
	return all
}

// changesNothing reports whether a method is a GET in REST, or its name begins with a verb of reading.
func changesNothing(method protoreflect.MethodDescriptor) bool {
	if rule, ok := proto.GetExtension(method.Options(), annotations.E_Http).(*annotations.HttpRule); ok && rule.GetGet() != "" {
		return true
	}
	return slices.ContainsFunc([]string{"Lookup", "Validate", "Summarize", "Build"}, func(verb string) bool {
		return strings.HasPrefix(string(method.Name()), verb)
	})
}

// TestServiceConfigRetriesReads: exactly the methods that change nothing are retried.
func TestServiceConfigRetriesReads(t *testing.T) {
	t.Parallel()
	var config struct {
		MethodConfig []struct {
			Name        []struct{ Service, Method string }
			RetryPolicy struct{ RetryableStatusCodes []string }
		}
	}
	if err := json.Unmarshal([]byte(grpcdial.ServiceConfig), &config); err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for _, group := range config.MethodConfig {
		if !slices.Equal(group.RetryPolicy.RetryableStatusCodes, []string{"UNAVAILABLE"}) {
			t.Errorf("retried on %v", group.RetryPolicy.RetryableStatusCodes)
		}
		for _, name := range group.Name {
			got = append(got, name.Service+"/"+name.Method)
		}
	}
	for _, method := range methods() {
		if changesNothing(method) {
			want = append(want, string(method.Parent().FullName())+"/"+string(method.Name()))
		}
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("serviceconfig.json, and docs/callers/platform.md, which repeats it, retry\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestServiceConfigIsPublished: the page for platform services has the config as we dial with it.
func TestServiceConfigIsPublished(t *testing.T) {
	t.Parallel()
	const page = "../../../docs/callers/platform.md"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "```json\n"+grpcdial.ServiceConfig+"```\n") {
		t.Errorf("%s does not have serviceconfig.json as it is", page)
	}
}
