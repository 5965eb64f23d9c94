package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	// Lets protojson decode the details of errors.
	_ "google.golang.org/genproto/googleapis/rpc/errdetails"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// answer is the result of a call or an HTTP request.
type answer struct {
	// value is the answer's JSON; nil without JSON.
	value any
	// status is a call's status, with its details.
	status *status.Status
	// httpStatus, header and text are those of the HTTP answer; httpStatus is 0 over gRPC.
	httpStatus int
	header     http.Header
	text       string
}

// httpStatusOf says which HTTP status stands for a code over REST.
func httpStatusOf(code codes.Code) int {
	return map[codes.Code]int{
		codes.OK:                 http.StatusOK,
		codes.InvalidArgument:    http.StatusBadRequest,
		codes.FailedPrecondition: http.StatusBadRequest,
		codes.Unauthenticated:    http.StatusUnauthorized,
		codes.PermissionDenied:   http.StatusForbidden,
		codes.NotFound:           http.StatusNotFound,
		codes.AlreadyExists:      http.StatusConflict,
		codes.Aborted:            http.StatusConflict,
		codes.ResourceExhausted:  http.StatusTooManyRequests,
		codes.Internal:           http.StatusInternalServerError,
		codes.Unimplemented:      http.StatusNotImplemented,
		codes.Unavailable:        http.StatusServiceUnavailable,
	}[code]
}

// callGRPC calls a method over gRPC.
func callGRPC(ctx context.Context, conn grpc.ClientConnInterface, m method, request proto.Message, auth string) (answer, error) {
	if auth != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", auth)
	}
	response := m.output.New().Interface()
	err := conn.Invoke(ctx, m.fullName(), request, response)
	a := answer{status: status.Convert(err)}
	if err != nil {
		return a, nil
	}
	text, err := protojson.Marshal(response)
	if err != nil {
		return a, err
	}
	a.text = string(text)
	a.value, err = parseJSON(text)
	return a, err
}

// callREST calls a method over REST, and checks what REST promises for every method.
func callREST(ctx context.Context, client *http.Client, base string, m method, request proto.Message, auth string) (answer, error) {
	rest, err := m.transcode(request)
	if err != nil {
		return answer{}, err
	}
	r, err := http.NewRequestWithContext(ctx, rest.verb, base+rest.path, bytes.NewReader(rest.body))
	if err != nil {
		return answer{}, err
	}
	if rest.body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if auth != "" {
		r.Header.Set("Authorization", auth)
	}
	a, err := doHTTP(client, r)
	if err != nil {
		return a, err
	}
	about := fmt.Sprintf("%s %s: %d %s", rest.verb, rest.path, a.httpStatus, a.text)
	if kind := a.header.Get("Content-Type"); !strings.HasPrefix(kind, "application/json") {
		return a, fmt.Errorf("%s: the content type is %q", about, kind)
	}
	if a.httpStatus == http.StatusOK {
		a.status = status.New(codes.OK, "")
		if err := protojson.Unmarshal([]byte(a.text), m.output.New().Interface()); err != nil {
			return a, fmt.Errorf("%s: the body is no %s: %w", about, m.descriptor.Output().Name(), err)
		}
		return a, nil
	}
	var s spb.Status
	if err := protojson.Unmarshal([]byte(a.text), &s); err != nil {
		return a, fmt.Errorf("%s: the body is no google.rpc.Status: %w", about, err)
	}
	a.status = status.FromProto(&s)
	if want := httpStatusOf(a.status.Code()); a.httpStatus != want {
		return a, fmt.Errorf("%s: code %s goes with HTTP status %d", about, a.status.Code(), want)
	}
	return a, nil
}

// doHTTP sends a request and reads the whole answer.
func doHTTP(client *http.Client, r *http.Request) (a answer, err error) {
	response, err := client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{}, fmt.Errorf("reading the answer: %w", err)
	}
	a = answer{httpStatus: response.StatusCode, header: response.Header, text: string(text)}
	if strings.HasPrefix(response.Header.Get("Content-Type"), "application/json") && len(text) > 0 {
		if a.value, err = parseJSON(text); err != nil {
			return a, fmt.Errorf("%d %s: the body is not JSON: %w", a.httpStatus, a.text, err)
		}
	}
	return a, nil
}

func parseJSON(text []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	err := decoder.Decode(&value)
	return value, err
}

func marshalJSON(fields map[string]any) ([]byte, error) {
	if fields == nil {
		return []byte("{}"), nil
	}
	return json.Marshal(fields)
}
