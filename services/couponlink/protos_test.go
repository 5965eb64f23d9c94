package couponlink_test

import (
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

// eachFile calls visit for each of our protos in the program, and fails the test if it finds none.
func eachFile(t *testing.T, visit func(protoreflect.FileDescriptor)) {
	t.Helper()
	n := 0
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		if name := string(file.Package()); strings.HasPrefix(name, "couponlink.") && name != "couponlink.options.v1" {
			n++
			visit(file)
		}
		return true
	})
	if n < 10 {
		t.Errorf("the program has only %d of our protos", n)
	}
}

// eachMessage calls visit for each message, nested ones included, but not for the entries of maps.
func eachMessage(messages protoreflect.MessageDescriptors, visit func(protoreflect.MessageDescriptor)) {
	for i := range messages.Len() {
		if m := messages.Get(i); !m.IsMapEntry() {
			visit(m)
			eachMessage(m.Messages(), visit)
		}
	}
}

// TestEveryFieldSaysItsBehavior checks that each field has a google.api.field_behavior. Updates, the OpenAPI document and
// generated clients depend on it.
func TestEveryFieldSaysItsBehavior(t *testing.T) {
	t.Parallel()
	eachFile(t, func(file protoreflect.FileDescriptor) {
		eachMessage(file.Messages(), func(m protoreflect.MessageDescriptor) {
			fields := m.Fields()
			for i := range fields.Len() {
				f := fields.Get(i)
				behaviors, _ := proto.GetExtension(f.Options(), annotations.E_FieldBehavior).([]annotations.FieldBehavior)
				if len(behaviors) == 0 {
					t.Errorf("%s has no google.api.field_behavior", f.FullName())
				}
				for _, b := range behaviors {
					if b == annotations.FieldBehavior_OUTPUT_ONLY && strings.HasSuffix(string(m.Name()), "Request") {
						t.Errorf("%s is in a request, and output only", f.FullName())
					}
				}
			}
		})
	})
}

// TestProtosSayWhatGeneratorsNeed checks the options that other languages' generators and the names of path parameters
// come from.
func TestProtosSayWhatGeneratorsNeed(t *testing.T) {
	t.Parallel()
	eachFile(t, func(file protoreflect.FileDescriptor) {
		options, _ := file.Options().(*descriptorpb.FileOptions)
		if options.GetJavaPackage() == "" || options.GetJavaOuterClassname() == "" || !options.GetJavaMultipleFiles() || options.GetCsharpNamespace() == "" {
			t.Errorf("%s lacks a java_ option or csharp_namespace", file.Path())
		}
		eachMessage(file.Messages(), func(m protoreflect.MessageDescriptor) {
			resource, _ := proto.GetExtension(m.Options(), annotations.E_Resource).(*annotations.ResourceDescriptor)
			if resource != nil && (resource.GetSingular() == "" || resource.GetPlural() == "" || !strings.HasPrefix(resource.GetType(), "couponlink/")) {
				t.Errorf("%s lacks its singular or plural, or is no couponlink/ type: %v", m.FullName(), resource)
			}
		})
	})
}

// TestEveryListHasPages checks that each List method has pages, as AIP-158 describes them.
func TestEveryListHasPages(t *testing.T) {
	t.Parallel()
	lists := 0
	eachFile(t, func(file protoreflect.FileDescriptor) {
		for i := range file.Services().Len() {
			methods := file.Services().Get(i).Methods()
			for j := range methods.Len() {
				m := methods.Get(j)
				if !strings.HasPrefix(string(m.Name()), "List") {
					continue
				}
				lists++
				if m.Input().Fields().ByName("page_size") == nil || m.Input().Fields().ByName("page_token") == nil || m.Output().Fields().ByName("next_page_token") == nil {
					t.Errorf("%s has no pages", m.FullName())
				}
			}
		}
	})
	if lists < 8 {
		t.Errorf("there are only %d lists", lists)
	}
}
