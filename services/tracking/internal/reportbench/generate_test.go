package main

import (
	"path/filepath"
	"testing"

	"github.com/couponlink/couponlink/services/internal/testprograms"
)

// TestTheProductStartsOnTheData checks that the product takes what prepare leaves for a whole data directory.
func TestTheProductStartsOnTheData(t *testing.T) {
	programs := &testprograms.Builder{}
	t.Cleanup(programs.Remove)
	binary, err := programs.Path("couponlink")
	if err != nil {
		t.Fatal(err)
	}
	p, err := prepare(t.Context(), filepath.Join(t.TempDir(), "data"), size{conversions: 20, clicks: 100})
	if err != nil {
		t.Fatal(err)
	}
	if err := start(t.Context(), binary, p); err != nil {
		t.Fatal(err)
	}
	p.stop()
}
