package mongodb

import (
	"errors"
	"net/url"
	"strings"
)

// WithPrefix returns a URI with a prefix for Open in place of its path. The old path keeps its other meaning: where the
// user is defined.
func WithPrefix(uri, prefix string) (string, error) {
	scheme, rest, found := strings.Cut(uri, "://")
	if !found {
		return "", errors.New("it has no scheme such as mongodb://")
	}
	rest, query, _ := strings.Cut(rest, "?")
	hosts, path, _ := strings.Cut(rest, "/")
	values, err := url.ParseQuery(query)
	if err != nil {
		return "", errors.New("its options cannot be read")
	}
	if strings.Contains(hosts, "@") && !values.Has("authSource") {
		if path == "" {
			path = "admin"
		}
		values.Set("authSource", path)
	}
	return scheme + "://" + hosts + "/" + prefix + "?" + values.Encode(), nil
}
