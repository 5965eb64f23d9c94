// Package resource has what the services' protos share: names such as offers/10, amounts and payouts.
package resource

// Name returns the resource name of an id in a collection, such as "offers/"; "" for no id.
func Name(collection, id string) string {
	if id == "" {
		return ""
	}
	return collection + id
}
