package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/internal/access"
	"github.com/couponlink/couponlink/services/internal/bearer"
)

// fields are the fields of a JSON object.
type fields = map[string]any

// ask makes a REST call with a key and returns the status and the JSON of the answer.
func (s *system) ask(t *testing.T, key, verb, path, body string) (int, fields, http.Header) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), casePatience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, verb, s.base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", bearer.Header(key))
	r.Header.Set("Content-Type", "application/json")
	answer, err := s.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	var value fields
	_ = json.Unmarshal(text, &value) // some answers have no JSON
	return answer.StatusCode, value, answer.Header
}

// must is ask for calls that succeed.
func (s *system) must(t *testing.T, key, verb, path, body string) fields {
	t.Helper()
	code, value, _ := s.ask(t, key, verb, path, body)
	if code != http.StatusOK {
		t.Fatalf("%s %s: %d %v", verb, path, code, value)
	}
	return value
}

// newKey creates an API key and returns its name and its secret.
func (s *system) newKey(t *testing.T, body string) (name, secret string) {
	t.Helper()
	key := s.must(t, s.key, http.MethodPost, "/v1/keys", body)
	name, _ = key["name"].(string)
	secret, _ = key["secret"].(string)
	return name, secret
}

func TestAccess(t *testing.T) {
	t.Parallel()
	together, _ := startTogether(t, t.TempDir(), nil)
	apart, processes := startApart(t, nil)
	for form, s := range map[string]*system{"together": together, "apart": apart} {
		t.Run(form, func(t *testing.T) {
			s.must(t, s.key, http.MethodPost, "/v1/offers?offer_id=10", `{"displayName":"Shop","landingPageUrl":"https://shop.example/"}`)
			s.must(t, s.key, http.MethodPost, "/v1/publishers?publisher_id=22", `{"displayName":"Mia"}`)
			t.Run("every method and role", func(t *testing.T) { testEveryMethodAndRole(t, s) })
			t.Run("rows", func(t *testing.T) { testRows(t, s) })
			t.Run("keys", func(t *testing.T) { testKeys(t, s) })
			t.Run("revoked keys", func(t *testing.T) { testRevokedKeys(t, s) })
			t.Run("rotated keys", func(t *testing.T) { testRotatedKeys(t, s) })
			t.Run("secrets", func(t *testing.T) { testSecretsAreWithheld(t, s) })
			t.Run("repeated rotations", func(t *testing.T) { testRepeatedRotations(t, s) })
			t.Run("rate", func(t *testing.T) { testRateOfAKey(t, s) })
		})
	}
	t.Run("the coupon service is away", func(t *testing.T) {
		_, secret := apart.newKey(t, `{"displayName":"Reader","role":"ANALYST"}`)
		apart.must(t, secret, http.MethodGet, "/v1/conversions", "")
		processes[0].kill()
		time.Sleep(3 * time.Second) // the answer from memory is no longer fresh
		if code, value, _ := apart.ask(t, secret, http.MethodGet, "/v1/conversions", ""); code != http.StatusOK {
			t.Errorf("a key that was just used: %d %v", code, value)
		}
		if code, value, header := apart.ask(t, access.NewSecret(), http.MethodGet, "/v1/conversions", ""); code != http.StatusServiceUnavailable || header.Get("Retry-After") == "" {
			t.Errorf("a key that is not known: %d %v, Retry-After %q", code, value, header.Get("Retry-After"))
		}
	})
}

// roles returns a key for each role but the owner's, by what it may do, and one without any permission of note.
func (s *system) roles(t *testing.T) map[string]*access.Principal {
	t.Helper()
	keys := map[string]*access.Principal{}
	for _, role := range access.Roles()[1:] {
		body := fmt.Sprintf(`{"displayName":"%s","role":"%s"}`, role, role)
		switch role {
		case access.Publisher:
			body = `{"displayName":"Publisher","role":"PUBLISHER","publishers":["publishers/22"]}`
		case access.Advertiser:
			body = `{"displayName":"Advertiser","role":"ADVERTISER","offers":["offers/10"]}`
		}
		_, secret := s.newKey(t, body)
		keys[secret] = &access.Principal{Role: role}
	}
	for _, listed := range []access.Permission{"coupons.validate", "access.manage"} {
		_, secret := s.newKey(t, fmt.Sprintf(`{"displayName":"Service","role":"SERVICE","permissions":["%s"]}`, listed))
		keys[secret] = &access.Principal{Role: access.Service, Listed: []access.Permission{listed}}
	}
	return keys
}

