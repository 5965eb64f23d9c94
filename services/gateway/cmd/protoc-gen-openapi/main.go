// Command protoc-gen-openapi is a plugin of buf and protoc that writes the OpenAPI 3.1 document of all services with
// REST. `make gen` runs it.
package main

import (
	"google.golang.org/protobuf/compiler/protogen"

	"github.com/couponlink/couponlink/services/gateway/internal/openapigen"
)

func main() { protogen.Options{}.Run(openapigen.Generate) }
