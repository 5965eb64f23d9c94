// Package presets reads postbacks in the parameter names of other platforms, so that an advertiser who comes
// from one of them changes only the address. Each platform is a preset: a file of its parameter names and
// their meanings here. Only a preset's own names count: TUNE's transaction_id is a click id, and is never taken
// for an order id.
//
// The use cases, partnerhttp and the wiring import it.
package presets

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/partner"
)

// Parameter is the name of the parameter that says which preset a postback speaks. The journal keeps it
// with the others, so that a replay reads them in the same way.
const Parameter = "preset"

// Preset is the parameter names of one platform. A nil one is our own.
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

	// vocabulary has Parameters and the names that are ours in every preset.
	vocabulary *partner.Vocabulary
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

// Read reads a postback's parameters by the preset that they name, or else in our own words.
//
// Errors: NotFound (UNKNOWN_PRESET); as of domain.ParsePostback.
func (all Presets) Read(params url.Values, now time.Time) (domain.Report, error) {
	preset, err := all.Of(params)
	if err != nil {
		return domain.Report{}, err
	}
	return preset.Read(params, now)
}

// Of returns the preset that a postback's parameters name; nil: none.
//
// Errors: NotFound (UNKNOWN_PRESET); InvalidArgument on preset if several are named.
func (all Presets) Of(params url.Values) (*Preset, error) {
	values := partner.Named(params, Parameter)
	switch len(values) {
	case 0:
		return nil, nil
	case 1:
	default:
		return nil, apperr.Invalid("DUPLICATE_PARAMETER", Parameter, "was sent with different values, %q and %q; send one of them", values[0], values[1])
	}
	names := make([]string, len(all))
	for i := range all {
		if strings.EqualFold(all[i].Name, values[0]) {
			return &all[i], nil
		}
		names[i] = all[i].Name
	}
	return nil, apperr.New(apperr.NotFound, "UNKNOWN_PRESET", "there is no preset %.40q; there are %s", values[0], strings.Join(names, ", "))
}

// Read reads a postback's parameters. Warnings and errors name them as they were sent.
//
// Errors: as of domain.ParsePostback, and with the same rest of the report.
func (p *Preset) Read(params url.Values, now time.Time) (domain.Report, error) {
	if p == nil {
		return partner.ParsePostback(params, now)
	}
	return p.vocabulary.Read(params, now)
}

// HideProof returns a postback's parameters in query form without tokens and signatures.
func (p *Preset) HideProof(params url.Values) string {
	if p == nil {
		return partner.HideProof(params, nil)
	}
	return partner.HideProof(params, p.vocabulary)
}

// withOurs returns the platform's names of each of our parameters, with those of our own that count in
// every preset: what proves who sends, a test, and the offer where the platform has no name for it.
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
