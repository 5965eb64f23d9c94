package presets

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/couponlink/couponlink/services/internal/resource"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/partner"
)

//go:embed presets/*.yaml
var files embed.FS

// Load returns the embedded presets. The error names the file that has an unknown field or contradicts
// itself.
func Load() (Presets, error) { return load(files) }

func load(from fs.FS) (Presets, error) {
	names, err := fs.Glob(from, "presets/*.yaml")
	if err != nil {
		return nil, fmt.Errorf("listing the presets: %w", err)
	}
	all := make(Presets, len(names)) // Glob returns them in order
	for i, name := range names {
		if all[i], err = read(from, name); err != nil {
			return nil, fmt.Errorf("the preset %s: %w", name, err)
		}
	}
	return all, nil
}

func read(from fs.FS, name string) (Preset, error) {
	text, err := fs.ReadFile(from, name)
	if err != nil {
		return Preset{}, err
	}
	var p Preset
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&p); err != nil {
		return Preset{}, err
	}
	if want := strings.TrimSuffix(path.Base(name), ".yaml"); p.Name != want || !resource.IsID(want) {
		return Preset{}, fmt.Errorf("is named %q", p.Name)
	}
	if p.Title == "" || len(p.Sources) == 0 || len(p.Parameters) == 0 || len(p.Examples) == 0 {
		return Preset{}, errors.New("needs a title, sources, parameters and examples")
	}
	names := p.withOurs()
	p.vocabulary, err = partner.NewVocabulary(names, p.Values, append([]string{Parameter}, p.Ignored...))
	return p, errors.Join(err, p.checkNames(names), p.checkValues())
}

// checkNames refuses a platform's name that has two meanings. ours holds the names of each of our parameters.
func (p *Preset) checkNames(ours map[string][]string) error {
	means := map[string]string{}
	claim := func(sent, meaning string) error {
		if other, ok := means[sent]; ok {
			return fmt.Errorf("%s is both %s and %s", sent, other, meaning)
		}
		means[sent] = meaning
		return nil
	}
	var faults []error
	for name, names := range ours {
		for _, sent := range names {
			faults = append(faults, claim(sent, name))
		}
	}
	for _, sent := range p.Ignored {
		faults = append(faults, claim(sent, "ignored"))
	}
	faults = append(faults, claim(Parameter, "the preset's name"))
	for _, sent := range p.Unconfirmed {
		if _, ok := means[sent]; !ok {
			faults = append(faults, fmt.Errorf("%s is unconfirmed, but not used", sent))
		}
	}
	return errors.Join(faults...)
}

// checkValues refuses values that our parameters do not take.
func (p *Preset) checkValues() error {
	var faults []error
	for name, values := range p.Values {
		if len(p.Parameters[name]) == 0 {
			faults = append(faults, fmt.Errorf("has values of %s, but no name for it", name))
		}
		for theirs, value := range values {
			if theirs != strings.ToLower(theirs) {
				faults = append(faults, fmt.Errorf("the value %q of %s is not in lower case", theirs, name))
			}
			if _, err := partner.ParsePostback(map[string][]string{name: {value}}, time.Time{}); err != nil {
				faults = append(faults, err)
			}
		}
	}
	return errors.Join(faults...)
}
