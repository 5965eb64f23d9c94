package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/couponlink/couponlink/services/internal/access"
	"github.com/couponlink/couponlink/services/internal/bearer"
)

// row names what belongs to one publisher on one offer.
type row struct{ offer, publisher, code, conversion, postback, delivery string }

func (r row) coupon() string   { return r.offer + "/coupons/" + id(r.publisher) + "." + r.code }
func (r row) approval() string { return r.offer + "/approvals/" + id(r.publisher) }

func id(name string) string { return name[strings.LastIndex(name, "/")+1:] }

// noRow names nothing that exists.
func noRow() row {
	return row{
		"offers/99", "publishers/99", "NOTHING1", "conversions/00000000000000000000000000000000",
		"postbacks/019a0000-0000-7000-8000-000000000000", "deliveries/00000000000000000000000000000000-1-99",
	}
}

// aboutRow has the request of each method that serves limited callers, about a row.
func aboutRow() map[protoreflect.Name]func(row) fields {
	named := func(of func(row) string) func(row) fields {
		return func(r row) fields { return fields{"name": of(r)} }
	}
	coupon := func(r row) fields { return fields{"code": "NEW" + r.code, "publisher": r.publisher} }
	list := func(row) fields { return fields{} }
	parties := func(r row) fields { return fields{"parent": r.offer, "publisher": r.publisher} }
	conversion := named(func(r row) string { return r.conversion })
	deliveries := func(r row) fields { return fields{"filter": `publisher = "` + r.publisher + `"`} }
	return map[protoreflect.Name]func(row) fields{
		"GetMe":        list,
		"CreateCoupon": func(r row) fields { return fields{"parent": r.offer, "coupon": coupon(r)} },
		"GetCoupon":    named(row.coupon), "ArchiveCoupon": named(row.coupon), "GetApproval": named(row.approval),
		"ListCoupons": func(r row) fields { return fields{"parent": r.offer} },
		"UpdateCoupon": func(r row) fields {
			return fields{"coupon": fields{"name": r.coupon(), "usageLimit": "9"}, "updateMask": "usageLimit"}
		},
		"BatchCreateCoupons": func(r row) fields {
			return fields{"parent": r.offer, "atomic": true, "requests": []fields{{"coupon": coupon(r)}}}
		},
		"GenerateCoupons": func(r row) fields {
			return fields{"parent": r.offer, "coupon": fields{"publisher": r.publisher}, "count": 1, "length": 12}
		},
		"ValidateCoupon": func(r row) fields { return fields{"code": r.code, "offer": r.offer} },
		"GetOffer":       named(func(r row) string { return r.offer }), "ListOffers": list,
		"UpdateOffer": func(r row) fields {
			return fields{"offer": fields{"name": r.offer, "displayName": "Renamed"}, "updateMask": "displayName"}
		},
		"RotatePostbackCredentials": named(func(r row) string { return r.offer }),
		"GetPublisher":              named(func(r row) string { return r.publisher }), "ListPublishers": list,
		"UpdatePublisher": func(r row) fields {
			return fields{"publisher": fields{"name": r.publisher, "delivery": fields{"onlyWithClick": true}}, "updateMask": "delivery.onlyWithClick"}
		},
		"RotateDeliverySecret": named(func(r row) string { return r.publisher }),
		"CreateApproval":       parties,
		"ListApprovals":        func(r row) fields { return fields{"parent": r.offer} },
		"UpdateApproval":       func(r row) fields { return fields{"approval": fields{"name": r.approval()}, "updateMask": "payout"} },
		"ApprovePublisher":     named(row.approval), "BlockPublisher": named(row.approval),
		"GetConversion": conversion, "ApproveConversion": conversion, "ListConversions": list,
		"RejectConversion": func(r row) fields { return fields{"name": r.conversion, "reason": "returned"} },
		"WatchConversions": list, "ExportConversions": list,
		"SummarizeConversions": func(row) fields { return fields{"groupBy": []string{"OFFER", "PUBLISHER", "COUPON_CODE"}} },
		"GetPostback":          named(func(r row) string { return r.postback }), "ListPostbacks": list,
		"GetDelivery": named(func(r row) string { return r.delivery }), "ReplayDelivery": named(func(r row) string { return r.delivery }),
		"ListDeliveries": list, "ReplayDeliveries": deliveries,
		"TestDelivery":      func(r row) fields { return fields{"publisher": r.publisher} },
		"BuildTrackingLink": func(r row) fields { return fields{"offer": r.offer, "publisher": r.publisher} },
	}
}

