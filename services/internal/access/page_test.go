package access_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/couponlink/couponlink/services/internal/access"
)

// TestAccessPagePrintsTheTable compares the table in access.md with the one in the code.
func TestAccessPagePrintsTheTable(t *testing.T) {
	page, err := os.ReadFile("../../../docs/access.md")
	if err != nil {
		t.Fatal(err)
	}
	if table := accessTable(t); !strings.Contains(string(page), table) {
		t.Errorf("access.md lacks this table:\n%s", table)
	}
}

// accessTable returns a row for each permission: the roles that have it, what it allows, and its methods.
func accessTable(t *testing.T) string {
	methods := map[access.Permission][]string{}
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			service := file.Services().Get(i)
			for j := 0; strings.HasPrefix(string(file.Package()), "couponlink.") && j < service.Methods().Len(); j++ {
				method := service.Methods().Get(j).Name()
				p, err := access.OfMethod(fmt.Sprintf("/%s/%s", service.FullName(), method))
				if err != nil {
					t.Fatal(err)
				}
				methods[p] = append(methods[p], "`"+string(method)+"`")
			}
		}
		return true
	})
	var table strings.Builder
	table.WriteString("| permission | allows to | " + strings.Join(roleNames(), " | ") + " | methods |\n")
	table.WriteString("| --- | --- |" + strings.Repeat(" --- |", len(access.Roles())) + " --- |\n")
	all, allow := access.Permissions()
	for _, p := range all {
		fmt.Fprintf(&table, "| `%s` | %s |", p, allow[p])
		for _, role := range access.Roles() {
			mark := map[bool]string{true: " x", false: " "}[role.Has(p)]
			fmt.Fprintf(&table, "%s |", mark)
		}
		slices.Sort(methods[p])
		fmt.Fprintf(&table, " %s |\n", strings.Join(methods[p], ", "))
	}
	if len(methods) < 20 {
		t.Fatalf("found methods for %v alone: this test looks in the wrong place", slices.Collect(maps.Keys(methods)))
	}
	return table.String()
}

func roleNames() []string {
	names := make([]string, len(access.Roles()))
	for i, role := range access.Roles() {
		names[i] = string(role)
	}
	return names
}
