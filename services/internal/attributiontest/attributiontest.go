// Package attributiontest holds the attribution cases: who earns a sale, as data (cases), each with the
// sentence of the rule that it holds the product to. They are played over the decision itself, by the
// tests of the tracking service's rules, and over the running product, by e2e.
//
// Only tests may import it. It knows no service: what it says, it says in the API's words.
package attributiontest

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

//go:embed cases/*.yaml
var files embed.FS

// Made stands for the id of the click that the case makes.
const Made = "made"

// OnlyRules marks a case that only the decision itself can be asked.
const OnlyRules = "rules"

// Case is one sale, with all that is set up before it and what must come of it. All times are relative
// to one moment, at which the click is made and, unless the case says otherwise, the sale happens.
type Case struct {
	// File names the file that the case is from.
	File string `yaml:"-"`
	Name string `yaml:"name"`
	// Says is the sentence of the rule.
	Says string `yaml:"says"`
	// Only restricts the case to one player, OnlyRules; Why says why.
	Only string `yaml:"only"`
	Why  string `yaml:"why"`

	// World is how things stand before the click.
	World `yaml:",inline"`
	// Click is made before the sale; nil: none is.
	Click *Click `yaml:"click"`
	// After is what changes between the click and the report of the sale.
	After World `yaml:"after"`
	Sale  Sale  `yaml:"sale"`
	Want  Want  `yaml:"want"`
}

// World is what the coupon service knows. What is unset is as by default, in After as it was.
type World struct {
	// Offer is the offer that the sale is reported for.
	Offer   Offer    `yaml:"offer"`
	Coupons []Coupon `yaml:"coupons"`
	// Approvals are standings on the offer by publisher, APPROVED or BLOCKED, beside the approvals that
	// coupons give.
	Approvals map[string]string `yaml:"approvals"`
	// Publishers are states by publisher; those who are not named are ACTIVE.
	Publishers map[string]string `yaml:"publishers"`
}

// Offer is an offer's settings. Unset ones have the API's defaults: ACTIVE, CODE_FIRST, 30 days, no grace.
type Offer struct {
	// Name is the offer's id.
	Name        string `yaml:"-"`
	State       string `yaml:"state"`
	Precedence  string `yaml:"precedence"`
	ClickWindow *Span  `yaml:"click_window"`
	CouponGrace *Span  `yaml:"coupon_grace"`
}

// Coupon is a coupon, known by its offer, publisher and code.
type Coupon struct {
	// Offer is the offer's id; empty in the files: the offer of the sale. Any other is an offer beside it.
	Offer     string `yaml:"offer"`
	Publisher string `yaml:"publisher"`
	Code      string `yaml:"code"`
	// Start is 30 days ago where it is unset; Expire unset: the coupon does not expire.
	Start    *Span `yaml:"start"`
	Expire   *Span `yaml:"expire"`
	Enabled  *bool `yaml:"enabled"`
	Archived bool  `yaml:"archived"`
	// What follows are the coupon's own settings; unset: the offer's.
	Precedence  string `yaml:"precedence"`
	ClickWindow *Span  `yaml:"click_window"`
	CouponGrace *Span  `yaml:"coupon_grace"`
}

// Key is a coupon's resource name.
func (c Coupon) Key() string {
	return "offers/" + c.Offer + "/coupons/" + c.Publisher + "." + strings.ToUpper(c.Code)
}

// Click is a visit through a tracking link, which carries ClickValues besides.
type Click struct {
	// Offer is the link's offer; empty in the files: the offer of the sale.
	Offer     string `yaml:"offer"`
	Publisher string `yaml:"publisher"`
	// Code is the code that the link carries; empty: it is a plain link.
	Code string `yaml:"code"`
}

// ClickValues returns what every link of the cases carries for its publisher, by the name of the
// conversion's field.
func ClickValues() map[string]string {
	return map[string]string{
		"pub_unique1": "u1", "pub_unique2": "u2", "pub_unique3": "u3", "pub_unique4": "u4", "pub_unique5": "u5",
		"pub_click_id": "pc", "pub_sub_id": "ps",
	}
}

// Sale is the report of a sale. It names its offer and proves that it is the advertiser's.
type Sale struct {
	// Code is the code as sent, and More are further codes in the same value.
	Code string   `yaml:"code"`
	More []string `yaml:"more"`
	// Click is the click id that is sent: Made, or a text that is sent as it is; empty: none is.
	Click     string `yaml:"click"`
	Publisher string `yaml:"pub_id"`
	// Time is when the sale happened; at most 5 minutes ahead.
	Time *Span `yaml:"time"`
}

// Codes returns the value that has the codes.
func (s Sale) Codes() string { return strings.Join(append([]string{s.Code}, s.More...), ",") }

// Want is what must come of a sale.
type Want struct {
	Outcome   string `yaml:"outcome"`
	Method    string `yaml:"method"`
	Publisher string `yaml:"publisher"`
	Reason    string `yaml:"reason"`
	// Coupon is the coupon credited, `publisher.CODE` in the files; its resource name once read.
	Coupon string `yaml:"coupon"`
	// Candidates are coupons in the same form, in any order.
	Candidates []string `yaml:"candidates"`
	// ClickReason says why the click that was considered did not count.
	ClickReason string `yaml:"click_reason"`
	// ClickValues says that the click's values are the conversion's. If not, it has none but Unique3.
	ClickValues bool `yaml:"click_values"`
	// Unique3 is Pub. Unique 3.
	Unique3 string `yaml:"pub_unique3"`
}

// Values returns what the conversion's publisher-supplied values must be, by the name of the field.
func (w Want) Values() map[string]string {
	values := ClickValues()
	if !w.ClickValues {
		for name := range values {
			values[name] = ""
		}
	}
	values["pub_unique3"] = w.Unique3
	return values
}

// Span is a time, relative to that of the click, or a length of time: `-3d`, `2m`, `0s`, `1h30m`.
type Span time.Duration

// UnmarshalText reads a Go duration, or a number of days.
func (s *Span) UnmarshalText(text []byte) error {
	if days, ok := strings.CutSuffix(string(text), "d"); ok {
		n, err := strconv.Atoi(days)
		*s = Span(time.Duration(n) * 24 * time.Hour)
		return err
	}
	d, err := time.ParseDuration(string(text))
	*s = Span(d)
	return err
}

// Or returns the span as a duration, or another where it is unset.
func (s *Span) Or(unset time.Duration) time.Duration {
	if s == nil {
		return unset
	}
	return time.Duration(*s)
}

// Load returns all cases, in the order of the files.
func Load(t testing.TB) []Case {
	t.Helper()
	names, err := fs.Glob(files, "cases/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var all []Case
	for _, name := range names {
		cases, err := read(name)
		if err != nil {
			t.Fatalf("reading %s: %v", name, err)
		}
		all = append(all, cases...)
	}
	return all
}

func read(name string) ([]Case, error) {
	text, err := files.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var file struct {
		// About says what the file's cases are about.
		About string `yaml:"about"`
		Cases []Case `yaml:"cases"`
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&file); err != nil {
		return nil, err
	}
	for i := range file.Cases {
		file.Cases[i].File = strings.TrimSuffix(path.Base(name), ".yaml")
		if err := file.Cases[i].check(); err != nil {
			return nil, fmt.Errorf("case %q: %w", file.Cases[i].Name, err)
		}
	}
	return file.Cases, nil
}
