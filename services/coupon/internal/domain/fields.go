package domain

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/internal/pasted"
	"github.com/couponlink/couponlink/services/internal/resource"
)

const (
	// MaxDisplayNameChars is the maximum length of a display name, in characters.
	MaxDisplayNameChars = 200
	// MaxNoteChars is the maximum length of a coupon's internal note, in characters.
	MaxNoteChars = 2000
	// MaxUsageLimit is the largest usage limit of a coupon, in sales.
	MaxUsageLimit = 1_000_000_000

	maxPercent = 100 * 10_000
	firstYear  = 2000
	lastYear   = 9999
)

// checkDisplayName returns what is wrong with a trimmed display name.
func checkDisplayName(name string) error {
	const field = "display_name"
	switch chars := utf8.RuneCountInString(name); {
	case !utf8.ValidString(name):
		return invalid(field, "the display name is not valid UTF-8")
	case chars == 0:
		return invalid(field, "the display name is missing; it must have 1 to %d characters", MaxDisplayNameChars)
	case chars > MaxDisplayNameChars:
		return invalid(field, "the display name has %d characters; it may have at most %d", chars, MaxDisplayNameChars)
	case strings.ContainsFunc(name, unicode.IsControl):
		return invalid(field, "the display name has control characters, such as line breaks; leave them out")
	}
	return nil
}

// checkNote returns what is wrong with an internal note, which may have several lines.
func checkNote(note string) error {
	const field = "internal_note"
	isForbidden := func(c rune) bool { return unicode.IsControl(c) && c != '\n' && c != '\r' && c != '\t' }
	switch chars := utf8.RuneCountInString(note); {
	case !utf8.ValidString(note):
		return invalid(field, "the note is not valid UTF-8")
	case chars > MaxNoteChars:
		return invalid(field, "the note has %d characters; it may have at most %d", chars, MaxNoteChars)
	case strings.ContainsFunc(note, isForbidden):
		return invalid(field, "the note has control characters other than line breaks and tabs; leave them out")
	}
	return nil
}

// checkDuration returns what is wrong with a duration that must be whole seconds within bounds.
func checkDuration(field string, d, least, most time.Duration, bounds string) error {
	switch {
	case d < least || d > most:
		return invalid(field, "the duration is %gs; it must be %s", d.Seconds(), bounds)
	case d%time.Second != 0:
		return invalid(field, "the duration is %gs; it must be whole seconds", d.Seconds())
	}
	return nil
}

func checkPrecedence(field string, p Precedence) error {
	return checkChoice(field, p, CodeFirst, ClickFirst, OnlyIfClicked)
}

func checkWindow(field string, d time.Duration) error {
	return checkDuration(field, d, time.Second, MaxWindow, "from 1 second to 366 days")
}

func checkGrace(field string, d time.Duration) error {
	return checkDuration(field, d, 0, MaxWindow, "from 0 to 366 days")
}

func checkStart(field string, status ConversionStatus) error {
	return checkChoice(field, status, StartPending, StartApproved)
}

// checkLimit returns what is wrong with a usage limit.
func checkLimit(field string, limit int64) error {
	if limit < 0 || limit > MaxUsageLimit {
		return invalid(field, "the limit is %d; it must be from 1 to 1,000,000,000, or 0 for no limit", limit)
	}
	return nil
}

// checkPayout returns a payout with its currencies in upper case.
func checkPayout(field string, p money.Payout) (money.Payout, error) {
	var found apperr.Findings
	switch p.Kind {
	case money.NoPayout:
		return money.Payout{}, nil
	case money.Fixed:
		if err := p.Fixed.Check(); err != nil {
			found.Add(invalid(field+".fixed", "%v", err))
		}
		if !p.Cap.IsNone() {
			found.Add(invalid(field+".cap", "a fixed amount cannot have a cap; leave the cap out, or use a percentage"))
		}
		p.Fixed.Currency = strings.ToUpper(p.Fixed.Currency)
	case money.Percent:
		if p.Percent < 0 || p.Percent > maxPercent {
			found.Add(invalid(field+".percent", "%s is not from 0 to 100", money.FormatPercent(p.Percent)))
		}
		var err error
		p.Cap, err = checkAmount(field+".cap", p.Cap)
		found.Add(err)
	default:
		found.Add(invalid(field, "%s is not a kind of payout; it must be fixed or percent", pasted.Quote(string(p.Kind))))
	}
	return p, found.Err()
}

// checkAmount returns an optional amount as it is stored.
func checkAmount(field string, m money.Money) (money.Money, error) {
	if m.IsNone() {
		return money.Money{}, nil
	}
	if err := m.Check(); err != nil {
		return m, invalid(field, "%v", err)
	}
	m.Currency = strings.ToUpper(m.Currency)
	return m, nil
}

// checkTime returns what is wrong with a time.
func checkTime(field string, t time.Time) error {
	if year := t.UTC().Year(); year < firstYear || year > lastYear {
		return invalid(field, "the time is in the year %d; it must be from %d to %d", year, firstYear, lastYear)
	}
	return nil
}

// checkChoice returns what is wrong with a value that must be one of choices.
func checkChoice[T ~string](field string, value T, choices ...T) error {
	names := make([]string, len(choices))
	for i, choice := range choices {
		if value == choice {
			return nil
		}
		names[i] = string(choice)
	}
	return invalid(field, "%s is not one of %s", pasted.Quote(string(value)), strings.Join(names, ", "))
}

// CheckID returns what is wrong with an id that a caller chose; see resource.IsID.
func CheckID(field, id string) error {
	if resource.IsID(id) {
		return nil
	}
	return invalid(field, "%s is not an id; it must be 1 to 63 of a-z, 0-9 and -, and start with a letter or digit", pasted.Quote(id))
}
