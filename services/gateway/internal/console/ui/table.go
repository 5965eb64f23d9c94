package ui

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
)

// DeliveryBadge is the badge of a delivery's state.
func DeliveryBadge(state trackingv1.Delivery_State) *Badge {
	switch state {
	case trackingv1.Delivery_DUE:
		return &Badge{"Waiting", "wait"}
	case trackingv1.Delivery_DELIVERED:
		return &Badge{"Delivered", "good"}
	case trackingv1.Delivery_DEAD:
		return &Badge{"Given up", "bad"}
	default:
		return &Badge{state.String(), "quiet"}
	}
}

// Lead makes a cell a link, whatever it shows.
func (c *Cell) Lead(href string) {
	if c.Badge != nil {
		c.Text, c.Badge = c.Badge.Text, nil
	}
	if c.Text == "" {
		c.Text = "Open"
	}
	c.Href = href
}

// CodeCell shows a code or an id; nothing if it is empty.
func CodeCell(text string) Cell { return Cell{Text: text, IsCode: text != ""} }

// Moment is a time to the minute.
func (p *Page) Moment(t *timestamppb.Timestamp) Cell {
	if t == nil {
		return Cell{}
	}
	return Cell{Text: format.DateTime(t.AsTime(), p.Zone)}
}

// Fact is a name and its value, shown by the template "facts".
type Fact struct {
	Label, Value string
	// Href is where the value leads; empty: nowhere.
	Href string
	// IsCode shows the value in the type of codes, with a Copy button.
	IsCode bool
	Hint   string
	Badge  *Badge
}

// Table is a list of things, shown by the template "table". On a phone each row is a card.
type Table struct {
	// ID is the table's id in the page and the name of the template that shows it alone, so that
	// searching, sorting and paging replace no more than that.
	ID string
	// Target is the id of what sorting and paging replace, where that is more than the table.
	Target string
	// Caption says what the rows are, for those who cannot see the page.
	Caption string
	Columns []Column
	// Rows' first cells name them: on a phone they are the cards' headings.
	Rows []Row
	// Empty is shown instead of no rows.
	Empty Empty
	Pager Pager
	// Bulk, if set, puts a checkbox before each row and buttons for those that are checked.
	Bulk *Bulk
}

// Column is a column's heading.
type Column struct {
	Label string
	// SortHref sorts by the column; empty: it cannot be sorted by.
	SortHref string
	// Sorted is `ascending`, `descending` or, mostly, empty.
	Sorted string
	// IsNumber puts values at the right, under one another.
	IsNumber bool
}

// Row is one thing.
type Row struct {
	// Key is the checkbox's value.
	Key string
	// Label names the row, for its checkbox.
	Label string
	// IsNew marks the row that was just made.
	IsNew bool
	Cells []Cell
}

// Cell is one value. Its Text stands alone, or as a link, a code, a badge or a time; Sub stands small
// below it.
type Cell struct {
	Text, Sub string
	Href      string
	// IsCode shows the text in the type of codes; CanCopy adds a Copy button.
	IsCode, CanCopy bool
	// Badge, if set, is shown instead of the text.
	Badge *Badge
	// Time, if set, is shown as a date instead of the text, in the program's zone.
	Time time.Time
	// Links stand side by side: what can be done with the row.
	Links []Link
	// Buttons stand behind them: forms of one button each.
	Buttons []Button
}

// Button is a form of one button that changes something.
type Button struct {
	Label, Action string
	Fields        map[string]string
	// IsDanger marks what cannot be undone; Confirm then asks first.
	IsDanger bool
	Confirm  string
}

// Badge is a state in a word.
type Badge struct {
	Text string
	// Tone is `good`, `wait`, `bad` or `quiet`: never the only sign, the word says it.
	Tone string
}

// Empty is what a table without rows says, and what to do next.
type Empty struct {
	Title, Text string
	Action      *Link
}

// Bulk is what can be done with checked rows. The buttons post the rows' keys as `keys` to an address.
type Bulk struct {
	Action string
	// Do are the buttons: each is the value of the field `do`.
	Do []Choice
}

// Choice is one of several values.
type Choice struct{ Value, Label string }

// StateBadge returns the badge of a state by its name in the API.
func StateBadge(state string) *Badge {
	known := map[string]Badge{
		"ACTIVE": {"Active", "good"}, "APPROVED": {"Approved", "good"}, "SUCCEEDED": {"Sent", "good"}, "ATTRIBUTED": {"Attributed", "good"},
		"PAUSED": {"Paused", "wait"}, "PENDING": {"Pending", "wait"}, "SCHEDULED": {"Scheduled", "wait"}, "UNATTRIBUTED": {"Unattributed", "wait"},
		"BLOCKED": {"Blocked", "bad"}, "REJECTED": {"Rejected", "bad"}, "FAILED": {"Failed", "bad"},
		"EXPIRED": {"Expired", "quiet"}, "DISABLED": {"Disabled", "quiet"}, "ARCHIVED": {"Archived", "quiet"},
	}
	if b, ok := known[state]; ok {
		return &b
	}
	return &Badge{format.Words(state), "quiet"}
}
