package couponcsv

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/pasted"
	"github.com/couponlink/couponlink/services/internal/resource"
	"github.com/couponlink/couponlink/services/internal/spreadsheet"
)

// column is a column that a file may have.
type column struct {
	// name is the field's name in the API.
	name string
	// aliases are other titles, folded.
	aliases []string
}

// columns returns the columns with a coupon's fields.
func columns() []column {
	return []column{
		{"code", []string{"couponcode"}},
		{"offer", nil},
		{"publisher", nil},
		{"start_time", []string{"startdate", "start"}},
		{"expire_time", []string{"expirationdate", "expiration", "expire", "expirydate", "enddate"}},
		{"internal_note", []string{"note"}},
		{"enabled", nil},
		{"usage_limit", nil},
		{"daily_usage_limit", nil},
		{"discount", nil},
		{"state", nil},
	}
}

// exportedOnly returns the columns of an export that an import ignores: only the program sets them. So an export can be
// imported unchanged.
func exportedOnly() []string {
	return []string{"name", "tracking_link", "create_time", "update_time"}
}

// header maps columns to their places in a record.
type header struct {
	// place has the place of each column of the file, by name.
	place map[string]int
	// names are the columns by place; "" is a place without a title, where cells must be empty.
	names []string
}

// parseHeader parses the first record, which is the row number.
func parseHeader(titles []string, number int, offerNeeded bool) (header, error) {
	h := header{place: map[string]int{}, names: make([]string, len(titles))}
	for i, title := range titles {
		if fold(title) == "" {
			continue
		}
		name, ok := columnOf(title)
		if !ok {
			return h, invalid("UNKNOWN_COLUMN", "row %d, column %d: there is no column %.60q; the columns are %s", number, i+1, title, knownColumns())
		}
		if before, twice := h.place[name]; twice {
			return h, invalid("DUPLICATE_COLUMN", "row %d, columns %d and %d: %.60q and %.60q both are %s; leave one out",
				number, before+1, i+1, titles[before], title, name)
		}
		h.place[name], h.names[i] = i, name
	}
	needed := []string{"code", "publisher"}
	if offerNeeded {
		needed = append(needed, "offer")
	}
	for _, name := range needed {
		if _, ok := h.place[name]; !ok {
			return h, invalid("MISSING_COLUMN", "row %d: the file has no column %q; its first row must name the columns", number, name)
		}
	}
	return h, nil
}

// columnOf returns the column that a title names.
func columnOf(title string) (string, bool) {
	folded := fold(title)
	for _, c := range columns() {
		if folded == fold(c.name) || slices.Contains(c.aliases, folded) {
			return c.name, true
		}
	}
	for _, name := range exportedOnly() {
		if folded == fold(name) {
			return name, true
		}
	}
	return "", false
}

// fold returns a title as titles are compared: lower case, without spaces and underscores.
func fold(title string) string {
	return strings.ToLower(strings.Map(func(c rune) rune {
		if unicode.IsSpace(c) || c == '_' || c == '\uFEFF' {
			return -1
		}
		return c
	}, title))
}

// knownColumns lists the columns, for a message.
func knownColumns() string {
	var names []string
	for _, c := range columns() {
		names = append(names, c.name)
	}
	return strings.Join(append(names, exportedOnly()...), ", ")
}

// coupon parses a record.
func (h header) coupon(cells []string, zone *time.Location) (Coupon, *apperr.Error) {
	if fault := h.misplaced(cells); fault != nil {
		return Coupon{}, fault
	}
	text := func(name string) string {
		i, ok := h.place[name]
		if !ok || i >= len(cells) {
			return ""
		}
		return spreadsheet.Restore(cells[i])
	}
	word := func(name string) string { return pasted.Trim(text(name)) }
	c := Coupon{
		Code: word("code"), Offer: nameOf(resource.Offers, word("offer")), Publisher: nameOf(resource.Publishers, word("publisher")),
		InternalNote: text("internal_note"),
	}
	var found apperr.Findings
	var err error
	c.StartTime, err = startTime(word("start_time"), zone)
	found.Add(err)
	c.ExpireTime, err = expireTime(word("expire_time"), zone)
	found.Add(err)
	c.Disabled, err = disabled(word("enabled"), word("state"))
	found.Add(err)
	c.UsageLimit, err = limit("usage_limit", word("usage_limit"))
	found.Add(err)
	c.DailyUsageLimit, err = limit("daily_usage_limit", word("daily_usage_limit"))
	found.Add(err)
	c.Discount, err = discountOf(word("discount"))
	found.Add(err)
	return c, apperr.As(found.Err())
}

// misplaced returns the error for the first cell that is too long or has no title; nil if there is no such cell.
func (h header) misplaced(cells []string) *apperr.Error {
	for i, cell := range cells {
		titled := i < len(h.names) && h.names[i] != ""
		name := func() string {
			if titled {
				return h.names[i]
			}
			return fmt.Sprintf("column %d", i+1)
		}
		most, mostText := MaxCellBytes, "10,000"
		if titled && h.names[i] == "discount" {
			most, mostText = MaxDiscountBytes, "100,000"
		}
		switch {
		case len(cell) > most:
			return apperr.Invalid("INVALID_CELL", name(), "the cell is %d bytes long; it may be at most %s", len(cell), mostText)
		case !titled && pasted.Trim(cell) != "":
			return apperr.Invalid("INVALID_CELL", name(), "%.60q has no column title; is there a separator too many?", cell)
		}
	}
	return nil
}
