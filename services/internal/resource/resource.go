// Package resource reads and writes the names of resources, such as offers/10.
package resource

// Name returns the resource name of an id in a collection, such as "offers/"; "" for no id.
func Name(collection, id string) string {
	if id == "" {
		return ""
	}
	return collection + id
}
