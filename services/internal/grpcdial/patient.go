package grpcdial

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// readyPatience is how long a call that must not be sent twice waits for a connection: a restarting instance
// is soon back.
const readyPatience = time.Second

// Patient is a connection that hides the restart of an instance. It retries calls that change nothing if the
// connection breaks, up to five times within about two seconds. Other calls wait at most a second for a ready
// connection, and are sent once.
type Patient struct {
	*grpc.ClientConn
	safe map[string]bool
}

// DialPatient is Dial for callers who would rather wait than fail.
func DialPatient(target string) (*Patient, error) {
	safe := safeMethods()
	conn, err := dial(target, serviceConfig(safe))
	if err != nil {
		return nil, err
	}
	p := &Patient{ClientConn: conn, safe: map[string]bool{}}
	for _, m := range safe {
		p.safe["/"+m.Service+"/"+m.Method] = true
	}
	return p, nil
}

// Invoke makes a call.
func (p *Patient) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	p.await(ctx, method)
	return p.ClientConn.Invoke(ctx, method, args, reply, opts...)
}

// NewStream begins a call.
func (p *Patient) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	p.await(ctx, method)
	return p.ClientConn.NewStream(ctx, desc, method, opts...)
}

// await waits until a method that must not be sent twice can be sent.
func (p *Patient) await(ctx context.Context, method string) {
	state := p.GetState()
	if state == connectivity.Ready || p.safe[method] || strings.HasPrefix(method, "/grpc.health.v1.") {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, readyPatience)
	defer cancel()
	for state != connectivity.Ready {
		if state == connectivity.Idle {
			p.Connect()
		}
		if !p.WaitForStateChange(ctx, state) {
			return // the call says why it fails
		}
		state = p.GetState()
	}
}

// methodName names a method as a service config does.
type methodName struct {
	Service string `json:"service"`
	Method  string `json:"method"`
}

// safeMethods are the methods of our services that change nothing, by their names and routes.
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

// isSafe reports whether a method changes nothing: it is a GET in REST, or its name begins with a verb for
// reading.
func isSafe(method protoreflect.MethodDescriptor) bool {
	if rule, ok := proto.GetExtension(method.Options(), annotations.E_Http).(*annotations.HttpRule); ok && rule.GetGet() != "" {
		return true
	}
	return slices.ContainsFunc([]string{"Lookup", "Validate", "Summarize", "Build"}, func(verb string) bool {
		return strings.HasPrefix(string(method.Name()), verb)
	})
}

// serviceConfig returns the config that spreads calls over all instances and retries safe methods. A service
// that refuses a call on purpose forbids the retry.
func serviceConfig(safe []methodName) string {
	type object = map[string]any
	config := object{"loadBalancingConfig": []object{{"round_robin": object{}}}}
	if len(safe) > 0 {
		config["methodConfig"] = []object{{"name": safe, "retryPolicy": object{
			"maxAttempts": 5, "initialBackoff": "0.1s", "maxBackoff": "1s", "backoffMultiplier": 2, "retryableStatusCodes": []string{"UNAVAILABLE"},
		}}}
		// While most calls fail, none is retried.
		config["retryThrottling"] = object{"maxTokens": 100, "tokenRatio": 0.5}
	}
	text, err := json.Marshal(config)
	if err != nil {
		panic("grpcdial: a service config of plain values failed: " + err.Error())
	}
	return string(text)
}
