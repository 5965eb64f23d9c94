package rest

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/couponlink/couponlink/services/internal/fieldname"
)

// route is one HTTP method and path, from an RPC's annotation.
type route struct {
	method   string
	template string
	// path matches the template.
	path *regexp.Regexp
	// rpc is the RPC's full name; "" for a file.
	rpc protoreflect.FullName
	// input is the descriptor of the RPC's request.
	input protoreflect.MessageDescriptor
	// body is the request's field that the HTTP body fills: "*" for the whole request, "" for none.
	body string
	// isStream means that the response is a stream.
	isStream bool
	// inPath has the request's fields that the path fills.
	inPath []string
	// more has the gateway's own parameters, which are not fields of the request.
	more []string
}

// routes are all routes. They know the allowed parameters of each. grpc-gateway ignores unknown parameters,
// so that a misspelled `validate_only` would store a sale.
type routes []route

var pathVariable = regexp.MustCompile(`\{([^=}]+)=([^}]+)\}`)

// newRoutes returns the routes of all services in the given proto packages.
func newRoutes(packages ...protoreflect.FullName) (routes, error) {
	var all routes
	var err error
	for _, name := range packages {
		protoregistry.GlobalFiles.RangeFilesByPackage(name, func(file protoreflect.FileDescriptor) bool {
			var some routes
			some, err = routesOf(file)
			all = append(all, some...)
			return err == nil
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// routesOf returns the routes of the services in a file.
func routesOf(file protoreflect.FileDescriptor) (routes, error) {
	var all routes
	for i := range file.Services().Len() {
		methods := file.Services().Get(i).Methods()
		for j := range methods.Len() {
			rule, ok := proto.GetExtension(methods.Get(j).Options(), annotations.E_Http).(*annotations.HttpRule)
			if !ok || rule == nil {
				continue // gRPC only
			}
			rt, err := newRoute(methods.Get(j), rule)
			if err != nil {
				return nil, err
			}
			all = append(all, rt)
		}
	}
	return all, nil
}

func newRoute(method protoreflect.MethodDescriptor, rule *annotations.HttpRule) (route, error) {
	var verb, template string
	switch {
	case rule.GetGet() != "":
		verb, template = http.MethodGet, rule.GetGet()
	case rule.GetPost() != "":
		verb, template = http.MethodPost, rule.GetPost()
	case rule.GetPatch() != "":
		verb, template = http.MethodPatch, rule.GetPatch()
	case rule.GetDelete() != "":
		verb, template = http.MethodDelete, rule.GetDelete()
	default:
		return route{}, fmt.Errorf("no HTTP rule that the gateway knows on %s", method.FullName())
	}
	rt, err := newRouteOf(verb, template, method.Input())
	if err != nil {
		return route{}, fmt.Errorf("the HTTP rule of %s: %w", method.FullName(), err)
	}
	rt.rpc, rt.body, rt.isStream = method.FullName(), rule.GetBody(), method.IsStreamingServer()
	return rt, nil
}

// newRouteOf returns the route of an HTTP method and a template, for requests without a body.
func newRouteOf(method, template string, input protoreflect.MessageDescriptor) (route, error) {
	rt := route{method: method, template: template, input: input}
	expr, rest := "", rt.template
	for _, match := range pathVariable.FindAllStringSubmatch(rt.template, -1) {
		before, after, _ := strings.Cut(rest, match[0])
		expr += regexp.QuoteMeta(before) + strings.ReplaceAll(match[2], "*", "[^/]+")
		rest = after
		rt.inPath = append(rt.inPath, match[1])
	}
	path, err := regexp.Compile("^" + expr + regexp.QuoteMeta(rest) + "$")
	if err != nil {
		return route{}, fmt.Errorf("the path %s: %w", template, err)
	}
	rt.path = path
	return rt, nil
}

// methods returns the HTTP methods of a path, sorted. A path that ends with a custom verb, such as
// `:archive`, has only the verb's methods, because its last part is not a resource's name.
func (all routes) methods(path string) []string {
	var plain, verbs []string
	for _, rt := range all {
		if !rt.path.MatchString(path) {
			continue
		}
		if rt.hasVerb() {
			verbs = append(verbs, rt.method)
		} else {
			plain = append(plain, rt.method)
		}
	}
	methods := plain
	if len(verbs) > 0 {
		methods = verbs
	}
	if slices.Contains(methods, http.MethodGet) {
		methods = append(methods, http.MethodHead)
	}
	slices.Sort(methods)
	return slices.Compact(methods)
}

// hasVerb reports whether a route's template ends with a custom verb.
func (rt route) hasVerb() bool {
	return strings.Contains(rt.template[strings.LastIndex(rt.template, "/"):], ":")
}

// checkMethod serves HEAD as GET, and refuses methods that a custom verb does not have, because the mux may
// take the verb for the end of a name. The mux refuses the others.
func (all routes) checkMethod(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost && strings.Contains(r.URL.Path[strings.LastIndex(r.URL.Path, "/"):], ":") {
			if allowed := all.methods(r.URL.Path); len(allowed) > 0 && !slices.Contains(allowed, r.Method) {
				RefuseMethod(w, r, allowed)
				return
			}
		}
		if r.Method == http.MethodHead {
			// The server still knows the real method and sends no body.
			r = r.WithContext(context.WithValue(r.Context(), headKey{}, true))
			r.Method = http.MethodGet
		}
		next.ServeHTTP(w, r)
	})
}

type headKey struct{}

// IsHead reports whether a request that is served as GET is a HEAD.
func IsHead(r *http.Request) bool { return r.Context().Value(headKey{}) != nil }

// checkQuery is a middleware that refuses queries with parameters that the route does not have.
func (all routes) checkQuery(next runtime.HandlerFunc) runtime.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request, params map[string]string) {
		if r.URL.RawQuery != "" {
			pattern, _ := runtime.HTTPPattern(r.Context())
			if i := all.index(r.Method, pattern.String()); i >= 0 {
				// This cannot fail: checkURL has parsed the query.
				if fault := all[i].check(r.URL.Query()); fault != nil {
					WriteStatus(w, http.StatusBadRequest, fault)
					return
				}
			}
		}
		next(w, r, params)
	}
}

