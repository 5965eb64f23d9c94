package partner

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Vocabulary holds a platform's names for the parameters of a postback, and the meanings of its values.
type Vocabulary struct {
	// words are the names, as ParameterName returns them.
	words map[string]word
	// meanings holds, by parameter, what its values mean; the keys are in lower case.
	meanings []map[string]string
	// loose says that names also match without their _ and -, as in transactionId.
	loose bool
}

// word is the meaning of a name.
type word struct {
	// parameter is an index into parameters, or ignored.
	parameter int
	// rank is the name's place among the names of the parameter.
	rank int
}

const ignored = -1

// ours is our own vocabulary.
var ours = ownVocabulary()

func ownVocabulary() *Vocabulary {
	v := &Vocabulary{words: map[string]word{}, meanings: make([]map[string]string, len(parameters)), loose: true}
	for i, p := range parameters {
		for rank, name := range append([]string{p.name}, p.aliases...) {
			w := word{parameter: i, rank: rank}
			v.words[name], v.words[squash(name)] = w, w
		}
	}
	return v
}

// NewVocabulary returns a vocabulary: the names for each of our parameters, the meanings of their values,
// keyed in lower case, and names to ignore. The error names a parameter that we don't have.
func NewVocabulary(names map[string][]string, values map[string]map[string]string, meaningless []string) (*Vocabulary, error) {
	v := &Vocabulary{words: map[string]word{}, meanings: make([]map[string]string, len(parameters))}
	for name, theirs := range names {
		i := slices.IndexFunc(parameters, func(p parameter) bool { return p.name == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no parameter %s", name)
		}
		v.meanings[i] = values[name]
		for rank, name := range theirs {
			v.words[ParameterName(name)] = word{parameter: i, rank: rank}
		}
	}
	for _, name := range meaningless {
		v.words[ParameterName(name)] = word{parameter: ignored}
	}
	return v, nil
}

// word returns what a name means, in any spelling.
func (v *Vocabulary) word(sent string) (word, bool) {
	if w, ok := v.words[sent]; ok {
		return w, true
	}
	name := ParameterName(sent)
	w, ok := v.words[name]
	if !ok && v.loose {
		w, ok = v.words[squash(name)]
	}
	return w, ok
}

func squash(name string) string { return strings.NewReplacer("_", "", "-", "").Replace(name) }

// HideProof returns a postback's parameters in query form, sorted, with tokens and signatures masked. It
// also knows a token by the name that v gives it; v may be nil.
func HideProof(params url.Values, v *Vocabulary) string {
	shown := make(url.Values, len(params))
	for name, values := range params {
		if ours.isProof(name) || v != nil && v.isProof(name) {
			values = []string{"***"}
		}
		shown[name] = values
	}
	return shown.Encode()
}

// isProof reports whether a name is that of a token or signature. Any name that contains "token" counts, since
// the platform may not have been recognized.
func (v *Vocabulary) isProof(name string) bool {
	if w, ok := v.word(name); ok && w.parameter >= 0 {
		name = parameters[w.parameter].name
	}
	return name == "sig" || strings.Contains(strings.ToLower(name), "token")
}
