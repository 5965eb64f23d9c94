package couponlink_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	optionsv1 "github.com/couponlink/couponlink/gen/go/couponlink/options/v1"
	"github.com/couponlink/couponlink/services/internal/grpcdial"
)

// soundRequests has a valid request for each method with limits. The test replaces one field at a time with a value beyond
// its limit.
var soundRequests = map[protoreflect.Name]string{
	"CreateOffer":               `{"offer": {"displayName": "x", "landingPageUrl": "https://shop.example.com/", "payout": {"percent": "5"}, "revenue": {"percent": "5"}}}`,
	"UpdateOffer":               `{"offer": {"name": "offers/10", "payout": {"percent": "5"}, "revenue": {"percent": "5"}}}`,
	"CreatePublisher":           `{"publisher": {"displayName": "x"}}`,
	"UpdatePublisher":           `{"publisher": {"name": "publishers/22"}}`,
	"CreateApproval":            `{"parent": "offers/10", "publisher": "publishers/22"}`,
	"UpdateApproval":            `{"approval": {"name": "offers/10/approvals/22", "payout": {"percent": "5"}}}`,
	"CreateCoupon":              `{"parent": "offers/10", "coupon": {"code": "SALE2", "publisher": "publishers/22", "payout": {"percent": "5"}}}`,
	"UpdateCoupon":              `{"coupon": {"name": "offers/10/coupons/22.SALE1", "payout": {"percent": "5"}}}`,
	"BatchCreateCoupons":        `{"parent": "offers/10", "requests": [{"coupon": {"code": "SALE3", "publisher": "publishers/22"}}]}`,
	"GenerateCoupons":           `{"parent": "offers/10", "coupon": {"publisher": "publishers/22", "payout": {"percent": "5"}}, "count": 1}`,
	"ValidateCoupon":            `{"code": "SALE1", "basket": {"currencyCode": "USD", "lines": [{"amount": {"units": 1}}]}}`,
	"RotatePostbackCredentials": `{"name": "offers/10"}`,
	"RotateDeliverySecret":      `{"name": "publishers/22"}`,
	"RecordConversion":          `{"offer": "offers/10", "couponCode": "SALE1", "validateOnly": true}`,
	"RejectConversion":          `{"name": "{conversion}", "reason": "x"}`,
	"ReassignConversion":        `{"name": "{conversion}", "publisher": "publishers/22"}`,
	"AdjustConversion":          `{"name": "{conversion}", "amount": {"currencyCode": "USD", "units": 5}}`,
	"RefundConversion":          `{"name": "{conversion}", "amount": {"currencyCode": "USD", "units": 1}}`,
	"ResolveConflict":           `{"name": "{conversion}", "conflict": 1, "resolution": "ACCEPTED"}`,
	"ApproveConversion":         `{"name": "{conversion}"}`,
	"BuildTrackingLink":         `{"offer": "offers/10", "publisher": "publishers/22"}`,
	"ScanLink":                  `{"url": "https://shop.example.com/"}`,
	"StreamScanLink":            `{"url": "https://shop.example.com/"}`,
	"CreateSavedReport":         `{"savedReport": {"displayName": "x"}}`,
	"UpdateSavedReport":         `{"savedReport": {"name": "savedReports/r1"}}`,
	"ReplayPostback":            `{"name": "postbacks/1"}`,
	"ReplayPostbacks":           `{"filter": "offer = 10"}`,
	"ReserveCoupon":             `{"code": "SALE1", "offer": "offers/10", "reservationId": "r-1"}`,
	"TestDelivery":              `{"publisher": "publishers/22"}`,
	"ErasePersonalData":         `{"offer": "offers/10", "transactionId": "Z-9", "validateOnly": true}`,
	"ReplayDelivery":            `{"name": "deliveries/1"}`,
	"CreateOfferScan":           `{"parent": "offers/10"}`,
	"CancelOfferScan":           `{"name": "offers/10/scans/1"}`,
	"ListReservations":          `{"parent": "offers/10/coupons/22.SALE1"}`,
	"CreatePostbackToken":       `{"parent": "offers/10", "postbackToken": {"displayName": "x"}}`,
	"ListPostbackTokens":        `{"parent": "offers/10"}`,
	"ListApprovals":             `{"parent": "offers/-"}`,
	"ListCoupons":               `{"parent": "offers/-"}`,
	"ListOfferScans":            `{"parent": "offers/-"}`,
	"ListOfferScanResults":      `{"parent": "offers/10/scans/1"}`,
}

