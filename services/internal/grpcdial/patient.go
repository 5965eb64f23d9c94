package grpcdial

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// readyPatience is how long a call that must not be sent twice waits for a connection. A restarting instance is back
// soon.
const readyPatience = time.Second

// Patient is a connection that hides the restart of an instance. It retries calls that change nothing if the
// connection breaks, up to five times within about two seconds. Other calls wait at most a second for a ready
// connection, and are sent once.
type Patient struct {
	*grpc.ClientConn
	safe map[string]bool
}

// DialPatient is Dial for callers that prefer waiting to failing.
func DialPatient(target string) (*Patient, error) {
	safe := safeMethods()
	conn, err := dial(target, serviceConfig(safe), grpc.WithStatsHandler(sent{}))
	if err != nil {
		return nil, err
	}
	p := &Patient{ClientConn: conn, safe: map[string]bool{}}
	for _, m := range safe {
		p.safe["/"+m.Service+"/"+m.Method] = true
	}
	return p, nil
}

// Invoke implements grpc.ClientConnInterface.
func (p *Patient) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	if p.needsNoWait(method) {
		return p.ClientConn.Invoke(ctx, method, args, reply, opts...)
	}
	ctx, release := waiting(ctx)
	defer release()
	return explain(ctx, p.ClientConn.Invoke(ctx, method, args, reply, append(opts, grpc.WaitForReady(true))...))
}

// NewStream implements grpc.ClientConnInterface.
func (p *Patient) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	if p.needsNoWait(method) {
		return p.ClientConn.NewStream(ctx, desc, method, opts...)
	}
	ctx, release := waiting(ctx)
	stream, err := p.ClientConn.NewStream(ctx, desc, method, append(opts, grpc.WaitForReady(true))...)
	if err != nil {
		release()
		return nil, explain(ctx, err)
	}
	context.AfterFunc(stream.Context(), release)
	return stream, nil
}

// needsNoWait reports whether gRPC retries a method itself, or the method checks the service's health.
func (p *Patient) needsNoWait(method string) bool {
	return p.safe[method] || strings.HasPrefix(method, "/grpc.health.v1.")
}

// errNotReady is the cause with which the context of a call ends if it found no connection.
var errNotReady = errors.New("no connection")

type patienceKey struct{}

// waiting returns a context for a call that waits for a connection. It ends with the cause errNotReady after
// readyPatience, unless the call has been sent by then: see sent. The caller must call release when the call is done.
func waiting(ctx context.Context) (_ context.Context, release func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	patience := time.AfterFunc(readyPatience, func() { cancel(errNotReady) })
	return context.WithValue(ctx, patienceKey{}, patience), func() {
		patience.Stop()
		cancel(nil)
	}
}

// explain returns a call's error, or the error for a missing connection if that is why the call failed.
func explain(ctx context.Context, err error) error {
	if err != nil && errors.Is(context.Cause(ctx), errNotReady) {
		return status.Errorf(codes.Unavailable, "no connection to the service within %s", readyPatience)
	}
	return err
}

// sent ends a call's wait for a connection once gRPC sends the call.
type sent struct{}

// HandleRPC implements stats.Handler.
func (sent) HandleRPC(ctx context.Context, event stats.RPCStats) {
	if _, ok := event.(*stats.OutHeader); !ok {
		return
	}
	if patience, ok := ctx.Value(patienceKey{}).(*time.Timer); ok {
		patience.Stop()
	}
}

// TagRPC implements stats.Handler.
func (sent) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }

// TagConn implements stats.Handler.
func (sent) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

// HandleConn implements stats.Handler.
func (sent) HandleConn(context.Context, stats.ConnStats) {}

// methodName names a method in a service config.
type methodName struct {
	Service string `json:"service"`
	Method  string `json:"method"`
}

// safeMethods returns the methods of our services that change nothing, by name and route.
func safeMethods() []methodName {
	var safe []methodName
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		if !strings.HasPrefix(string(file.Package()), "couponlink.") {
			return true
		}
		for i := range file.Services().Len() {
			service := file.Services().Get(i)
			for j := range service.Methods().Len() {
				if method := service.Methods().Get(j); isSafe(method) {
					safe = append(safe, methodName{string(service.FullName()), string(method.Name())})
				}
			}
		}
		return true
	})
	return safe
}

// isSafe reports whether a method changes nothing: it is a GET in REST, or its name begins with a verb of reading.
func isSafe(method protoreflect.MethodDescriptor) bool {
	if rule, ok := proto.GetExtension(method.Options(), annotations.E_Http).(*annotations.HttpRule); ok && rule.GetGet() != "" {
		return true
	}
	return slices.ContainsFunc([]string{"Lookup", "Validate", "Summarize", "Build"}, func(verb string) bool {
		return strings.HasPrefix(string(method.Name()), verb)
	})
}

// serviceConfig returns a config that spreads calls over all instances and retries safe methods. A service that refuses
// a call on purpose forbids the retry.
func serviceConfig(safe []methodName) string {
	type object = map[string]any
	config := object{"loadBalancingConfig": []object{{"round_robin": object{}}}}
	if len(safe) > 0 {
		config["methodConfig"] = []object{{"name": safe, "retryPolicy": object{
			"maxAttempts": 5, "initialBackoff": "0.1s", "maxBackoff": "1s", "backoffMultiplier": 2, "retryableStatusCodes": []string{"UNAVAILABLE"},
		}}}
		// Do not retry while most calls fail.
		config["retryThrottling"] = object{"maxTokens": 100, "tokenRatio": 0.5}
	}
	text, err := json.Marshal(config)
	if err != nil {
		panic("grpcdial: a service config of plain values failed: " + err.Error())
	}
	return string(text)
}