// answerOf is what a caller sees of a call.
type answerOf struct {
	// what is "OK", or the error's code and reason.
	what, text string
}

// overGRPC makes a call. Of a stream it reads the first messages.
func overGRPC(ctx context.Context, conn grpc.ClientConnInterface, m protoreflect.MethodDescriptor, secret string, request fields) answerOf {
	patience := casePatience
	if m.IsStreamingServer() {
		patience = 300 * time.Millisecond
	}
	ctx, cancel := context.WithTimeout(metadata.AppendToOutgoingContext(ctx, "authorization", bearer.Header(secret)), patience)
	defer cancel()
	text, _ := json.Marshal(request)
	in, out := dynamicpb.NewMessage(m.Input()), dynamicpb.NewMessage(m.Output())
	if err := protojson.Unmarshal(text, in); err != nil {
		return answerOf{what: "a wrong request: " + err.Error()}
	}
	path := fmt.Sprintf("/%s/%s", m.Parent().FullName(), m.Name())
	if !m.IsStreamingServer() {
		return grpcAnswer(conn.Invoke(ctx, path, in, out), protojson.Format(out))
	}
	stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, path)
	if err == nil {
		err = stream.SendMsg(in)
	}
	if err == nil {
		err = stream.CloseSend()
	}
	var told strings.Builder
	for err == nil {
		if err = stream.RecvMsg(out); err == nil {
			told.WriteString(protojson.Format(out))
		}
	}
	if errors.Is(err, io.EOF) || status.Code(err) == codes.DeadlineExceeded {
		err = nil
	}
	return grpcAnswer(err, told.String())
}

func grpcAnswer(err error, told string) answerOf {
	if err == nil {
		return answerOf{"OK", told}
	}
	reason := ""
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(interface{ GetReason() string }); ok {
			reason = info.GetReason()
		}
	}
	return answerOf{strings.TrimSpace(status.Code(err).String() + " " + reason), err.Error()}
}

// overREST makes the same call over REST; ok is false for methods without a route.
func (s *system) overREST(t *testing.T, m protoreflect.MethodDescriptor, secret string, request fields) (answerOf, bool) {
	rule, _ := proto.GetExtension(m.Options(), annotations.E_Http).(*annotations.HttpRule)
	verb, template := http.MethodGet, rule.GetGet()
	for v, p := range map[string]string{http.MethodPost: rule.GetPost(), http.MethodPatch: rule.GetPatch(), http.MethodDelete: rule.GetDelete()} {
		if p != "" {
			verb, template = v, p
		}
	}
	if template == "" || m.IsStreamingServer() {
		return answerOf{}, false
	}
	rest := maps.Clone(request)
	path := anyVariable.ReplaceAllStringFunc(template, func(variable string) string {
		name, pattern, _ := strings.Cut(strings.Trim(variable, "{}"), "=")
		value, _ := rest[name].(string)
		if top, field, nested := strings.Cut(name, "."); nested {
			inner, _ := rest[top].(fields)
			value, _ = inner[field].(string)
		}
		delete(rest, name)
		if value == "" { // a method that serves no limited caller gets no request
			value = strings.ReplaceAll(pattern, "*", "none")
		}
		return value
	})
	var content any = rest
	query := url.Values{}
	if of := rule.GetBody(); of != "*" {
		for name, value := range rest {
			if name != of {
				query.Set(name, fmt.Sprint(value))
			}
		}
		if content = rest[of]; content == nil {
			content = fields{}
		}
	}
	body, _ := json.Marshal(content)
	if verb == http.MethodGet {
		body = nil
	}
	code, value, _ := s.ask(t, secret, verb, path+"?"+query.Encode(), string(body))
	if code == http.StatusOK {
		return answerOf{"OK", fmt.Sprint(value)}, true
	}
	return answerOf{fmt.Sprint(code, " ", reasonIn(value)), fmt.Sprint(value)}, true
}

