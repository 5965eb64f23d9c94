package console

import "time"

// table is a list of things, shown by the template "table". On a phone each row is a card.
type table struct {
	// ID is the table's id in the page and the name of the template that shows it alone, so that
	// searching, sorting and paging replace no more than that.
	ID string
	// Target is the id of what sorting and paging replace, where that is more than the table.
	Target string
	// Caption says what the rows are, for those who cannot see the page.
	Caption string
	Columns []column
	// Rows' first cells name them: on a phone they are the cards' headings.
	Rows []row
	// Empty is shown instead of no rows.
	Empty empty
	Pager pager
	// Bulk, if set, puts a checkbox before each row and buttons for those that are checked.
	Bulk *bulk
}

// column is a column's heading.
type column struct {
	Label string
	// SortHref sorts by the column; empty: it cannot be sorted by.
	SortHref string
	// Sorted is `ascending`, `descending` or, mostly, empty.
	Sorted string
	// IsNumber puts values at the right, under one another.
	IsNumber bool
}

// row is one thing.
type row struct {
	// Key is the checkbox's value.
	Key string
	// Label names the row, for its checkbox.
	Label string
	// IsNew marks the row that was just made.
	IsNew bool
	Cells []cell
}

// cell is one value. Its Text stands alone, or as a link, a code, a badge or a time; Sub stands small
// below it.
type cell struct {
	Text, Sub string
	Href      string
	// IsCode shows the text in the type of codes; CanCopy adds a Copy button.
	IsCode, CanCopy bool
	// Badge, if set, is shown instead of the text.
	Badge *badge
	// Time, if set, is shown as a date instead of the text, in the program's zone.
	Time time.Time
	// Links stand side by side: what can be done with the row.
	Links []link
	// Buttons stand behind them: forms of one button each.
	Buttons []button
}

// button is a form of one button that changes something.
type button struct {
	Label, Action string
	Fields        map[string]string
	// IsDanger marks what cannot be undone; Confirm then asks first.
	IsDanger bool
	Confirm  string
}

// badge is a state in a word.
type badge struct {
	Text string
	// Tone is `good`, `wait`, `bad` or `quiet`: never the only sign, the word says it.
	Tone string
}

// empty is what a table without rows says, and what to do next.
type empty struct {
	Title, Text string
	Action      *link
}

// bulk is what can be done with checked rows. The buttons post the rows' keys as `keys` to an address.
type bulk struct {
	Action string
	// Do are the buttons: each is the value of the field `do`.
	Do []choice
}

// choice is one of several values.
type choice struct{ Value, Label string }

// stateBadge returns the badge of a state by its name in the API.
func stateBadge(state string) *badge {
	known := map[string]badge{
		"ACTIVE": {"Active", "good"}, "APPROVED": {"Approved", "good"}, "SUCCEEDED": {"Sent", "good"}, "ATTRIBUTED": {"Attributed", "good"},
		"PAUSED": {"Paused", "wait"}, "PENDING": {"Pending", "wait"}, "SCHEDULED": {"Scheduled", "wait"}, "UNATTRIBUTED": {"Unattributed", "wait"},
		"BLOCKED": {"Blocked", "bad"}, "REJECTED": {"Rejected", "bad"}, "FAILED": {"Failed", "bad"},
		"EXPIRED": {"Expired", "quiet"}, "DISABLED": {"Disabled", "quiet"}, "ARCHIVED": {"Archived", "quiet"},
	}
	if b, ok := known[state]; ok {
		return &b
	}
	return &badge{words(state), "quiet"}
}