// testEveryMethodAndRole calls every method as every role, over gRPC and REST, and compares with the table of
// permissions.
func testEveryMethodAndRole(t *testing.T, s *system) {
	keys, seen := s.roles(t), 0
	for _, m := range ownMethods() {
		path := fmt.Sprintf("/%s/%s", m.Parent().FullName(), m.Name())
		needed, err := access.OfMethod(path)
		if err != nil {
			t.Fatal(err)
		}
		conn := s.tracking
		if pkg := m.ParentFile().Package(); pkg == "couponlink.coupon.v1" || pkg == "couponlink.access.v1" {
			conn = s.coupon
		}
		for secret, principal := range keys {
			may := principal.May(needed) && principal.Fits(access.RowLimits(path))
			if may && needed == "access.manage" {
				continue // it would end the keys
			}
			if err := callEmpty(t.Context(), conn, m, secret); (status.Code(err) == codes.PermissionDenied) == may {
				t.Errorf("%s as %s %v: %v", path, principal.Role, principal.Listed, err)
			}
			if verb, pattern := routeOf(m); verb != "" && !m.IsStreamingServer() {
				if code, value, _ := s.ask(t, secret, verb, pattern, "{}"); (code == http.StatusForbidden) == may {
					t.Errorf("%s %s as %s %v: %d %v", verb, pattern, principal.Role, principal.Listed, code, value)
				}
			}
			seen++
		}
	}
	if seen < 300 {
		t.Errorf("only %d calls: this test looks in the wrong place", seen)
	}
}

// ownMethods returns all methods of our API.
func ownMethods() []protoreflect.MethodDescriptor {
	var all []protoreflect.MethodDescriptor
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			for j := range file.Services().Get(i).Methods().Len() {
				if strings.HasPrefix(string(file.Package()), "couponlink.") {
					all = append(all, file.Services().Get(i).Methods().Get(j))
				}
			}
		}
		return true
	})
	return all
}

// callEmpty makes a call with an empty request. A stream that is open after a moment was let in.
func callEmpty(ctx context.Context, conn grpc.ClientConnInterface, m protoreflect.MethodDescriptor, secret string) error {
	patience := casePatience
	if m.IsStreamingServer() {
		patience = 500 * time.Millisecond
	}
	ctx, cancel := context.WithTimeout(metadata.AppendToOutgoingContext(ctx, "authorization", bearer.Header(secret)), patience)
	defer cancel()
	path := fmt.Sprintf("/%s/%s", m.Parent().FullName(), m.Name())
	request, response := dynamicpb.NewMessage(m.Input()), dynamicpb.NewMessage(m.Output())
	if !m.IsStreamingServer() {
		return conn.Invoke(ctx, path, request, response)
	}
	stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, path)
	if err != nil {
		return err
	}
	if err := stream.SendMsg(request); err != nil {
		return err
	}
	if err := stream.CloseSend(); err != nil {
		return err
	}
	return stream.RecvMsg(response)
}

var anyVariable = regexp.MustCompile(`\{[^=}]*=?([^}]*)\}`)

// routeOf returns how a method is called over REST, with an id that nothing has for each variable of the path.
func routeOf(m protoreflect.MethodDescriptor) (verb, path string) {
	rule, _ := proto.GetExtension(m.Options(), annotations.E_Http).(*annotations.HttpRule)
	for verb, template := range map[string]string{
		http.MethodGet: rule.GetGet(), http.MethodPost: rule.GetPost(), http.MethodPatch: rule.GetPatch(), http.MethodDelete: rule.GetDelete(), http.MethodPut: rule.GetPut(),
	} {
		if template != "" {
			return verb, strings.ReplaceAll(anyVariable.ReplaceAllString(template, "$1"), "*", "none")
		}
	}
	return "", ""
}