// reasonIn returns the reason in an error's JSON.
func reasonIn(value fields) string {
	details, _ := value["details"].([]any)
	for _, detail := range details {
		if reason, ok := detail.(fields)["reason"].(string); ok {
			return reason
		}
	}
	return ""
}

// limitedKeys returns keys limited to the first row, by their principals.
func (s *system) limitedKeys(t *testing.T, own row) map[string]*access.Principal {
	t.Helper()
	keys := map[string]*access.Principal{}
	for _, role := range access.Roles() {
		for _, by := range []string{"publishers", "offers", "both"} {
			p := &access.Principal{Role: role}
			if by != "offers" {
				p.Publishers = []string{own.publisher}
			}
			if by != "publishers" {
				p.Offers = []string{own.offer}
			}
			body, _ := json.Marshal(fields{"displayName": by, "role": role, "publishers": p.Publishers, "offers": p.Offers})
			if role == access.Publisher && len(p.Publishers) == 0 || role == access.Advertiser && len(p.Offers) == 0 {
				if code, value, _ := s.ask(t, s.key, http.MethodPost, "/v1/keys", string(body)); code != http.StatusBadRequest {
					t.Errorf("a key for the role %s, limited by %s: %d %v", role, by, code, value)
				}
				continue
			}
			_, secret := s.newKey(t, string(body))
			keys[secret] = p
		}
	}
	return keys
}

