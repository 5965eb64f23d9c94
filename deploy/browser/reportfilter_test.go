package browser

import (
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/chromedp/chromedp/kb"
)

// reportFilter builds a filter from suggestions, reads it as text, and mistypes the text.
func (b *tab) reportFilter() {
	b.t.Helper()
	const asText = "Filter, such as…"
	b.open(reportPath)
	b.choose("Column", "Offer")
	b.pick("Value", "aurora", "Aurora Running Shoes")
	b.press(button("+ Add condition"))
	b.must("typing into the new row", b.key("status"+kb.Tab+kb.Tab))
	b.settle()
	b.must("typing its value", b.key("approved"))
	b.press(button("Apply filter"))
	b.eachRowHas("Aurora Running Shoes", "Approved")
	b.press(button("Filter as text"))
	b.hasValue(asText, `offer = "aurora-shoes" AND status = APPROVED`)

	const mistaken = `offer = "aurora-shoes" AND status = `
	b.fill(asText, mistaken)
	b.press(button("Apply text"))
	b.see(text("Nothing is shown until the filter can be read."))
	b.hasFocus(asText)
	if said := eval[string](b, `document.getElementById(document.activeElement.getAttribute('aria-describedby')).innerText`); !strings.Contains(said, "character") {
		b.t.Errorf("beside the mistaken filter stands %q, want where the mistake is", said)
	}
	if e := b.see(field(asText)); e.value != strings.TrimSpace(mistaken) {
		b.t.Errorf("of the mistaken filter %q is kept", e.value)
	}
	b.audit("a filter that cannot be read")
	b.screenshot("report-filter-mistaken")
	for _, fault := range b.watch.takeFaults("status of 422") {
		b.t.Errorf("the browser complained: %s", fault)
	}
	b.fill(asText, `offer = "aurora-shoes" AND method = COUPON_CODE`)
	b.press(button("Apply text"))
	b.eachRowHas("Aurora Running Shoes", "Coupon code")
	b.press(link("Clear filter"))
	b.missing(link("Clear filter"))
}

// eachRowHas waits until there are rows, and each contains the texts.
func (b *tab) eachRowHas(texts ...string) {
	b.t.Helper()
	rows := b.bodyRows()
	if len(rows) == 0 {
		b.t.Fatalf("there are no rows on %s", b.address())
	}
	for _, cells := range rows {
		for _, text := range texts {
			if !strings.Contains(strings.Join(cells, "\n"), text) {
				b.t.Errorf("the row %q has no %q", cells, text)
			}
		}
	}
}

// bodyRows are the texts of the cells of the report's table, row by row.
func (b *tab) bodyRows() [][]string { return b.rowsOf(want{roles: []string{"table"}}) }

func (b *tab) rowsOf(table want) [][]string {
	b.t.Helper()
	var rows [][]string
	for _, e := range b.see(table).all() {
		if e.role != "row" {
			continue
		}
		var cells []string
		for _, in := range e.all() {
			if in.role == "cell" || in.role == "gridcell" || in.role == "rowheader" {
				cells = append(cells, strings.TrimSpace(in.text()))
			}
		}
		if len(cells) > 1 {
			rows = append(rows, cells)
		}
	}
	return rows
}

