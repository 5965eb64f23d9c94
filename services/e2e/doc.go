// Package e2e holds the black-box tests of the running product: cases as data (testdata/cases), each
// played over gRPC and over REST against every form the product runs in, and tests of crashes, races
// and stopping. It knows the product by its contracts only: protos, HTTP paths and environment
// variables.
//
// Tests that mostly wait run in parallel; tests that keep the machine busy do not.
//
// Nothing may import it.
package e2e