// rowOf stores what belongs to a publisher on an offer.
func (s *system) rowOf(t *testing.T, offer, publisher, code string) row {
	t.Helper()
	r := row{offer: "offers/" + offer, publisher: "publishers/" + publisher, code: code}
	s.must(t, s.key, http.MethodPost, "/v1/offers?offer_id="+offer, `{"displayName":"Shop","landingPageUrl":"https://shop.example/","payout":{"percent":"10"},"revenue":{"percent":"20"},"defaultConversionStatus":"APPROVED"}`)
	s.must(t, s.key, http.MethodPost, "/v1/publishers?publisher_id="+publisher, `{"displayName":"Who","postbackUrl":"https://who.example.com/"}`)
	s.must(t, s.key, http.MethodPost, "/v1/"+r.offer+"/coupons", `{"code":"`+code+`","publisher":"`+r.publisher+`","internalNote":"a note"}`)
	token, _ := s.must(t, s.key, http.MethodGet, "/v1/"+r.offer, "")["postbackToken"].(string)
	answer := s.must(t, s.key, http.MethodGet, "/postback?coupon_code="+code+"&transaction_id=T-"+code+"&amount=100&currency=USD&token="+token, "")
	r.conversion, _ = answer["conversion"].(string)
	r.postback, _ = s.must(t, s.key, http.MethodGet, "/v1/"+r.conversion, "")["postback"].(string)
	filter := "/v1/deliveries?" + url.Values{"filter": {`conversion = "` + r.conversion + `"`}}.Encode()
	for range 100 {
		if found, _ := s.must(t, s.key, http.MethodGet, filter, "")["deliveries"].([]any); len(found) > 0 {
			r.delivery, _ = found[0].(fields)["name"].(string)
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if r.conversion == "" || r.postback == "" || r.delivery == "" {
		t.Fatalf("incomplete: %+v", r)
	}
	return r
}

// testRows calls each method as each role with each limit, about a row of the caller's, one of another and one that does
// not exist. What the caller may not know of is answered like what does not exist.
func testRows(t *testing.T, s *system) {
	own, foreign := s.rowOf(t, "70", "72", "MINE1"), s.rowOf(t, "71", "73", "THEIRS1")
	time.Sleep(2 * time.Second) // sums follow
	before := s.stateOf(t, foreign)
	requests, seen := aboutRow(), 0
	keys := s.limitedKeys(t, own)
	for _, m := range ownMethods() {
		path := fmt.Sprintf("/%s/%s", m.Parent().FullName(), m.Name())
		served := access.RowLimits(path)
		request := requests[m.Name()]
		if (request != nil) != (len(served) > 0) {
			t.Errorf("%s serves limited callers: %v. This test must know a request for each that does, and for no other", path, served)
			continue
		}
		if request == nil {
			request = func(row) fields { return fields{} }
		}
		needed, err := access.OfMethod(path)
		if err != nil {
			t.Fatal(err)
		}
		for secret, p := range keys {
			none := noRow()
			if len(p.Offers) == 0 { // it may refer to any offer, but not to any publisher
				none.offer = foreign.offer
			}
			isAdmitted := p.May(needed) && p.Fits(served)
			for door, call := range s.bothDoors(t, m, secret) {
				mine, theirs, nobodys := call(request(own)), call(request(foreign)), call(request(none))
				if mine.what == "" {
					continue // no route
				}
				seen++
				isRefused := strings.HasPrefix(mine.what, "PermissionDenied") || strings.HasPrefix(mine.what, "403")
				isMissing := strings.HasPrefix(mine.what, "NotFound") || strings.HasPrefix(mine.what, "404")
				if isRefused == isAdmitted || isAdmitted && isMissing {
					t.Errorf("%s over %s as %s of %v %v: its own row: %s %s", path, door, p.Role, p.Publishers, p.Offers, mine.what, mine.text)
				}
				if theirs.what != nobodys.what {
					t.Errorf("%s over %s as %s of %v %v: another's row is answered with %s, and one that does not exist with %s", path, door, p.Role, p.Publishers, p.Offers, theirs.what, nobodys.what)
				}
				for _, answer := range []answerOf{mine, theirs} {
					s.checkTold(t, path+" over "+door, p, answer, foreign)
				}
			}
		}
		if m.Name() == "BlockPublisher" { // the methods after it are about a publisher that is approved
			s.must(t, s.key, http.MethodPost, "/v1/"+own.approval()+":approve", "{}")
		}
	}
	if seen < 1500 {
		t.Errorf("only %d calls: this test looks in the wrong place", seen)
	}
	if after := s.stateOf(t, foreign); after != before {
		t.Errorf("what belongs to others was\n%s\nand is\n%s", before, after)
	}
}

// bothDoors returns a method's call over gRPC and over REST.
func (s *system) bothDoors(t *testing.T, m protoreflect.MethodDescriptor, secret string) map[string]func(fields) answerOf {
	conn := s.tracking
	if pkg := m.ParentFile().Package(); pkg == "couponlink.coupon.v1" || pkg == "couponlink.access.v1" {
		conn = s.coupon
	}
	return map[string]func(fields) answerOf{
		"gRPC": func(request fields) answerOf { return overGRPC(t.Context(), conn, m, secret, request) },
		"REST": func(request fields) answerOf { answer, _ := s.overREST(t, m, secret, request); return answer },
	}
}

// checkTold looks in an answer for what its caller must not be told.
func (s *system) checkTold(t *testing.T, call string, p *access.Principal, answer answerOf, foreign row) {
	t.Helper()
	if answer.what != "OK" {
		return // errors repeat the names of their requests
	}
	secrets := []string{foreign.conversion, foreign.postback, foreign.delivery, foreign.coupon(), "." + foreign.code}
	if p.IsPartner() {
		secrets = append(secrets, "a note")
	}
	if p.IsPartner() && p.LimitedByPublishers() {
		secrets = append(secrets, "revenue:map[", "revenues:[map[", `"revenue":`, `"revenues":`)
	}
	for _, secret := range secrets {
		if strings.Contains(answer.text, secret) && !strings.Contains(call, "BuildTrackingLink") {
			t.Errorf("%s as %s of %v %v: the answer tells %q: %s", call, p.Role, p.Publishers, p.Offers, secret, answer.text)
		}
	}
}

// stateOf returns the etags of what a row names, and how many coupons and approvals its offer has.
func (s *system) stateOf(t *testing.T, r row) string {
	t.Helper()
	var state []any
	for _, name := range []string{r.offer, r.publisher, r.coupon(), r.approval(), r.conversion} {
		state = append(state, s.must(t, s.key, http.MethodGet, "/v1/"+name, "")["etag"])
	}
	for _, collection := range []string{"coupons", "approvals"} {
		list, _ := s.must(t, s.key, http.MethodGet, "/v1/"+r.offer+"/"+collection, "")[collection].([]any)
		state = append(state, len(list))
	}
	return fmt.Sprint(state...)
}
