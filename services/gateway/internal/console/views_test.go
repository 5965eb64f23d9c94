package console

import (
	"bytes"
	"io/fs"
	"os"
	"path"
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
	all, err := newViews(files, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	whole := table{
		ID: "things", Caption: "Things", Columns: []column{{Label: "Thing"}, {Label: "Sales", IsNumber: true}, {Label: "Link"}, {Label: "Do"}},
		Rows: []row{{Key: "k1", Label: "One", Cells: []cell{
			{Text: "One", Sub: "small"},
			{Text: "12"},
			{Text: "https://x.example.com", IsCode: true, CanCopy: true},
			{Links: []link{{Label: "Scan", Href: "/console/x"}}, Buttons: []button{{Label: "End", Action: "/console/end", Fields: map[string]string{"a": "b"}, IsDanger: true, Confirm: "Sure?"}}},
		}}},
		Bulk: &bulk{Action: "/console/bulk", Do: []choice{{"disable", "Disable"}}},
	}
	var buf bytes.Buffer
	if err := all.pages["offers"].ExecuteTemplate(&buf, "table", whole); err != nil {
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

// Every template runs in some test of pages; this one finds a file that no handler shows, and a part
// that is misspelt where it is called.
func TestEveryTemplateFileIsShown(t *testing.T) {
	files, err := fs.Glob(templates, "templates/pages/*.html")
	if err != nil || len(files) == 0 {
		t.Fatal("no templates:", err)
	}
	sources, err := fs.Glob(os.DirFS("."), "*.go")
	if err != nil || len(sources) == 0 {
		t.Fatal("no sources:", err)
	}
	var all strings.Builder
	for _, name := range sources {
		content, err := fs.ReadFile(os.DirFS("."), name)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(name, "_test.go") {
			all.Write(content)
		}
	}
	for _, file := range files {
		if name := strings.TrimSuffix(path.Base(file), ".html"); !strings.Contains(all.String(), `"`+name+`"`) {
			t.Errorf("no handler shows %s", file)
		}
	}
}