func testKeys(t *testing.T, s *system) {
	name, secret := s.newKey(t, `{"displayName":"Checkout","role":"SERVICE","permissions":["coupons.validate","coupons.read","coupons.read"],"requestsPerSecond":1000}`)
	if !access.IsSecret(secret) {
		t.Errorf("the secret is %q", secret)
	}
	me := s.must(t, secret, http.MethodGet, "/v1/me", "")
	if me["name"] != name || me["role"] != "SERVICE" || fmt.Sprint(me["permissions"]) != "[coupons.read coupons.validate me.read]" {
		t.Errorf("the key says of itself %v", me)
	}
	owner := s.must(t, s.key, http.MethodGet, "/v1/me", "")
	if all, _ := access.Permissions(); owner["name"] != "adminKey" || owner["role"] != "OWNER" || len(owner["permissions"].([]any)) != len(all) {
		t.Errorf("the admin key says of itself %v", owner)
	}
	kept := s.must(t, s.key, http.MethodGet, "/v1/"+name, "")
	if kept["secret"] != nil && kept["secret"] != "" || kept["state"] != "ACTIVE" || kept["lastUseTime"] == nil || kept["secretPrefix"] != secret[:8] {
		t.Errorf("the key is kept as %v", kept)
	}
	list := s.must(t, s.key, http.MethodGet, `/v1/keys?filter=display_name:"check"&pageSize=1`, "")
	if keys, _ := list["keys"].([]any); len(keys) != 1 {
		t.Errorf("the list of keys is %v", list)
	}
	for body, field := range map[string]string{
		`{"role":"ANALYST"}`:                                                       "display_name",
		`{"displayName":"x"}`:                                                      "role",
		`{"displayName":"x","role":"SERVICE"}`:                                     "permissions",
		`{"displayName":"x","role":"SERVICE","permissions":["all"]}`:               "permissions",
		`{"displayName":"x","role":"OWNER","permissions":["offers.read"]}`:         "permissions",
		`{"displayName":"x","role":"ANALYST","expireTime":"2020-01-01T00:00:00Z"}`: "expire_time",
		`{"displayName":"x","role":"ANALYST","requestsPerSecond":-1}`:              "requests_per_second",
	} {
		code, value, _ := s.ask(t, s.key, http.MethodPost, "/v1/keys", body)
		if text := fmt.Sprint(value); code != http.StatusBadRequest || !strings.Contains(text, "field:"+field) && !strings.Contains(text, field) {
			t.Errorf("%s: %d %v", body, code, value)
		}
	}
	if code, value, _ := s.ask(t, s.key, http.MethodGet, "/v1/keys/none", ""); code != http.StatusNotFound {
		t.Errorf("a key that does not exist: %d %v", code, value)
	}
}

// doors are calls through each door, which a key of an analyst may make.
func (s *system) doors(t *testing.T, secret string) map[string]error {
	t.Helper()
	results := map[string]error{}
	for name, conn := range map[string]grpc.ClientConnInterface{"coupon": s.coupon, "tracking": s.tracking} {
		method := map[string]string{"coupon": "couponlink.coupon.v1.OfferService.ListOffers", "tracking": "couponlink.tracking.v1.ConversionService.ListConversions"}[name]
		found, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(method))
		if err != nil {
			t.Fatal(err)
		}
		results["gRPC "+name] = callEmpty(t.Context(), conn, found.(protoreflect.MethodDescriptor), secret)
	}
	for _, path := range []string{"/v1/offers", "/v1/conversions", "/v1/me"} {
		if code, value, _ := s.ask(t, secret, http.MethodGet, path, ""); code != http.StatusOK {
			results[path] = fmt.Errorf("%d %v", code, value)
		} else {
			results[path] = nil
		}
	}
	_, err := connectCall[couponv1.ListOffersRequest, couponv1.ListOffersResponse](t.Context(), connectCallers(s.base)["connect"], "coupon.v1.OfferService/ListOffers", bearer.Header(secret), &couponv1.ListOffersRequest{})
	results["Connect"] = err
	return results
}