// reportGroups chooses days and groups: totals, chart, its figures and the groups say the same.
func (b *tab) reportGroups() {
	b.t.Helper()
	b.open(reportPath)
	b.choose("Days", "Last 7 days")
	b.reaches("range=last_7_days")
	b.choose("Days", "From … to …")
	from, to := time.Now().UTC().AddDate(0, 0, -12), time.Now().UTC().AddDate(0, 0, -3)
	b.date("From", from.Format("2006"), from.Format("01"), from.Format("02"))
	b.date("To", to.Format("2006"), to.Format("01"), to.Format("02"))
	b.press(button("Show"))
	b.reaches(from.Format("2006-01-02") + ".." + to.Format("2006-01-02"))
	b.choose("Group by", "Publisher")
	chart := b.see(want{roles: []string{"image", "img"}, name: "Clicks and conversions by day…"})
	if !strings.Contains(chart.name, "The same figures are in the table below.") {
		b.t.Errorf("the chart says of itself %q", chart.name)
	}
	if drawn := eval[int](b, `[...document.querySelectorAll('[role=img] canvas')].filter((c) => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some((v) => v)).length`); drawn != 1 {
		b.t.Errorf("%d charts are drawn, want 1", drawn)
	}
	b.press(button("As a table"))
	total := b.number(b.see(text("Conversions").in(region("Totals of all groups"))), region("Totals of all groups"))
	series := b.rowsOf(want{roles: []string{"table"}, name: "Clicks and conversions by day…"})
	if sum := b.sum(series, 2); len(series) != 10 || sum != total || total == 0 {
		b.t.Errorf("the chart has %d days with %d conversions, want 10 with the total of %d", len(series), sum, total)
	}
	groups := b.rowsOf(want{roles: []string{"table"}, name: "Groups"})
	if sum := b.sum(groups, 2); len(groups) < 2 || sum != total {
		b.t.Errorf("the groups have %d conversions, want the total of %d: %q", sum, total, groups)
	}
	clicks := columnHeader("Clicks").in(want{roles: []string{"table"}, name: "Groups"})
	if !b.has(clicks) {
		b.t.Error("the groups do not show their clicks")
	}
	b.audit("groups, with the figures of the chart")
	b.screenshot("report-groups")
	b.choose("Then by", "Status") // clicks have no status
	if b.has(clicks) {
		b.t.Error("groups by status show clicks, which have none")
	}
}

func region(name string) want { return want{roles: []string{"region"}, name: name} }

// number is what the list says beside a term.
func (b *tab) number(term *element, within want) int {
	b.t.Helper()
	all := b.see(within).all()
	for i, e := range all {
		if e.dom != term.dom {
			continue
		}
		for _, next := range all[i+1:] {
			if next.role == "StaticText" {
				return b.count(next.name)
			}
		}
	}
	b.t.Fatalf("nothing is beside %s", term.name)
	return 0
}

func (b *tab) count(text string) int {
	b.t.Helper()
	n, err := strconv.Atoi(strings.NewReplacer(",", "", "\u202f", "").Replace(strings.TrimSpace(text)))
	b.must("reading a number", err)
	return n
}

// sum adds up a column of numbers.
func (b *tab) sum(rows [][]string, column int) int {
	b.t.Helper()
	sum := 0
	for _, row := range rows {
		sum += b.count(row[column])
	}
	return sum
}

// savedReports saves a report, opens it by its name, changes it, deletes it, and takes that back.
func (b *tab) savedReports() {
	b.t.Helper()
	b.open(reportPath)
	b.choose("Group by", "Offer")
	b.press(button("Saved reports"))
	b.fill("Save this report as", "Offers of the month")
	b.press(button("Save"))
	b.see(text("Report saved."))
	b.see(heading("Offers of the month"))
	b.open(reportPath)
	b.hasValue("Group by", "Nothing: list conversions")
	b.press(button("Saved reports"))
	b.press(link("Offers of the month"))
	b.see(heading("Offers of the month"))
	b.hasValue("Group by", "Offer")
	usual := b.bodyRows()
	b.press(want{roles: []string{"link"}}.in(columnHeader("Offer")))
	b.await("the groups in order", func() (bool, string) { return !reflect.DeepEqual(b.bodyRows(), usual), "they are as before" })
	b.choose("Then by", "Status")
	b.see(columnHeader("Status"))
	ordered := b.bodyRows()
	b.press(button("Saved reports"))
	b.see(text("Changed"))
	b.audit("a saved report that was changed")
	b.screenshot("report-saved")
	b.press(button("Update it"))
	b.see(text("Saved report updated."))
	b.hasValue("Then by", "Status")

	b.press(button("Saved reports"))
	b.press(button("Delete"))
	b.see(text("Saved report deleted."))
	b.see(heading("Conversion Report"))
	b.press(button("Undo"))
	b.see(text("Saved report restored."))
	b.see(heading("Offers of the month"))
	b.hasValue("Then by", "Status")
	if rows := b.bodyRows(); !reflect.DeepEqual(rows, ordered) {
		b.t.Errorf("the groups are\n%q, saved were\n%q", rows, ordered)
	}
}
