// Package attributiontest has the attribution cases: who earns a sale, as data (cases). Each states the rule that it
// tests in a sentence. The tests of the tracking service's domain run the cases against the decision itself; e2e runs
// them against the product.
//
// Only tests may import it. It knows no service, and uses the API's words only.
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

	"github.com/couponlink/couponlink/services/internal/resource"
)

//go:embed cases/*.yaml
var files embed.FS

// Made stands for the id of the case's click.
const Made = "made"

// OnlyRules marks a case that only the decision itself can run.
const OnlyRules = "rules"

// Case is one sale, with the setup before it and the expected result. All times are relative to the time of the click,
// which is also the time of the sale unless the case says otherwise.
type Case struct {
	// File is the name of the case's file.
	File string `yaml:"-"`
	Name string `yaml:"name"`
	// Says is the rule, in a sentence.
	Says string `yaml:"says"`
	// Only restricts the case to one runner, OnlyRules. Why gives the reason.
	Only string `yaml:"only"`
	Why  string `yaml:"why"`

	// World is the setup before the click.
	World `yaml:",inline"`
	// Click is made before the sale; nil for a sale without a click.
	Click *Click `yaml:"click"`
	// After has the changes between the click and the report of the sale.
	After World `yaml:"after"`
	Sale  Sale  `yaml:"sale"`
	Want  Want  `yaml:"want"`
}

// World is the state of the coupon service. Unset fields have defaults; in After they mean no change.
type World struct {
	// Offer is the sale's offer.
	Offer   Offer    `yaml:"offer"`
	Coupons []Coupon `yaml:"coupons"`
	// Approvals are approvals on the offer by publisher, APPROVED or BLOCKED, besides those that coupons create.
	Approvals map[string]string `yaml:"approvals"`
	// Publishers are states by publisher. Publishers that are not listed are ACTIVE.
	Publishers map[string]string `yaml:"publishers"`
}

// Offer has an offer's settings. Unset ones have the API's defaults: ACTIVE, CODE_FIRST, 30 days, no grace.
type Offer struct {
	// Name is the offer's id.
	Name        string `yaml:"-"`
	State       string `yaml:"state"`
	Precedence  string `yaml:"precedence"`
	ClickWindow *Span  `yaml:"click_window"`
	CouponGrace *Span  `yaml:"coupon_grace"`
}

// Coupon is a coupon, identified by offer, publisher and code.
type Coupon struct {
	// Offer is the offer's id. In the files, "" means the sale's offer, and any other id another offer.
	Offer     string `yaml:"offer"`
	Publisher string `yaml:"publisher"`
	Code      string `yaml:"code"`
	// Start defaults to 30 days ago. Without Expire the coupon does not expire.
	Start    *Span `yaml:"start"`
	Expire   *Span `yaml:"expire"`
	Enabled  *bool `yaml:"enabled"`
	Archived bool  `yaml:"archived"`
	// The coupon's own settings; unset ones are the offer's.
	Precedence  string `yaml:"precedence"`
	ClickWindow *Span  `yaml:"click_window"`
	CouponGrace *Span  `yaml:"coupon_grace"`
}

// Key is a coupon's resource name.
func (c Coupon) Key() string {
	return resource.Offer(c.Offer) + "/coupons/" + c.Publisher + "." + strings.ToUpper(c.Code)
}

// Click is a visit through a tracking link, which also carries ClickValues.
type Click struct {
	// Offer is the link's offer. In the files, "" means the sale's offer.
	Offer     string `yaml:"offer"`
	Publisher string `yaml:"publisher"`
	// Code is the link's code; "" for a link without a code.
	Code string `yaml:"code"`
}

// ClickValues returns the publisher's values in every link of the cases, by the conversion's field.
func ClickValues() map[string]string {
	return map[string]string{
		"pub_unique1": "u1", "pub_unique2": "u2", "pub_unique3": "u3", "pub_unique4": "u4", "pub_unique5": "u5",
		"pub_click_id": "pc", "pub_sub_id": "ps",
	}
}

// Sale is the report of a sale. It names its offer and has the advertiser's proof.
type Sale struct {
	// Code is the code as sent. More has further codes in the same value.
	Code string   `yaml:"code"`
	More []string `yaml:"more"`
	// Click is the click id to send: Made, or any other text; "" for none.
	Click     string `yaml:"click"`
	Publisher string `yaml:"pub_id"`
	// Time is the time of the sale, at most 5 minutes ahead.
	Time *Span `yaml:"time"`
}

// Codes returns the parameter's value with all codes.
func (s Sale) Codes() string { return strings.Join(append([]string{s.Code}, s.More...), ",") }

// Want is the expected result.
type Want struct {
	Outcome   string `yaml:"outcome"`
	Method    string `yaml:"method"`
	Publisher string `yaml:"publisher"`
	Reason    string `yaml:"reason"`
	// Coupon is the credited coupon: `publisher.CODE` in the files, its resource name once loaded.
	Coupon string `yaml:"coupon"`
	// Candidates are coupons in the same form, in any order.
	Candidates []string `yaml:"candidates"`
	// ClickReason is the reason why the click did not count.
	ClickReason string `yaml:"click_reason"`
	// ClickValues expects the click's values in the conversion. Otherwise it must have Unique3 only.
	ClickValues bool `yaml:"click_values"`
	// Unique3 is Pub. Unique 3.
	Unique3 string `yaml:"pub_unique3"`
}

// Values returns the expected values from the publisher, by the conversion's field.
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

// Span is a duration, or a time relative to the click: `-3d`, `2m`, `0s`, `1h30m`.
type Span time.Duration

// UnmarshalText parses a Go duration, or a number of days such as `-3d`.
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

// Or returns the span as a duration, or unset if s is nil.
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
