package openapigen

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/proto"
)

// call is one RPC over REST.
type call struct {
	method *protogen.Method
	// verb is the HTTP method, in lower case.
	verb string
	// path is the path, with a parameter for each part of a resource name.
	path string
	// inPath are the request's fields that are in the path, by the first part of their names.
	inPath []string
	// parameters are the path's parameters.
	parameters []object
	// body is the field of the request that is the HTTP body: "*" for all fields that are not in the path, "" for none.
	body string
}

// addService adds a service's operations and, if it has any, their tag.
func (g *generator) addService(service *protogen.Service) error {
	found := false
	for _, method := range service.Methods {
		c, err := g.callOf(method)
		if errors.Is(err, errNoRule) {
			continue // gRPC only
		}
		if err != nil {
			return err
		}
		found = true
		operation, err := g.operation(c, service)
		if err != nil {
			return err
		}
		at, ok := g.paths[c.path].(object)
		if !ok {
			at = object{}
			g.paths[c.path] = at
		}
		if _, ok := at[c.verb]; ok {
			return fmt.Errorf("two methods have %s %s", c.verb, c.path)
		}
		at[c.verb] = operation
	}
	if found && !slices.ContainsFunc(g.tags, func(t object) bool { return t["name"] == g.tag(service) }) {
		g.tags = append(g.tags, object{"name": g.tag(service), "description": text(service.Comments)})
	}
	return nil
}

// tag returns the tag of a service's operations. Two services of the same name have the same tag.
func (g *generator) tag(service *protogen.Service) string { return string(service.Desc.Name()) }

// callOf reads a method's HTTP rule.
func (g *generator) callOf(method *protogen.Method) (call, error) {
	rule, _ := proto.GetExtension(method.Desc.Options(), annotations.E_Http).(*annotations.HttpRule)
	c := call{method: method, body: rule.GetBody()}
	var template string
	switch {
	case rule == nil:
		return c, errNoRule
	case rule.GetGet() != "":
		c.verb, template = "get", rule.GetGet()
	case rule.GetPost() != "":
		c.verb, template = "post", rule.GetPost()
	case rule.GetPatch() != "":
		c.verb, template = "patch", rule.GetPatch()
	case rule.GetDelete() != "":
		c.verb, template = "delete", rule.GetDelete()
	default:
		return c, fmt.Errorf("%s has an HTTP rule other than get, post, patch and delete", method.Desc.FullName())
	}
	if len(rule.GetAdditionalBindings()) > 0 {
		return c, fmt.Errorf("%s has additional HTTP bindings; only one is supported", method.Desc.FullName())
	}
	return c, g.readPath(&c, template)
}

// variable is a field of the request in a path's template: {offer.name=offers/*}.
var variable = regexp.MustCompile(`\{([^=}]+)=([^}]+)\}`)

// readPath makes a parameter of each `*` in a template, named after the collection before it.
func (g *generator) readPath(c *call, template string) error {
	var fault error
	c.path = variable.ReplaceAllStringFunc(template, func(match string) string {
		parts := variable.FindStringSubmatch(match)
		field, _, _ := strings.Cut(parts[1], ".")
		c.inPath = append(c.inPath, field)
		segments := strings.Split(parts[2], "/")
		for i, segment := range segments {
			if segment != "*" {
				continue
			}
			name := g.singular[segments[i-1]]
			if name == "" {
				fault = fmt.Errorf("%s: no resource has the collection %s in its pattern", c.method.Desc.FullName(), segments[i-1])
			}
			segments[i] = "{" + name + "}"
			description := "The id of the " + words(name) + ", the part of its name after `" + segments[i-1] + "/`."
			if parts[1] == "parent" && c.verb == "get" && i == len(segments)-1 && strings.Contains(fieldText(c.method.Input, "parent"), "/-`") {
				description += " `-` stands for all."
			}
			c.parameters = append(c.parameters, object{
				"name": name, "in": "path", "required": true, "description": description, "schema": object{"type": "string", "minLength": 1},
			})
		}
		return strings.Join(segments, "/")
	})
	if strings.Contains(c.path, "{") != (len(c.parameters) > 0) {
		return fmt.Errorf("%s has a path that is not supported: %s", c.method.Desc.FullName(), template)
	}
	return fault
}