func (all routes) index(method, template string) int {
	return slices.IndexFunc(all, func(rt route) bool { return rt.method == method && rt.template == template })
}

// check returns what is wrong with a query. It goes through the names in order, so that the answer is always
// the same.
func (rt route) check(query url.Values) *status.Status {
	names := make([]string, 0, len(query))
	for name := range query {
		names = append(names, name)
	}
	slices.Sort(names)
	paths := map[string]bool{}
	for _, name := range names {
		path, field, ok := rt.field(name)
		switch {
		case !ok:
			return Malformed("UNKNOWN_PARAMETER", name, "is not a parameter of this call"+rt.bodyHint())
		case path == rt.body || strings.HasPrefix(path, rt.body+".") && rt.body != "":
			return Malformed("UNKNOWN_PARAMETER", name, "belongs in the body")
		case slices.Contains(rt.inPath, path):
			return Malformed("UNKNOWN_PARAMETER", name, "is in the path already")
		case len(query[name]) > 1 && (field == nil || !field.IsList()):
			return Malformed("DUPLICATE_PARAMETER", name, fmt.Sprintf("stands %d times in the query; it may stand once", len(query[name])))
		case paths[path]:
			return twoNames(path)
		}
		paths[path] = true
		for _, value := range query[name] {
			if fault := valueFault(field, value); fault != "" {
				return Malformed("MALFORMED_REQUEST", path, fault)
			}
		}
	}
	return nil
}

func (rt route) bodyHint() string {
	if rt.body == "*" {
		return "; all its values go in the body"
	}
	return ""
}

// field finds the request's field for a parameter, by its proto or JSON name. The gateway's own parameters have a path,
// but no field.
func (rt route) field(parameter string) (path string, field protoreflect.FieldDescriptor, ok bool) {
	if rt.body == "*" {
		return "", nil, false
	}
	if slices.Contains(rt.more, parameter) {
		return fieldname.Snake(parameter), nil, true
	}
	message := rt.input
	var names []string
	for segment := range strings.SplitSeq(parameter, ".") {
		if message == nil || field != nil && field.IsList() {
			return "", nil, false
		}
		field = message.Fields().ByTextName(segment)
		if field == nil {
			field = message.Fields().ByJSONName(segment)
		}
		if field == nil {
			return "", nil, false
		}
		names = append(names, string(field.Name()))
		message = field.Message()
	}
	return strings.Join(names, "."), field, true
}

// checkURL returns what is wrong with a URL for any route: text must be UTF-8, and the query must be
// well-formed.
func checkURL(u *url.URL) *status.Status {
	if !utf8.ValidString(u.Path) {
		return Malformed("MALFORMED_PATH", "", "the path is not UTF-8")
	}
	if u.RawQuery == "" {
		return nil
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return Malformed("MALFORMED_QUERY", "", "the query cannot be read: "+err.Error())
	}
	for name, values := range query {
		if !utf8.ValidString(name) {
			return Malformed("MALFORMED_QUERY", "", "a parameter's name is not UTF-8")
		}
		for _, value := range values {
			if !utf8.ValidString(value) {
				return Malformed("MALFORMED_QUERY", name, "is not UTF-8")
			}
		}
	}
	return nil
}
