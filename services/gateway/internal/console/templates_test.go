package console_test

import (
	"io/fs"
	"os"
	"path"
	"strings"
	"testing"
)

// Every template runs in some test of pages; this one finds a file that no handler shows, and a part
// that is misspelt where it is called.
func TestEveryTemplateFileIsShown(t *testing.T) {
	here := os.DirFS(".")
	files, err := fs.Glob(here, "*/templates/*.html")
	if err != nil || len(files) == 0 {
		t.Fatal("no templates:", err)
	}
	sources, err := fs.Glob(here, "*/*.go")
	if err != nil || len(sources) == 0 {
		t.Fatal("no sources:", err)
	}
	var all strings.Builder
	for _, name := range sources {
		content, err := fs.ReadFile(here, name)
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
