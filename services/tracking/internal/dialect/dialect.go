// Package dialect reads postbacks in the words of other platforms, so that an advertiser who comes from
// one of them changes the address that is called, and nothing else. Each platform is a preset: a file of
// its parameter names and what they are called here. Only a preset's own names count: TUNE's
// transaction_id is a click id, and never taken for an order's.
//
// The flow, the edge and the wiring import it; it imports rules.
package dialect

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/tracking/internal/rules"
)

// Parameter is the name of the parameter that says which preset a postback speaks. The journal keeps it
// with the others, so that a replay reads them in the same way.
const Parameter = "preset"

// Preset is the dialect of one platform. A nil one is our own.
type Preset struct {
	// Name stands in the path, such as tune.
	Name string `yaml:"name"`
	// Title is the platform's name for people.
	Title string `yaml:"title"`
	// Sources are the public pages that say so.
	Sources []string `yaml:"sources"`
	// Parameters are the platform's names of each of our parameters; where it has several, they mean
	// the same.
	Parameters map[string][]string `yaml:"parameters"`
	// Values say, by our parameter, what the platform's values, in lower case, are here; empty: as if
	// the parameter had not been sent. Others are taken as they are.
	Values map[string]map[string]string `yaml:"values"`
	// Ignored are names of the platform that are sent as a rule and mean nothing here.
	Ignored []string `yaml:"ignored"`
	// Unconfirmed are those of the platform's names that the sources do not say.
	Unconfirmed []string `yaml:"unconfirmed"`
	// Note is what whoever uses the preset should know.
	Note string `yaml:"note"`
	// Examples are postbacks of the platform.
	Examples []Example `yaml:"examples"`

	// names are Parameters and what is ours in every dialect.
	names map[string][]string
}

// Example is a postback in a preset's words, and how it is understood.
type Example struct {
	// URL is what the platform is called with: a path, which does not matter, and a query.
	URL string `yaml:"url"`
	// Report is what the postback says, by our names.
	Report map[string]string `yaml:"report"`
	// Unknown are the parameters that are warned of.
	Unknown []string `yaml:"unknown"`
}

// Presets are the dialects that are known, by name in order.
type Presets []Preset

// Read reads a postback's parameters in the dialect that they name, or else in our own words.
//
// Errors: NotFound (UNKNOWN_PRESET); as of rules.ParsePostback.
func (all Presets) Read(params url.Values, now time.Time) (rules.Report, error) {
	preset, err := all.Of(params)
	if err != nil {
		return rules.Report{}, err
	}
	return preset.Read(params, now)
}

// Of returns the preset that a postback's parameters name; nil: none.
//
// Errors: NotFound (UNKNOWN_PRESET); InvalidArgument on preset if several are named.
func (all Presets) Of(params url.Values) (*Preset, error) {
	values := params[Parameter]
	if len(values) > 1 {
		return nil, apperr.Invalid("DUPLICATE_PARAMETER", Parameter, "was sent %d times; send it once", len(values))
	}
	if len(values) == 0 || values[0] == "" {
		return nil, nil
	}
	names := make([]string, len(all))
	for i := range all {
		if all[i].Name == values[0] {
			return &all[i], nil
		}
		names[i] = all[i].Name
	}
	return nil, apperr.New(apperr.NotFound, "UNKNOWN_PRESET", "there is no preset %.40q; there are %s", values[0], strings.Join(names, ", "))
}

// Read reads a postback's parameters. Warnings and errors name them as they were sent.
//
// Errors: as of rules.ParsePostback, and with the same rest of the report.
func (p *Preset) Read(params url.Values, now time.Time) (rules.Report, error) {
	if p == nil {
		return rules.ParsePostback(params, now)
	}
	report, err := rules.ParsePostback(p.Translate(params), now)
	if err == nil {
		err = rules.WarnOfUnknown(&report, p.unknown(params))
	}
	if conflict := p.conflict(params); conflict != nil {
		return report, conflict
	}
	return report, p.inTheirWords(err, params)
}

// Translate returns what a postback's parameters say under our names. Those that mean nothing to the
// preset are left out, also where we have a parameter of that name.
func (p *Preset) Translate(params url.Values) url.Values {
	ours := url.Values{}
	for name, names := range p.names {
		for _, sent := range names {
			values := params[sent]
			if len(values) == 1 {
				values = []string{p.value(name, values[0])}
				if values[0] == "" || slices.Equal(values, ours[name]) {
					continue // nothing, or what a name that means the same says too
				}
			}
			if len(values) > 0 {
				ours[name] = append(ours[name], values...) // several are refused as such
			}
		}
	}
	return ours
}

// Tokens returns the names under which the platform's postbacks carry a token.
func (p *Preset) Tokens() []string {
	if p == nil {
		return nil
	}
	return p.Parameters["token"]
}

// value returns what a value of one of our parameters is here.
func (p *Preset) value(name, sent string) string {
	sent = strings.TrimSpace(sent)
	if ours, ok := p.Values[name][strings.ToLower(sent)]; ok {
		return ours
	}
	return sent
}

// withOurs returns the platform's names of each of our parameters, with those of our own that count in
// every dialect: what proves who sends, a test, and the offer where the platform has no name for it.
func (p *Preset) withOurs() map[string][]string {
	names := maps.Clone(p.Parameters)
	own := map[string][]string{"token": {"token", "security_token", "secure"}, "ts": {"ts"}, "sig": {"sig"}, "test": {"test"}}
	if len(p.Parameters["offer_id"]) == 0 {
		own["offer_id"] = []string{"offer_id"}
	}
	for name, more := range own {
		all := slices.Clone(p.Parameters[name])
		for _, sent := range more {
			if !slices.Contains(all, sent) {
				all = append(all, sent)
			}
		}
		names[name] = all
	}
	return names
}

// unknown returns the names that mean nothing to the preset, in order.
func (p *Preset) unknown(params url.Values) []string {
	known := append([]string{Parameter}, p.Ignored...)
	for _, names := range p.names {
		known = append(known, names...)
	}
	return slices.DeleteFunc(slices.Sorted(maps.Keys(params)), func(name string) bool { return slices.Contains(known, name) })
}

// conflict refuses two names that mean the same and say different things.
func (p *Preset) conflict(params url.Values) error {
	for _, name := range slices.Sorted(maps.Keys(p.names)) {
		first := ""
		for _, sent := range p.names[name] {
			value := p.value(name, params.Get(sent))
			switch {
			case value == "":
			case first == "":
				first = sent
			case value != p.value(name, params.Get(first)):
				return apperr.Invalid("CONFLICTING_ALIASES", sent, "says %q, but %s, which means the same, says %q; send one of them",
					params.Get(sent), first, params.Get(first))
			}
		}
	}
	return nil
}

// inTheirWords returns an error about one of our parameters as one about the parameter that was sent.
func (p *Preset) inTheirWords(err error, params url.Values) error {
	e := apperr.As(err)
	if e == nil || len(e.Violations) != 1 {
		return err
	}
	for _, sent := range p.names[e.Violations[0].Field] {
		if params.Has(sent) {
			return apperr.OnField(err, sent)
		}
	}
	return err
}
