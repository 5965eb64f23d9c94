package trackinglink

import (
	"fmt"
	"slices"
	"strings"

	"github.com/couponlink/couponlink/services/internal/pasted"
	"github.com/couponlink/couponlink/services/internal/urltemplate"
)

const (
	// ForwardNone is the only name of a list that forwards nothing.
	ForwardNone = "none"

	// maxForwardNames bounds an offer's list.
	maxForwardNames = 50
	// maxForwardedBytes bounds one value that is forwarded, and maxForwardedQuery all of them with their
	// names: browsers and shops take URLs of some thousand bytes.
	maxForwardedBytes = 1024
	maxForwardedQuery = 4096
	// maxForwarded is how many are forwarded at most.
	maxForwarded = 50
)

// DefaultForward returns the parameters that reach the landing page where an offer says nothing else: those
// by which shops' analytics and ad networks recognize a visit.
func DefaultForward() []string {
	return []string{"utm_*", "gclid", "gbraid", "wbraid", "fbclid", "ttclid", "msclkid"}
}

// Parameter is a parameter of a link, decoded, with its name as it was sent.
type Parameter struct{ Name, Value string }

// Forward says which parameters of a link reach the landing page.
type Forward struct {
	// names and prefixes are in small letters.
	names    []string
	prefixes []string
	// own says that parameters of the link itself are among the names.
	own bool
}

// CheckForward returns an offer's list as it may be stored: trimmed, without repeats; an empty one is the
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

// CompileForward takes a list that CheckForward returned apart.
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

// Looks says whether Select can find anything in a query. foreign says that the query has parameters that
// are none of a link's own. It spares most clicks the work.
func (f *Forward) Looks(foreign bool) bool {
	return f != nil && (foreign && (len(f.names) > 0 || len(f.prefixes) > 0) || f.own)
}

// Select returns the parameters of a query that are added to a landing page's URL, in their order, and the
// names of those that are too long for it. Of a parameter that the query has several times the first that
// is not empty counts; none that the URL has is among them.
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

// has says whether a parameter is forwarded, by its name in small letters.
func (f *Forward) has(name string) bool {
	if slices.Contains(f.names, name) {
		return true
	}
	return name != "" && !IsOwnParameter(name) && slices.ContainsFunc(f.prefixes, func(beginning string) bool {
		return strings.HasPrefix(name, beginning)
	})
}

// IsOwnParameter says whether a name, in small letters, is that of a parameter that a tracking link itself
// is made of.
func IsOwnParameter(name string) bool {
	switch name {
	case "offer_id", "pub_id", "coupon_code", "pub_click_id", "pub_sub_id",
		"unique1", "unique2", "unique3", "unique4", "unique5",
		"pub_unique1", "pub_unique2", "pub_unique3", "pub_unique4", "pub_unique5":
		return true
	}
	return false
}