// TestLimitsAreEnforced checks that the services refuse each value beyond a limit in the protos, which the OpenAPI
// document repeats: an error is on the field.
func TestLimitsAreEnforced(t *testing.T) {
	r, _ := start(t, t.TempDir(), false)
	r.post(t, "/v1/offers?offer_id=10", `{"displayName": "x", "landingPageUrl": "https://shop.example.com/"}`)
	r.post(t, "/v1/publishers?publisher_id=22", `{"displayName": "x"}`)
	r.post(t, "/v1/offers/10/coupons", `{"code": "SALE1", "publisher": "publishers/22"}`)
	r.post(t, "/v1/savedReports?saved_report_id=r1", `{"displayName": "x"}`)
	r.post(t, "/v1/conversions", `{"offer": "offers/10", "couponCode": "SALE1", "transactionId": "A-1", "amount": {"currencyCode": "USD", "units": 5}}`)
	_, sales := r.get(t, "/v1/conversions", true)
	sale, _ := sales["conversions"].([]any)[0].(map[string]any)["name"].(string)
	tried := 0
	eachFile(t, func(file protoreflect.FileDescriptor) {
		conn := r.dial(t, strings.HasPrefix(string(file.Package()), "couponlink.coupon.") || file.Package() == "couponlink.access.v1")
		for i := range file.Services().Len() {
			methods := file.Services().Get(i).Methods()
			for j := range methods.Len() {
				tried += checkLimits(t, conn, methods.Get(j), strings.ReplaceAll(soundRequests[methods.Get(j).Name()], "{conversion}", sale))
			}
		}
	})
	if tried < 100 {
		t.Errorf("only %d values were tried", tried)
	}
}

// dial connects to one of the services.
func (r *running) dial(t *testing.T, coupon bool) grpc.ClientConnInterface {
	t.Helper()
	addr := r.TrackingGRPCAddr
	if coupon {
		addr = r.CouponGRPCAddr
	}
	conn, err := grpcdial.Dial(addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return grpcdial.WithKey(conn, r.AdminKey.Key)
}

// checkLimits sends each value beyond a limit to a method, and returns how many that were.
func checkLimits(t *testing.T, conn grpc.ClientConnInterface, method protoreflect.MethodDescriptor, sound string) int {
	t.Helper()
	input, err := protoregistry.GlobalTypes.FindMessageByName(method.Input().FullName())
	if err != nil {
		t.Fatal(err)
	}
	paths := limitedPaths(method.Input(), nil)
	for _, path := range paths {
		field := path[len(path)-1]
		request := input.New()
		if sound != "" {
			if err := protojson.Unmarshal([]byte(sound), request.Interface()); err != nil {
				t.Fatalf("the request of %s: %v", method.Name(), err)
			}
		}
		holder := request
		for _, step := range path[:len(path)-1] {
			holder = holder.Mutable(step).Message()
		}
		for _, spoilt := range beyond(holder, field) {
			sent := proto.Clone(request.Interface())
			holder := sent.ProtoReflect()
			for _, step := range path[:len(path)-1] {
				holder = holder.Mutable(step).Message()
			}
			holder.Set(field, spoilt)
			mask(sent.ProtoReflect(), path)
			named := field
			if field.Parent().Name() == "Money" { // errors name the amount
				holder.Set(field.ContainingMessage().Fields().ByName("currency_code"), protoreflect.ValueOfString("USD"))
				named = path[len(path)-2]
			}
			if err := call(t, conn, method, sent); !isOn(err, named) {
				t.Errorf("%s with %s = %.60v gave %v", method.Name(), field.FullName(), spoilt, err)
			}
		}
	}
	return len(paths)
}

// mask sets the update mask of a request that has one, to the field of its resource that the path is in.
func mask(request protoreflect.Message, path []protoreflect.FieldDescriptor) {
	field := request.Descriptor().Fields().ByName("update_mask")
	if field == nil {
		return
	}
	mask := &fieldmaskpb.FieldMask{Paths: []string{string(path[1].Name())}}
	request.Set(field, protoreflect.ValueOfMessage(mask.ProtoReflect()))
}

// limitedPaths returns the path of each field with limits that a request can set outside lists.
func limitedPaths(message protoreflect.MessageDescriptor, way []protoreflect.FieldDescriptor) (all [][]protoreflect.FieldDescriptor) {
	for i := range message.Fields().Len() {
		field := message.Fields().Get(i)
		behaviors, _ := proto.GetExtension(field.Options(), annotations.E_FieldBehavior).([]annotations.FieldBehavior)
		if slices.Contains(behaviors, annotations.FieldBehavior_OUTPUT_ONLY) || len(way) > 3 {
			continue
		}
		path := append(slices.Clone(way), field)
		if proto.HasExtension(field.Options(), optionsv1.E_Limits) {
			all = append(all, path)
		} else if inner := field.Message(); inner != nil && !field.IsList() && !field.IsMap() {
			all = append(all, limitedPaths(inner, path)...)
		}
	}
	return all
}

// call calls a method and returns its error.
func call(t *testing.T, conn grpc.ClientConnInterface, method protoreflect.MethodDescriptor, request proto.Message) error {
	t.Helper()
	output, err := protoregistry.GlobalTypes.FindMessageByName(method.Output().FullName())
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("/%s/%s", method.Parent().FullName(), method.Name())
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if !method.IsStreamingServer() {
		return conn.Invoke(ctx, name, request, output.New().Interface())
	}
	stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, name)
	if err != nil {
		return err
	}
	if err := stream.SendMsg(request); err != nil {
		return err
	}
	if err := stream.CloseSend(); err != nil {
		return err
	}
	return stream.RecvMsg(output.New().Interface())
}