// words returns a name as separate words: "saved report" for "savedReport".
func words(name string) string {
	return strings.ToLower(regexp.MustCompile(`[A-Z]`).ReplaceAllString(name, " $0"))
}

func fieldText(message *protogen.Message, name string) string {
	for _, field := range message.Fields {
		if string(field.Desc.Name()) == name {
			return text(field.Comments)
		}
	}
	return ""
}

// operation returns the operation of a call.
func (g *generator) operation(c call, service *protogen.Service) (object, error) {
	whatItDoes, errorsText := splitErrors(text(c.method.Comments))
	summary, description, _ := strings.Cut(strings.TrimPrefix(whatItDoes, string(c.method.Desc.Name())+" "), ". ")
	operation := object{
		"operationId": string(c.method.Desc.Name()), "tags": []string{g.tag(service)},
		"summary": strings.ToUpper(summary[:1]) + strings.TrimSuffix(summary[1:], "."),
	}
	for _, more := range []string{description, errorsText} {
		if more = strings.TrimSpace(more); more != "" {
			before, _ := operation["description"].(string)
			operation["description"] = strings.TrimSpace(before + "\n\n" + more)
		}
	}
	query, err := g.queryParameters(c)
	if err != nil {
		return nil, err
	}
	if parameters := slices.Concat(c.parameters, query, headers(c)); len(parameters) > 0 {
		operation["parameters"] = parameters
	}
	if c.body != "" {
		if operation["requestBody"], err = g.requestBody(c); err != nil {
			return nil, err
		}
	}
	answer, err := g.answer(c)
	if err != nil {
		return nil, err
	}
	operation["responses"] = responses(c, answer, errorsText)
	return operation, nil
}

// queryParameters returns a parameter for each field of the request that is neither in the path nor in the body.
func (g *generator) queryParameters(c call) ([]object, error) {
	if c.body == "*" {
		return nil, nil
	}
	var all []object
	for _, field := range c.method.Input.Fields {
		name := string(field.Desc.Name())
		if name == c.body || slices.Contains(c.inPath, name) || name == "request_id" {
			continue // request_id is the header Idempotency-Key
		}
		if _, known := wellKnown(messageName(field)); field.Message != nil && !known {
			return nil, fmt.Errorf("%s cannot be a parameter of the query", field.Desc.FullName())
		}
		property, err := g.property(field, body)
		if err != nil {
			return nil, err
		}
		parameter := object{"name": field.Desc.JSONName(), "in": "query", "description": property["description"], "schema": property}
		delete(property, "description")
		if example, ok := property["example"]; ok {
			parameter["example"] = example
			delete(property, "example")
		}
		if behaves(field.Desc, annotations.FieldBehavior_REQUIRED) {
			parameter["required"] = true
		}
		all = append(all, parameter)
	}
	return all, nil
}

// requestBody returns the body that a call takes.
func (g *generator) requestBody(c call) (object, error) {
	message, as, omit := c.method.Input, body, c.inPath
	required := true
	if c.body != "*" {
		i := slices.IndexFunc(message.Fields, func(f *protogen.Field) bool { return string(f.Desc.Name()) == c.body })
		if i < 0 || message.Fields[i].Message == nil {
			return nil, fmt.Errorf("%s has a body that is not a message field of its request", c.method.Desc.FullName())
		}
		field := message.Fields[i]
		required = behaves(field.Desc, annotations.FieldBehavior_REQUIRED)
		message, as, omit = field.Message, g.variantIn(field, whole), nil
	} else if !slices.ContainsFunc(message.Fields, func(f *protogen.Field) bool {
		return behaves(f.Desc, annotations.FieldBehavior_REQUIRED) && !slices.Contains(omit, string(f.Desc.Name()))
	}) {
		required = false
	}
	schema, err := g.messageRef(message, as, omit...)
	return object{"required": required, "content": object{"application/json": object{"schema": schema}}}, err
}
