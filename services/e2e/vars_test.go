package e2e

import (
	"encoding/hex"
	"fmt"
	"maps"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// vars are a case's variables. Beside those set by the case itself there are:
//
//	${case} ${CASE}       the case's unique prefix, in small letters and in capitals
//	${offer} ${offer2}    ids of offers; likewise ${pub}, ${pub2}, ${pub3}
//	${code} ${code2}      coupon codes that no other case uses
//	${uuid} ${uuid2}      request ids that no other case uses
//	${base}               the origin of REST and of tracking links
//	${now} ${now-36h}     the time, in whole seconds; days may be written too: ${now+30d}
//	${unix} ${unix-5m}    the same in unix seconds
//	${65*A}               a text, repeated
//	${bytes c328}         the bytes, given in hexadecimal
type vars map[string]string

// newVars returns the variables of a case played under a unique prefix of letters and digits.
func newVars(prefix, base string) vars {
	return vars{
		"case": prefix, "CASE": strings.ToUpper(prefix), "base": base,
		"offer": prefix + "-o", "offer2": prefix + "-o2",
		"uuid": uuidOf(prefix + "1"), "uuid2": uuidOf(prefix + "2"),
		"pub": prefix + "-p", "pub2": prefix + "-p2", "pub3": prefix + "-p3",
		"code": "SALE" + strings.ToUpper(prefix), "code2": "PROMO" + strings.ToUpper(prefix),
	}
}

func uuidOf(text string) string { return uuid.NewSHA1(uuid.NameSpaceOID, []byte(text)).String() }

var (
	variable = regexp.MustCompile(`\$\{([^}]+)\}`)
	moment   = regexp.MustCompile(`^(now|unix)(?:([+-])(\d+)(d|h|m|s))?$`)
	repeated = regexp.MustCompile(`^(\d+)\*(.+)$`)
)

// expand replaces the variables in a text. An unset variable is an error.
func (v vars) expand(text string) (string, error) {
	var failure error
	expanded := variable.ReplaceAllStringFunc(text, func(match string) string {
		value, err := v.value(match[2 : len(match)-1])
		if err != nil {
			failure = err
		}
		return value
	})
	return expanded, failure
}

// set sets variables. Their texts may contain variables that were set before.
func (v vars) set(values map[string]string) error {
	expanded := vars{}
	for name, text := range values {
		value, err := v.expand(text)
		if err != nil {
			return err
		}
		expanded[name] = value
	}
	maps.Copy(v, expanded)
	return nil
}

// scope sets variables at the beginning of a fixture, and restores them at its end.
func (v vars) scope(enter, leave map[string]string) error {
	for name := range enter {
		v["outer "+name] = v[name]
	}
	for name := range leave {
		v[name] = v["outer "+name]
	}
	return v.set(enter)
}

func (v vars) value(name string) (string, error) {
	if value, ok := v[name]; ok {
		return value, nil
	}
	if m := moment.FindStringSubmatch(name); m != nil {
		return momentText(m), nil
	}
	if m := repeated.FindStringSubmatch(name); m != nil {
		n, err := strconv.Atoi(m[1])
		return strings.Repeat(m[2], n), err
	}
	if text, ok := strings.CutPrefix(name, "bytes "); ok {
		raw, err := hex.DecodeString(text)
		return string(raw), err
	}
	return "", fmt.Errorf("variable ${%s} is not set", name)
}

func momentText(m []string) string {
	unit := map[string]time.Duration{"d": 24 * time.Hour, "h": time.Hour, "m": time.Minute, "s": time.Second}[m[4]]
	n, _ := strconv.Atoi(m[3]) // the pattern allows only digits, or nothing
	offset := time.Duration(n) * unit
	if m[2] == "-" {
		offset = -offset
	}
	t := time.Now().UTC().Truncate(time.Second).Add(offset)
	if m[1] == "unix" {
		return strconv.FormatInt(t.Unix(), 10)
	}
	return t.Format(time.RFC3339)
}

// expandAll replaces the variables in all strings of a decoded YAML value, including keys.
func (v vars) expandAll(value any) (any, error) {
	switch value := value.(type) {
	case string:
		return v.expand(value)
	case map[string]any:
		out := make(map[string]any, len(value))
		for key, inner := range value {
			expandedKey, err := v.expand(key)
			if err != nil {
				return nil, err
			}
			if out[expandedKey], err = v.expandAll(inner); err != nil {
				return nil, err
			}
		}
		return out, nil
	case []any:
		out := make([]any, len(value))
		for i, inner := range value {
			var err error
			if out[i], err = v.expandAll(inner); err != nil {
				return nil, err
			}
		}
		return out, nil
	default:
		return value, nil
	}
}
