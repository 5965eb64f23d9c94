package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/bufbuild/protocompile"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// One field breaks AIP-140: its name has a preposition.
const proto = `syntax = "proto3";
package shop.v1;
// Basket is what a shopper buys.
message Basket {
  // Who pays.
  string paid_by = 1;
}
`

func TestAnExceptionAllowsOneElement(t *testing.T) {
	compiler := protocompile.Compiler{
		Resolver:       &protocompile.SourceResolver{Accessor: protocompile.SourceAccessorFromMap(map[string]string{"shop.proto": proto})},
		SourceInfoMode: protocompile.SourceInfoExtraOptionLocations,
	}
	files, err := compiler.Compile(t.Context(), "shop.proto")
	if err != nil {
		t.Fatal(err)
	}
	problems, err := check([]protoreflect.FileDescriptor{files[0]})
	if err != nil {
		t.Fatal(err)
	}
	const rule = "core::0140::prepositions"
	about := func(findings []string) []string {
		return slices.DeleteFunc(findings, func(f string) bool { return !strings.Contains(f, rule) })
	}
	if got := about(judge(problems, nil)); len(got) != 1 || !strings.HasPrefix(got[0], "shop.proto:6: shop.v1.Basket.paid_by: ") {
		t.Errorf("without exceptions: %q", got)
	}
	allowed := []exception{{Rules: []string{rule}, Names: []string{"shop.v1.Basket.paid_by"}}}
	if got := about(judge(problems, allowed)); len(got) != 0 {
		t.Errorf("with an exception: %q", got)
	}
	allowed[0].Names = []string{"shop.v1.Basket.sold_by"}
	if got := about(judge(problems, allowed)); len(got) != 3 {
		t.Errorf("an exception for another field: %q", got)
	}
}