func testRevokedKeys(t *testing.T, s *system) {
	name, secret := s.newKey(t, `{"displayName":"Gone soon","role":"ANALYST"}`)
	for door, err := range s.doors(t, secret) {
		if err != nil {
			t.Errorf("%s: a new key is refused: %v", door, err)
		}
	}
	if revoked := s.must(t, s.key, http.MethodPost, "/v1/"+name+":revoke", "{}"); revoked["state"] != "REVOKED" {
		t.Errorf("%v", revoked)
	}
	again := s.must(t, s.key, http.MethodPost, "/v1/"+name+":revoke", "{}")
	time.Sleep(3 * time.Second)
	for door, err := range s.doors(t, secret) {
		if err == nil {
			t.Errorf("%s: a key that was revoked 3 seconds ago is accepted", door)
		}
	}
	if code, value, _ := s.ask(t, s.key, http.MethodPost, "/v1/"+name+":rotate", "{}"); code != http.StatusBadRequest || again["state"] != "REVOKED" {
		t.Errorf("rotating a revoked key: %d %v", code, value)
	}
}

func testRotatedKeys(t *testing.T, s *system) {
	name, first := s.newKey(t, `{"displayName":"Turning","role":"ANALYST"}`)
	rotated := s.must(t, s.key, http.MethodPost, "/v1/"+name+":rotate", `{"overlap":"3600s"}`)
	second, _ := rotated["secret"].(string)
	for _, secret := range []string{first, second} {
		for door, err := range s.doors(t, secret) {
			if err != nil {
				t.Errorf("%s: in the overlap: %v", door, err)
			}
		}
	}
	rotated = s.must(t, s.key, http.MethodPost, "/v1/"+name+":rotate", `{"overlap":"0s"}`)
	third, _ := rotated["secret"].(string)
	time.Sleep(3 * time.Second)
	for secret, isOpen := range map[string]bool{first: false, second: false, third: true} {
		for door, err := range s.doors(t, secret) {
			if (err == nil) != isOpen {
				t.Errorf("%s: after a rotation without an overlap: %v, want open %v", door, err, isOpen)
			}
		}
	}
}

// testSecretsAreWithheld looks for the offer's credentials and a publisher's secret in answers to those who may not be
// told them.
func testSecretsAreWithheld(t *testing.T, s *system) {
	told := func(key, path, field string) bool {
		value, _ := s.must(t, key, http.MethodGet, path, "")[field].(string)
		return value != ""
	}
	_, manager := s.newKey(t, `{"displayName":"Manager","role":"MANAGER"}`)
	_, reader := s.newKey(t, `{"displayName":"Reader","role":"SERVICE","permissions":["offers.read","publishers.read","secrets.read"]}`)
	for key, want := range map[string]bool{s.key: true, manager: false, reader: true} {
		for path, field := range map[string]string{"/v1/offers/10": "postbackToken", "/v1/publishers/22": "deliverySecret"} {
			if told(key, path, field) != want {
				t.Errorf("%s of %s is told: %v, want %v", field, path, !want, want)
			}
		}
	}
	s.must(t, s.key, http.MethodPost, "/v1/offers/10/coupons", `{"code":"NOTED1","publisher":"publishers/22","internalNote":"for us","payout":{"percent":"9"}}`)
	_, checkout := s.newKey(t, `{"displayName":"Checkout","role":"SERVICE","permissions":["coupons.validate"]}`)
	for key, want := range map[string]string{manager: "for us", checkout: ""} {
		coupon, _ := s.must(t, key, http.MethodPost, "/v1/coupons:validate", `{"code":"NOTED1","offer":"offers/10"}`)["coupon"].(fields)
		if note, _ := coupon["internalNote"].(string); note != want || (coupon["payout"] != nil) != (want != "") {
			t.Errorf("who validates is told the note %q and the payout %v", coupon["internalNote"], coupon["payout"])
		}
	}
	for _, call := range [][3]string{
		{http.MethodGet, "/v1/offers", ""},
		{http.MethodGet, "/v1/publishers", ""},
		{http.MethodPost, "/v1/offers", `{"displayName":"Second","landingPageUrl":"https://shop.example/"}`},
		{http.MethodPatch, "/v1/offers/10", `{"displayName":"Renamed"}`},
		{http.MethodPost, "/v1/publishers", `{"displayName":"Zoe"}`},
	} {
		answer := fmt.Sprint(s.must(t, manager, call[0], call[1], call[2]))
		for _, secret := range []string{"postbackToken:", "postbackSecret:", "deliverySecret:"} {
			if i := strings.Index(answer, secret); i >= 0 && !strings.HasPrefix(answer[i+len(secret):], " ") && !strings.HasPrefix(answer[i+len(secret):], "]") {
				t.Errorf("%s %s tells a manager %s", call[0], call[1], answer[i:min(i+40, len(answer))])
			}
		}
	}
}

