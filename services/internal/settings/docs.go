package settings

import (
	"fmt"
	"net/url"
	"strings"
)

// Docs is where the documentation is published. Errors link to it.
type Docs struct {
	DocsURL string `env:"COUPONLINK_DOCS_URL" name:"docs-url" placeholder:"URL" help:"Address of the documentation, which errors link to. Default: /docs of the public address."`
}

// Or returns the address of the documentation without a slash at its end: the given one, or else /docs of the origin.
func (d Docs) Or(publicURL string) (string, error) {
	if d.DocsURL == "" {
		return publicURL + "/docs", nil
	}
	u, err := url.Parse(d.DocsURL)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return "", fmt.Errorf("COUPONLINK_DOCS_URL %q must be like https://docs.example.com/couponlink", d.DocsURL)
	}
	return strings.TrimRight(d.DocsURL, "/"), nil
}

// Check returns what is wrong with the setting.
func (d Docs) Check() error { _, err := d.Or(""); return err }