// isOn reports whether an error is about a field.
func isOn(err error, field protoreflect.FieldDescriptor) bool {
	if status.Code(err) != codes.InvalidArgument {
		return false
	}
	for _, detail := range status.Convert(err).Details() {
		bad, _ := detail.(*errdetails.BadRequest)
		for _, violation := range bad.GetFieldViolations() {
			if slices.Contains(strings.Split(violation.GetField(), "."), string(field.Name())) {
				return true
			}
		}
	}
	return false
}

// beyond returns values of a field that are beyond its limits. holder has a valid value, or none.
func beyond(holder protoreflect.Message, field protoreflect.FieldDescriptor) (values []protoreflect.Value) {
	limits, _ := proto.GetExtension(field.Options(), optionsv1.E_Limits).(*optionsv1.Limits)
	switch {
	case field.IsList():
		if limits.GetMinItems() > 0 {
			values = append(values, holder.NewField(field))
		}
		return append(values, listOf(holder, field, int(limits.GetMaxItems())+1))
	case field.Message() != nil: // a duration
		long := holder.NewField(field)
		long.Message().Set(field.Message().Fields().ByName("seconds"), protoreflect.ValueOfInt64(100_000_000))
		return []protoreflect.Value{long}
	case field.Kind() == protoreflect.Int64Kind:
		return []protoreflect.Value{protoreflect.ValueOfInt64(-1), protoreflect.ValueOfInt64(10_000_000_000)}
	case field.Kind() == protoreflect.Int32Kind:
		if limits.Minimum != nil {
			values = append(values, protoreflect.ValueOfInt32(limits.GetMinimum()-1))
		}
		if limits.Maximum != nil {
			values = append(values, protoreflect.ValueOfInt32(limits.GetMaximum()+1))
		}
		return values
	}
	if limits.GetMinLength() > 0 {
		values = append(values, protoreflect.ValueOfString(""))
	}
	if limits.GetMaxLength() > 0 {
		long := holder.Get(field).String()
		if strings.HasSuffix(string(field.Name()), "url") {
			long = "https://shop.example.com/"
		}
		values = append(values, protoreflect.ValueOfString(long+strings.Repeat("a", int(limits.GetMaxLength())+1-len(long))))
	}
	if limits.GetPattern() != "" {
		values = append(values, protoreflect.ValueOfString("!"), protoreflect.ValueOfString(strings.Repeat("a", 300)))
	}
	return values
}

// listOf returns a list of n entries: copies of the first that holder has, or different texts.
func listOf(holder protoreflect.Message, field protoreflect.FieldDescriptor, n int) protoreflect.Value {
	value := holder.NewField(field)
	for i := range n {
		if had := holder.Get(field).List(); had.Len() > 0 {
			value.List().Append(had.Get(0))
		} else {
			value.List().Append(protoreflect.ValueOfString(fmt.Sprintf("p%d", i)))
		}
	}
	return value
}
