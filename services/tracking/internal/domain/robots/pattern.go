package robots

import (
	"errors"
	"regexp"
	"regexp/syntax"
	"strings"
)

// pattern is a pattern that is more than a word. Patterns are written for JavaScript. They may begin with a
// lookbehind, (?<!…), and end with a lookahead, (?!…). Go's regular expressions have neither, so both are
// kept apart.
type pattern struct {
	body          *regexp.Regexp
	before, after *regexp.Regexp // nil: anything may be there
	// word occurs in every match of body, so an agent without it need not be matched. It may be "".
	word string
}

// add adds a pattern, in lower case, to the list.
func (l *List) add(text string) error {
	if text != strings.ToLower(text) && !strings.Contains(text, `\`) {
		return errors.New("it has capitals")
	}
	body, before, after, err := cutLookaround(text)
	if err != nil {
		return err
	}
	parsed, err := syntax.Parse(body, syntax.Perl)
	if err != nil {
		return err
	}
	parsed = parsed.Simplify()
	if before == nil && after == nil {
		if word, ok := literal(parsed); ok {
			l.words = append(l.words, word)
			return nil
		}
		if rest, ok := strings.CutPrefix(body, "^"); ok {
			if anchored, err := syntax.Parse(rest, syntax.Perl); err == nil {
				if beginning, ok := literal(anchored.Simplify()); ok {
					l.beginnings = append(l.beginnings, beginning)
					return nil
				}
			}
		}
	}
	compiled, err := regexp.Compile(body)
	if err != nil {
		return err
	}
	l.patterns = append(l.patterns, pattern{body: compiled, before: before, after: after, word: longestWord(parsed)})
	return nil
}

// cutLookaround splits the lookbehind and the lookahead off a pattern.
func cutLookaround(text string) (body string, before, after *regexp.Regexp, err error) {
	body = text
	if rest, ok := strings.CutPrefix(body, "(?<!"); ok {
		not, rest, closed := strings.Cut(rest, ")")
		if !closed || strings.Contains(not, "(") {
			return "", nil, nil, errors.New("its (?<!…) cannot be read")
		}
		if before, err = regexp.Compile("(?:" + not + ")$"); err != nil {
			return "", nil, nil, err
		}
		body = rest
	}
	if i := strings.Index(body, "(?!"); i >= 0 {
		not, ok := strings.CutSuffix(body[i+len("(?!"):], ")")
		if !ok {
			return "", nil, nil, errors.New("its (?!…) does not end it")
		}
		if after, err = regexp.Compile("^(?:" + not + ")"); err != nil {
			return "", nil, nil, err
		}
		body = body[:i]
	}
	return body, before, after, nil
}

// in reports whether the pattern matches an agent, which is in lower case.
func (p *pattern) in(agent string) bool {
	if !strings.Contains(agent, p.word) {
		return false
	}
	if p.before == nil && p.after == nil {
		return p.body.MatchString(agent)
	}
	for _, at := range p.body.FindAllStringIndex(agent, -1) {
		if (p.before == nil || !p.before.MatchString(agent[:at[0]])) && (p.after == nil || !p.after.MatchString(agent[at[1]:])) {
			return true
		}
	}
	return false
}

// literal returns the only text that a pattern matches; false if it also matches others.
func literal(p *syntax.Regexp) (string, bool) {
	if p.Op == syntax.OpLiteral && p.Flags&syntax.FoldCase == 0 {
		return string(p.Rune), true
	}
	return "", false
}

// longestWord returns the longest text that every match of a pattern contains.
func longestWord(p *syntax.Regexp) string {
	switch p.Op {
	case syntax.OpLiteral:
		word, _ := literal(p)
		return word
	case syntax.OpCapture:
		return longestWord(p.Sub[0])
	case syntax.OpConcat:
		longest := ""
		for _, sub := range p.Sub {
			if word := longestWord(sub); len(word) > len(longest) {
				longest = word
			}
		}
		return longest
	default:
		return ""
	}
}
