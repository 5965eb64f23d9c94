package trackinglink

import (
	"fmt"
	"slices"
	"strings"

	"github.com/couponlink/couponlink/services/internal/pasted"
	"github.com/couponlink/couponlink/services/internal/urltemplate"
)

const (
	// ForwardNone forwards nothing, if it is the only name of a list.
	ForwardNone = "none"

	// maxForwardNames bounds an offer's list.
	maxForwardNames = 50
	// maxForwardedBytes bounds a forwarded value, and maxForwardedQuery all of them with their names. Browsers and
	// shops accept URLs of a few thousand bytes.
	maxForwardedBytes = 1024
	maxForwardedQuery = 4096
	// maxForwarded bounds the number of forwarded parameters.
	maxForwarded = 50
)

// DefaultForward returns the parameters that reach the landing page by default. They tell shops' analytics and ad
// networks where a visit comes from.
func DefaultForward() []string {
	return []string{"utm_*", "gclid", "gbraid", "wbraid", "fbclid", "ttclid", "msclkid"}
}

// Parameter is a decoded parameter of a link. Its name is as sent.
type Parameter struct{ Name, Value string }

// Forward says which parameters of a link reach the landing page.
type Forward struct {
	// names and prefixes are in lower case.
	names    []string
	prefixes []string
	// own means that names has parameters of the link itself.
	own bool
}

// CheckForward returns an offer's list in its stored form: trimmed and without repeats. An empty list means the
// default. The error says what is wrong and what would be right.
func CheckForward(list []string) ([]string, error) {
	var checked []string
	for _, name := range list {
		if name = pasted.Trim(name); !slices.Contains(checked, name) {
			checked = append(checked, name)
		}
	}
	if len(checked) == 0 {
		return DefaultForward(), nil
	}
	if len(checked) > maxForwardNames {
		return nil, fmt.Errorf("it has %d names; at most %d are allowed", len(checked), maxForwardNames)
	}
	for _, name := range checked {
		switch beginning, isPrefix := strings.CutSuffix(name, "*"); {
		case strings.EqualFold(name, ForwardNone) && len(checked) > 1:
			return nil, fmt.Errorf("%q forwards nothing and must stand alone; leave it out, or leave the others out", name)
		case name == "*", isPrefix && urltemplate.IsParameterName(beginning), urltemplate.IsParameterName(name):
		default:
			return nil, fmt.Errorf("%q is not the name of a parameter such as gclid, or the beginning of names such as utm_*: 1 to 64 letters, digits, '_', '.', '~' and '-'", name)
		}
	}
	return checked, nil
}

// CompileForward compiles a list that CheckForward returned.
func CompileForward(list []string) *Forward {
	f := &Forward{}
	for _, name := range list {
		name = strings.ToLower(name)
		if beginning, isPrefix := strings.CutSuffix(name, "*"); isPrefix {
			f.prefixes = append(f.prefixes, beginning)
		} else if name != ForwardNone {
			f.names = append(f.names, name)
			f.own = f.own || IsOwnParameter(name)
		}
	}
	return f
}

// Looks reports whether Select can find anything in a query, so that most clicks can skip it. foreign means that the
// query has parameters besides a link's own.
func (f *Forward) Looks(foreign bool) bool {
	return f != nil && (foreign && (len(f.names) > 0 || len(f.prefixes) > 0) || f.own)
}

// Select returns the parameters of a query to add to a landing page's URL, in order, and the names of those that are
// too long. If the query has a parameter several times, the first non-empty value counts. Parameters that the URL
// already has are left out.
func (f *Forward) Select(query Query, page *Template) (selected []Parameter, tooLong []string) {
	room := maxForwardedQuery
	for rest := query; rest != ""; {
		var name, value string
		name, value, rest = rest.Cut()
		lower := strings.ToLower(name)
		isNamed := func(p Parameter) bool { return strings.EqualFold(p.Name, name) }
		if value == "" || !f.has(lower) || slices.Contains(page.parameters, lower) || slices.ContainsFunc(selected, isNamed) {
			continue
		}
		p := Parameter{Name: name, Value: Unescape(value)}
		if length := len(name) + len(p.Value); len(p.Value) <= maxForwardedBytes && length <= room && len(selected) < maxForwarded {
			selected = append(selected, p)
			room -= length
		} else if len(tooLong) < maxForwarded && !slices.Contains(tooLong, name) {
			tooLong = append(tooLong, name)
		}
	}
	return selected, tooLong
}

// has reports whether a parameter is forwarded. name is in lower case.
func (f *Forward) has(name string) bool {
	if slices.Contains(f.names, name) {
		return true
	}
	return name != "" && !IsOwnParameter(name) && slices.ContainsFunc(f.prefixes, func(beginning string) bool {
		return strings.HasPrefix(name, beginning)
	})
}

// IsOwnParameter reports whether a name, in lower case, is that of a tracking link's own parameter.
func IsOwnParameter(name string) bool {
	switch name {
	case "offer_id", "pub_id", "coupon_code", "pub_click_id", "pub_sub_id",
		"unique1", "unique2", "unique3", "unique4", "unique5",
		"pub_unique1", "pub_unique2", "pub_unique3", "pub_unique4", "pub_unique5":
		return true
	}
	return false
}
