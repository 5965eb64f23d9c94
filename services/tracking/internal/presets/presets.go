// Package presets reads postbacks in the parameter names of other platforms, so that an advertiser who moves
// from one of them only changes the address. Each platform is a preset: a file of its parameter names and
// their meanings here. Only the preset's own names count: TUNE's transaction_id is a click id, and is never
// taken for an order id.
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

// Parameter is the name of the parameter that names a postback's preset. The journal keeps it with the others,
// so that a replay reads them in the same way.
const Parameter = "preset"

// Preset holds the parameter names of one platform. A nil *Preset stands for our own names.
type Preset struct {
	// Name is used in the path, such as tune.
	Name string `yaml:"name"`
	// Title is the platform's name for people.
	Title string `yaml:"title"`
	// Sources are the public pages that document the names.
	Sources []string `yaml:"sources"`
	// Parameters holds, for each of our parameters, the platform's names for it; several names mean the same.
	Parameters map[string][]string `yaml:"parameters"`
	// Values translates, by our parameter, the platform's values, keyed in lower case; "" means as if the
	// parameter had not been sent. Other values are taken as they are.
	Values map[string]map[string]string `yaml:"values"`
	// Ignored are names that the platform usually sends and that mean nothing here.
	Ignored []string `yaml:"ignored"`
	// Unconfirmed are the names that the sources do not mention.
	Unconfirmed []string `yaml:"unconfirmed"`
	// Note is a hint for users of the preset.
	Note string `yaml:"note"`
	// Examples are postbacks of the platform.
	Examples []Example `yaml:"examples"`

	// vocabulary has Parameters and those of our own names that every preset accepts.
	vocabulary *partner.Vocabulary
}

// Example is a postback in a preset's names, and how it is read.
type Example struct {
	// URL is the URL as the platform is called: a path, which does not matter, and a query.
	URL string `yaml:"url"`
	// Report holds the postback's values under our names.
	Report map[string]string `yaml:"report"`
	// Unknown are the parameters that give a warning.
	Unknown []string `yaml:"unknown"`
}

// Presets are the known presets, ordered by name.
type Presets []Preset

// Read reads a postback's parameters by the preset that they name, or else under our own names.
//
// Errors: NotFound (UNKNOWN_PRESET), and those of partner.ParsePostback.
func (all Presets) Read(params url.Values, now time.Time) (domain.Report, error) {
	preset, err := all.Of(params)
	if err != nil {
		return domain.Report{}, err
	}
	return preset.Read(params, now)
}

// Of returns the preset that a postback's parameters name; nil if they name none.
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

// Read reads a postback's parameters. Warnings and errors use the names as sent.
//
// Errors are those of partner.ParsePostback, with the rest of the report in the same way.
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

// withOurs returns the platform's names for each of our parameters, with those of our own that every preset
// accepts: token and signature, test, and offer_id if the platform has no name for it.
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
