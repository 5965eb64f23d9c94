package partner

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// encodings is how many times a macro may still be percent-encoded after the query was decoded.
const encodings = 2

// Unfilled reports whether a value was not filled in: a macro that a sender's template did not replace, or a
// word, such as null, that a program writes for a missing value.
//
// A macro is a name in {}, [], <>, %%, __ or *||*, such as {click_id}, {{order.id}}, ${order.id},
// [order_id], <order_id>, %%ORDER_ID%% or __CLICKID__, or $order_id, or a name without digits in ## or @@ or
// the like, such as ##ORDER_ID##; one in braces or %% also counts inside a longer value, such as
// A-{order_id}. It may be percent-encoded, up to twice. Anything without a letter of any script inside is a
// value, such as [1001], and so is a UUID in braces.
func Unfilled(value string) bool { return isMacro(value) || IsEmptyWord(value) }

// isMacro reports whether a value is or contains a macro.
func isMacro(value string) bool {
	for range encodings + 1 {
		if isPlainMacro(value) {
			return true
		}
		if !strings.Contains(value, "%") {
			return false
		}
		decoded := unescape(value)
		if decoded == value {
			return false
		}
		value = decoded
	}
	return false
}

func isPlainMacro(value string) bool {
	if !strings.ContainsAny(value, "{[<%_$*#@!~") { // true of nearly all values
		return false
	}
	for _, marks := range [...][2]string{{"{", "}"}, {"[", "]"}, {"<", ">"}, {"%", "%"}, {"__", "__"}, {"*|", "|*"}} {
		if rest, ok := strings.CutPrefix(value, marks[0]); ok {
			if inner, ok := strings.CutSuffix(rest, marks[1]); ok && isMacroName(inner) {
				return true
			}
		}
	}
	return isVariable(value) || isFramed(value) || hasMacro(value, "{", "}") || hasMacro(value, "%%", "%%")
}

// isMacroName reports whether the text between a macro's marks can be a name: it has a letter, and is not a
// UUID or a JSON list or object.
func isMacroName(inner string) bool {
	return strings.ContainsFunc(inner, unicode.IsLetter) && !isHexID(inner) && !strings.HasPrefix(inner, `"`) && !strings.Contains(inner, ",")
}

// isHexID reports whether a text looks like a UUID.
func isHexID(text string) bool {
	return len(text) >= 8 && strings.Trim(text, "0123456789abcdefABCDEF-") == ""
}

// isFramed reports whether a value is a name between marks that an order id may have too, such as
// ##ORDER_ID##, #order_id# or @@ORDER_ID@@. The name has no digit: #A1001# is a value.
func isFramed(value string) bool {
	mark := value[:1]
	if !strings.Contains("#@!~", mark) || !strings.HasSuffix(value, mark) {
		return false
	}
	name := strings.Trim(value, mark)
	return name != "" && !strings.ContainsFunc(name, func(c rune) bool { return !unicode.IsLetter(c) && c != '_' && c != '.' })
}

// isVariable reports whether a value is a variable of PHP or a shell, such as $order_id, $order->id or
// $(order_id).
func isVariable(value string) bool {
	name, ok := strings.CutPrefix(value, "$")
	name = strings.TrimLeft(name, "$([")
	return ok && name != "" && (isLetter(rune(name[0])) || name[0] == '_') &&
		!strings.ContainsFunc(name, func(c rune) bool { return !isLetter(c) && !strings.ContainsRune("0123456789_.->[]'\"()$", c) })
}

// hasMacro reports whether a value contains a macro: a name that begins with a letter, between two marks.
func hasMacro(value, opening, closing string) bool {
	for {
		_, rest, ok := strings.Cut(value, opening)
		if !ok {
			return false
		}
		inner, _, closed := strings.Cut(rest, closing)
		if !closed {
			return false
		}
		name := strings.TrimLeft(inner, "{%#= +_") // a + may stand for a space
		if first, _ := utf8.DecodeRuneInString(name); unicode.IsLetter(first) && !isHexID(name) {
			return true
		}
		value = rest
	}
}

func isLetter(c rune) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// emptyWords are the words that programs write for a missing value, and the names of our own parameters,
// which examples use as placeholders. A word of letters only could be a real name.
var emptyWords = byLength(
	"undefined", "null", "nan", "nil", "none",
	"(undefined)", "(null)", "(nil)", "(none)", "(empty)", "(unset)", "(not set)", "(not+set)", "(not_set)", "(not%20set)", "not set", "not+set",
	"(not provided)", "(not+provided)", "(not%20provided)", "n/a", "#n/a", "%s", "%d",
	"coupon_code", "promo_code", "click_id", "offer_id", "pub_id", "transaction_id", "txn_id", "order_id", "sale_amount",
	"refund_id", "pub_click_id", "pub_sub_id",
)

// byLength groups words by length, so that values of most lengths need no comparison.
func byLength(words ...string) [][]string {
	var all [][]string
	for _, word := range words {
		for len(all) <= len(word) {
			all = append(all, nil)
		}
		all[len(word)] = append(all[len(word)], word)
	}
	return all
}

// IsEmptyWord reports whether a value is a word for a missing value, ignoring case and percent-encoding. A
// word of letters only, such as null, could be a real name.
func IsEmptyWord(value string) bool {
	for range encodings + 1 {
		if len(value) < len(emptyWords) {
			for _, word := range emptyWords[len(value)] {
				if strings.EqualFold(word, value) {
					return true
				}
			}
		}
		if !strings.Contains(value, "%") {
			return false
		}
		value = unescape(value)
	}
	return false
}

// CheckKey refuses a value that cannot identify repeats as an order id does: one that CheckText refuses, or
// one that was not filled in, since all sales would then look like repeats of one. The error is
// InvalidArgument on the field.
func CheckKey(field, value string) error {
	if err := domain.CheckText(field, value); err != nil || !Unfilled(value) && !isBoolean(value) {
		return err
	}
	return apperr.Invalid(domain.InvalidReason(field), field, "%s", notFilledIn(value))
}

// isBoolean reports whether a value is true or false. PHP sends false for a missing id.
func isBoolean(value string) bool {
	return strings.EqualFold(value, "true") || strings.EqualFold(value, "false")
}

func notFilledIn(value string) error {
	return fmt.Errorf("%.60q was not filled in by the sender's template: all sales would look like repeats of one; send the value itself", value)
}

// LeftOut returns the warning about a parameter that was not filled in.
func LeftOut(name, value string) string {
	return fmt.Sprintf("%s: %.60q was not filled in by the sender's template and was taken as not sent", name, value)
}
