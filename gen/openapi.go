// Package gen holds what is generated from the contracts in proto: Go code below gen/go, the OpenAPI
// document below gen/openapi. Only this file is written by hand.
//
// Any package may import it.
package gen

import _ "embed" // for the document

// OpenAPI is the OpenAPI 3.1 document of the REST form of all services.
//
//go:embed openapi/couponlink.json
var OpenAPI []byte
