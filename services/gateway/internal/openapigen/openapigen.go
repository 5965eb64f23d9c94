// Package openapigen writes the OpenAPI 3.1 document of the REST API from the protos: their comments, HTTP rules, field
// behaviors and limits. Paths that are not RPCs, and the webhooks, are written by hand: see apidoc.
//
// Only the plugin protoc-gen-openapi imports it. It imports none of our generated code, because it runs while that code
// is being generated.
package openapigen

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/pluginpb"
)

// fileName is the file that Generate writes.
const fileName = "couponlink.json"

// object is a JSON object. encoding/json sorts its keys, so the document is the same each time.
type object = map[string]any

// generator holds what it has learned from the protos, and the document so far.
type generator struct {
	// singular has the name of one resource by the name of its collection: "delivery" by "deliveries".
	singular map[string]string
	// names has the components' names of messages and enums.
	names map[protoreflect.FullName]string
	// asked has the messages that requests can contain. The others are only in responses.
	asked map[protoreflect.FullName]bool
	// limits reads the limits of a field.
	limits limitsReader

	schemas object
	paths   object
	tags    []object
}

// Generate writes the document of all files that buf or protoc asks for.
func Generate(plugin *protogen.Plugin) error {
	plugin.SupportedFeatures = uint64(pluginpb.CodeGeneratorResponse_FEATURE_PROTO3_OPTIONAL)
	limits, err := newLimitsReader(plugin)
	if err != nil {
		return err
	}
	g := &generator{
		singular: map[string]string{}, names: map[protoreflect.FullName]string{}, asked: map[protoreflect.FullName]bool{}, limits: limits,
		schemas: object{}, paths: object{},
	}
	var files []*protogen.File
	for _, file := range plugin.Files {
		if file.Generate && len(file.Messages)+len(file.Services) > 0 {
			files = append(files, file)
		}
	}
	if err := g.learn(files); err != nil {
		return err
	}
	for _, file := range files {
		for _, service := range file.Services {
			if err := g.addService(service); err != nil {
				return err
			}
		}
	}
	addErrors(g.schemas)
	text, err := json.MarshalIndent(g.document(), "", "  ")
	if err != nil {
		return fmt.Errorf("writing the document: %w", err)
	}
	_, err = plugin.NewGeneratedFile(fileName, "").Write(append(text, '\n'))
	return err
}

// document returns the whole document.
func (g *generator) document() object {
	return object{
		"openapi": "3.1.0",
		"info": object{
			"title":   "Couponlink",
			"version": "v1",
			"description": "Publisher-specific coupon codes for affiliate programs: coupons, tracking links, conversions. Every call needs a key. " +
				"Advertisers report sales to `/postback` and visitors come through `/click`, both plain HTTP without a key.",
			"license": object{"name": "Apache-2.0", "identifier": "Apache-2.0"},
			"contact": object{"name": "Couponlink", "url": "https://github.com/couponlink/couponlink"},
		},
		"servers":  []object{{"url": "/", "description": "The origin that this document comes from."}},
		"security": []object{{"bearer": []string{}}},
		"tags":     g.tags,
		"paths":    g.paths,
		"components": object{
			"schemas":   g.schemas,
			"responses": commonResponses(),
			"securitySchemes": object{
				"bearer": object{"type": "http", "scheme": "bearer", "description": "A key, such as the admin key."},
			},
		},
	}
}

// learn reads what the schemas and paths depend on: the names of resources and components, and the messages that
// requests can contain.
func (g *generator) learn(files []*protogen.File) error {
	var all []protoreflect.Descriptor
	for _, file := range files {
		for _, enum := range file.Enums {
			all = append(all, enum.Desc)
		}
		for _, message := range file.Messages {
			all = append(all, g.learnMessage(message)...)
		}
		for _, service := range file.Services {
			for _, method := range service.Methods {
				g.ask(method.Input.Desc)
			}
		}
	}
	return g.name(all)
}

// learnMessage learns a resource's name, and returns the message with all enums and messages in it.
func (g *generator) learnMessage(message *protogen.Message) []protoreflect.Descriptor {
	if message.Desc.IsMapEntry() {
		return nil
	}
	resource, _ := proto.GetExtension(message.Desc.Options(), annotations.E_Resource).(*annotations.ResourceDescriptor)
	for _, pattern := range resource.GetPattern() {
		segments := strings.Split(pattern, "/")
		if collection := segments[len(segments)-2]; collection == resource.GetPlural() {
			g.singular[collection] = resource.GetSingular()
		} else {
			g.singular[collection] = strings.Trim(segments[len(segments)-1], "{}")
		}
	}
	all := []protoreflect.Descriptor{message.Desc}
	for _, enum := range message.Enums {
		all = append(all, enum.Desc)
	}
	for _, inner := range message.Messages {
		all = append(all, g.learnMessage(inner)...)
	}
	return all
}

// ask notes that requests can contain a message, and the messages in it, except in output-only fields.
func (g *generator) ask(message protoreflect.MessageDescriptor) {
	if g.asked[message.FullName()] {
		return
	}
	g.asked[message.FullName()] = true
	for i := range message.Fields().Len() {
		field := message.Fields().Get(i)
		if inner := field.Message(); inner != nil && !behaves(field, annotations.FieldBehavior_OUTPUT_ONLY) {
			g.ask(inner)
		}
	}
}

// name gives each message and enum a unique name: the names of the messages around it and its own, joined. If two names
// differ only in case or underscores, each gets its package's name in front.
//
// It returns an error if that does not tell them apart.
func (g *generator) name(all []protoreflect.Descriptor) error {
	users := map[string]int{}
	for _, d := range all {
		users[folded(joined(d))]++
	}
	taken := map[string]protoreflect.FullName{}
	for _, d := range all {
		name := joined(d)
		if users[folded(name)] > 1 {
			words := strings.Split(string(d.ParentFile().Package()), ".")
			if len(words) < 3 {
				return fmt.Errorf("%s shares its name with another type, and its package is not of the form couponlink.coupon.v1", d.FullName())
			}
			name = strings.ToUpper(words[1][:1]) + words[1][1:] + name
		}
		if other, ok := taken[folded(name)]; ok {
			return fmt.Errorf("%s and %s have the same name in the document, %s; rename one", d.FullName(), other, name)
		}
		taken[folded(name)] = d.FullName()
		g.names[d.FullName()] = name
	}
	return nil
}

// joined returns a descriptor's name with the names of the messages around it in front.
func joined(d protoreflect.Descriptor) string {
	return strings.ReplaceAll(strings.TrimPrefix(string(d.FullName()), string(d.ParentFile().Package())+"."), ".", "")
}

// folded returns a name without what client generators may drop: case and underscores.
func folded(name string) string { return strings.ToLower(strings.ReplaceAll(name, "_", "")) }

// behaves reports whether a field has a behavior.
func behaves(field protoreflect.FieldDescriptor, behavior annotations.FieldBehavior) bool {
	all, _ := proto.GetExtension(field.Options(), annotations.E_FieldBehavior).([]annotations.FieldBehavior)
	for _, b := range all {
		if b == behavior {
			return true
		}
	}
	return false
}

// errNoRule is for a method without REST.
var errNoRule = errors.New("no HTTP rule")
