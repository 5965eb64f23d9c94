package ui

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/gateway/internal/console/assets"
)

// A table with all that it can have: forms do not stand within one another, and each has its token.
func TestTableWithEverything(t *testing.T) {
	files, err := assets.New(Root + "assets/")
	if err != nil {
		t.Fatal(err)
	}
	all, err := NewViews(files, time.UTC, nil)
	if err != nil {
		t.Fatal(err)
	}
	whole := Table{
		ID: "things", Caption: "Things", Columns: []Column{{Label: "Thing"}, {Label: "Sales", IsNumber: true}, {Label: "Link"}, {Label: "Do"}},
		Rows: []Row{{Key: "k1", Label: "One", Cells: []Cell{
			{Text: "One", Sub: "small"},
			{Text: "12"},
			{Text: "https://x.example.com", IsCode: true, CanCopy: true},
			{Links: []Link{{Label: "Scan", Href: "/console/x"}}, Buttons: []Button{{Label: "End", Action: "/console/end", Fields: map[string]string{"a": "b"}, IsDanger: true, Confirm: "Sure?"}}},
		}}},
		Bulk: &Bulk{Action: "/console/bulk", Do: []Choice{{"disable", "Disable"}}},
	}
	var buf bytes.Buffer
	if err := all.pages["error"].ExecuteTemplate(&buf, "table", whole); err != nil {
		t.Fatal(err)
	}
	depth := 0
	for _, part := range strings.SplitAfter(buf.String(), ">") {
		depth += strings.Count(part, "<form ") - strings.Count(part, "</form>")
		if depth > 1 {
			t.Fatalf("a form within a form:\n%s", buf.String())
		}
	}
	for want, count := range map[string]int{`form="things-bulk"`: 2, `data-confirm="Sure?"`: 1, `data-copy="https://x.example.com"`: 1, `name="a" value="b"`: 1} {
		if got := strings.Count(buf.String(), want); got != count {
			t.Errorf("%s is there %d times, want %d:\n%s", want, got, count, buf.String())
		}
	}
}