func testRateOfAKey(t *testing.T, s *system) {
	_, secret := s.newKey(t, `{"displayName":"Slow","role":"ANALYST","requestsPerSecond":1}`)
	answers := map[int]int{}
	var refused http.Header
	for range 5 {
		code, _, header := s.ask(t, secret, http.MethodGet, "/v1/offers", "")
		if header.Get("RateLimit-Policy") != `"key";q=1;w=1` || header.Get("RateLimit") != `"key";r=0;t=1` {
			t.Errorf("%d: RateLimit-Policy %q, RateLimit %q", code, header.Get("RateLimit-Policy"), header.Get("RateLimit"))
		}
		answers[code]++
		if code == http.StatusTooManyRequests {
			refused = header
		}
	}
	if answers[http.StatusOK] == 0 || answers[http.StatusTooManyRequests] == 0 || refused.Get("Retry-After") == "" {
		t.Errorf("five calls at once with a key for one a second: %v, Retry-After %q", slices.Collect(maps.Keys(answers)), refused.Get("Retry-After"))
	}
	_, secret = s.newKey(t, `{"displayName":"Slow","role":"ANALYST","requestsPerSecond":1}`)
	answers = map[int]int{}
	for range 5 { // a call without the permission counts too
		code, _, _ := s.ask(t, secret, http.MethodGet, "/v1/keys", "")
		answers[code]++
	}
	if answers[http.StatusForbidden] == 0 || answers[http.StatusTooManyRequests] == 0 {
		t.Errorf("five refused calls at once with a key for one a second: %v", answers)
	}
}

// testRepeatedRotations repeats rotations under one request id. A repetition tells its caller no more than the first
// answer did, and another caller with the id makes a call of its own.
func testRepeatedRotations(t *testing.T, s *system) {
	_, writer := s.newKey(t, `{"displayName":"Writer","role":"SERVICE","permissions":["secrets.write"]}`)
	const body = `{"requestId":"0195b7a4-5c1e-7d3a-9a52-6b1f0c8e2d47"}`
	const path = "/v1/offers/10:rotatePostbackCredentials"
	first := s.must(t, s.key, http.MethodPost, path, body)["postbackToken"]
	for range 2 {
		answer := s.must(t, writer, http.MethodPost, path, body)
		if token, _ := answer["postbackToken"].(string); token != "" {
			t.Errorf("a caller without secrets.read is told %q", token)
		}
	}
	if again := s.must(t, s.key, http.MethodPost, path, body)["postbackToken"]; again != first || first == "" {
		t.Errorf("the owner's repetition has the token %v, want the first answer's %v", again, first)
	}
	if now := s.must(t, s.key, http.MethodGet, "/v1/offers/10", "")["postbackToken"]; now == first {
		t.Error("the other caller's rotation was not made")
	}
}
