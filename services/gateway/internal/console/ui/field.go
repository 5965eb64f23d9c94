package ui

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/couponlink/couponlink/services/internal/pasted"
)

// Field is one line of a form, shown by the template "field": label, input, hint, error.
type Field struct {
	// Name is the value's name in the form: the API's name of it, so that what a service says against
	// it finds its place.
	Name, Label, Value string
	// Kind is `text`, `url`, `number`, `date`, `textarea`, `select`, `checkbox`, `picker`, `password`,
	// `code`; empty is `text`.
	Kind  string
	Hint  string
	Error string
	// Now is the value that somebody else has given meanwhile, after a conflict.
	Now        string
	IsRequired bool
	// Choices are a select's.
	Choices []Choice
	// Pick is the address where a picker finds what it offers: at("pick", "offers").
	Pick string
	// PickLabel is what the picker shows for Value.
	PickLabel string
	// Placeholder is an example, never the only hint.
	Placeholder string
	// Mode is the phone's keyboard: `decimal`, `numeric`, empty.
	Mode string
	// Autofocus puts the cursor there when the page opens.
	Autofocus bool
	// Fixed cannot be changed any more.
	Fixed bool
	// Next stands in the same line: a unit beside a number.
	Next *Field
}

// InputType is the type of the field's input.
func (f Field) InputType() string {
	switch f.Kind {
	case "", "code", "picker":
		return "text"
	default:
		return f.Kind
	}
}

// ID is the id of the field's input.
func (f Field) ID() string { return "field-" + strings.ReplaceAll(f.Name, ".", "-") }

// DescribedBy are the ids of the texts about the field that there are.
func (f Field) DescribedBy() string {
	var ids []string
	if f.Error != "" {
		ids = append(ids, f.ID()+"-error")
	}
	if f.Now != "" {
		ids = append(ids, f.ID()+"-now")
	}
	if f.Hint != "" {
		ids = append(ids, f.ID()+"-hint")
	}
	return strings.Join(ids, " ")
}

// Form is a form, shown by the template "form".
type Form struct {
	// ID is the form's id and the name of the template that shows it alone.
	ID string
	// Action is where it is posted to.
	Action string
	// Save is what the button says.
	Save string
	// Cancel leads away without saving; none if empty.
	Cancel string
	// Groups are the fields, under headings.
	Groups []Group
	// Hidden are values that are not shown, such as the etag.
	Hidden map[string]string
	// Error is about no field, or about all.
	Error string
	// Conflict is set where somebody else has changed the thing: Save then overwrites, and Reload
	// leads to what is there.
	Conflict bool
	Reload   string
}

// Group is fields under a heading, which may be empty.
type Group struct {
	Title, Text string
	Fields      []Field
}

// Fail puts errors beside their fields, and on top what belongs to none.
func (f *Form) Fail(errs Errors) {
	f.Error = errs[""]
	for g := range f.Groups {
		for i := range f.Groups[g].Fields {
			one := &f.Groups[g].Fields[i]
			one.Error = errs[one.Name]
			if one.Next != nil && errs[one.Next.Name] != "" {
				one.Error = strings.TrimSpace(one.Error + " " + errs[one.Next.Name])
			}
		}
	}
}

// Names are the names of all fields.
func (f *Form) Names() []string {
	var names []string
	for _, g := range f.Groups {
		for _, one := range g.Fields {
			names = append(names, one.Name)
			if one.Next != nil {
				names = append(names, one.Next.Name)
			}
		}
	}
	return names
}

// Refused makes a form with what was typed say why it was not saved, and returns the answer's status: by a
// conflict, what there is now stands beside, which theirs makes; else errs, or what the service said
// against the fields. A failure that is not about the form is returned.
func (f *Form) Refused(p *Page, failure error, errs Errors, etag string, theirs func() Form) (code int, err error) {
	if IsConflict(failure) {
		f.Conflict = true
		f.compare(theirs())
		return http.StatusConflict, nil
	}
	f.Hidden["etag"] = etag
	if failure != nil {
		if err := p.Gather(errs, failure, f.Names()...); err != nil {
			return 0, err
		}
	}
	f.Fail(errs)
	return http.StatusUnprocessableEntity, nil
}

// compare marks the fields whose value is another in theirs, the same form of what is stored now.
func (f *Form) compare(theirs Form) {
	for g := range f.Groups {
		for i := range f.Groups[g].Fields {
			mine, their := &f.Groups[g].Fields[i], theirs.Groups[g].Fields[i]
			if mine.shown() != their.shown() {
				mine.Now = their.shown()
				if mine.Now == "" {
					mine.Now = "empty"
				}
			}
		}
	}
}

// shown is the field's value as people read it.
func (f Field) shown() string {
	text := f.Value
	for _, c := range f.Choices {
		if c.Value == f.Value {
			text = c.Label
		}
	}
	if f.Kind == "checkbox" {
		text = map[bool]string{true: "on", false: "off"}[f.Value != ""]
	}
	if f.Next != nil {
		text += " " + f.Next.shown()
	}
	return strings.TrimSpace(text)
}

// Trimmed returns a value without the spaces that copying brings along.
func Trimmed(values url.Values, name string) string { return pasted.Trim(values.Get(name)) }
