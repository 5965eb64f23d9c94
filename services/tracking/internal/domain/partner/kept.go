package partner

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	// maxKeptBytes bounds the parameters that the journal keeps of a postback, and the body.
	maxKeptBytes = 16 << 10
	// maxStrangersBytes is the bound for a postback without proof.
	maxStrangersBytes = 8 << 10
	// maxKeptValueBytes is what an escaped value is cut to if the parameters are over maxKeptBytes. A value so
	// long has more than maxValueChars characters, cut too: it is refused, now and in a replay.
	maxKeptValueBytes = 4 << 10
	// cutMark ends a body that the journal has only the beginning of.
	cutMark = "\n[cut here: the journal keeps 16 KiB]"
)

// KeptParameters returns what the journal keeps of a postback's parameters, in query form: all of them up to
// 16 KiB. Beyond that long values are cut, and if that is not enough, the longest parameters are left out,
// unknown ones first. warning then says so; otherwise it is "".
func KeptParameters(query string) (kept, warning string) {
	if len(query) <= maxKeptBytes {
		return query, ""
	}
	return keptWithin(query, maxKeptBytes), "the parameters are over 16 KiB; the journal keeps a part of them"
}

// StrangersParameters returns what the journal keeps of the parameters of a postback without proof: at most
// 8 KiB, as KeptParameters does.
func StrangersParameters(query string) string {
	if len(query) <= maxStrangersBytes {
		return query
	}
	return keptWithin(query, maxStrangersBytes)
}

func keptWithin(query string, most int) string {
	type pair struct {
		text    string
		isKnown bool
	}
	var pairs []pair
	total := 0
	for text := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(text, "=")
		if len(value) > maxKeptValueBytes {
			text = name + "=" + url.QueryEscape(firstBytes(unescaped(value), maxKeptValueBytes/3))
		}
		_, isKnown := ours.word(unescaped(name))
		pairs, total = append(pairs, pair{text, isKnown}), total+len(text)+1
	}
	byWorth := make([]int, len(pairs))
	for i := range byWorth {
		byWorth[i] = i
	}
	slices.SortStableFunc(byWorth, func(a, b int) int {
		return cmp.Or(worth(pairs[a].isKnown)-worth(pairs[b].isKnown), len(pairs[b].text)-len(pairs[a].text))
	})
	for _, i := range byWorth {
		if total <= most {
			break
		}
		total -= len(pairs[i].text) + 1
		pairs[i].text = ""
	}
	var texts []string
	for _, p := range pairs {
		if p.text != "" {
			texts = append(texts, p.text)
		}
	}
	return strings.Join(texts, "&")
}

func worth(isKnown bool) int {
	if isKnown {
		return 1
	}
	return 0
}

// unescaped decodes a part of a query; it returns the part unchanged if it cannot be decoded.
func unescaped(text string) string {
	if plain, err := url.QueryUnescape(text); err == nil {
		return plain
	}
	return text
}

// firstBytes returns the longest beginning of a text that has at most n bytes and ends with a whole character.
func firstBytes(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}

// KeptBody returns what the journal keeps of a body that could not be read: all of it, or its beginning and a
// mark that it was cut.
func KeptBody(body string) string {
	if len(body) <= maxKeptBytes {
		return body
	}
	return firstBytes(body, maxKeptBytes) + cutMark
}

// IsCutBody reports whether a body that the journal has was cut. Such a postback cannot be replayed.
func IsCutBody(body string) bool { return strings.HasSuffix(body, cutMark) }
