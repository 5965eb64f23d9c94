// Package e2e has the black-box tests of the running product. Cases are data (testdata/cases); each runs over gRPC and
// REST, against every form of the product. Other tests crash the product, race, and stop it. The package knows only the
// product's contracts: protos, HTTP paths and environment variables.
//
// Tests that mostly wait run in parallel; tests that keep the machine busy do not.
//
// Nothing may import it.
package e2e
