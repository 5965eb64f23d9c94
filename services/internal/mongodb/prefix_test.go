package mongodb

import "testing"

func TestWithPrefix(t *testing.T) {
	for uri, want := range map[string]string{
		"mongodb://h":                               "mongodb://h/p?",
		"mongodb://h:1,i:2/?replicaSet=r":           "mongodb://h:1,i:2/p?replicaSet=r",
		"mongodb://u:x%2F@h/":                       "mongodb://u:x%2F@h/p?authSource=admin",
		"mongodb://u:x@h/users":                     "mongodb://u:x@h/p?authSource=users",
		"mongodb+srv://u:x@h/users?authSource=else": "mongodb+srv://u:x@h/p?authSource=else",
	} {
		if got, err := WithPrefix(uri, "p"); err != nil || got != want {
			t.Errorf("WithPrefix(%q) is %q (%v), want %q", uri, got, err, want)
		}
	}
	if _, err := WithPrefix("nothing", "p"); err == nil {
		t.Error("a URI without a scheme was taken")
	}
}
