package ui

// Entry is a line of the menu: a page, or a heading with pages beneath.
type Entry struct {
	Label string
	// Path is the page's, as in the route table; "" for a heading.
	Path  string
	Icon  string
	Below []Entry
}

// shown is a line of the menu as the layout shows it.
type shown struct {
	Label, Href, Icon string
	IsCurrent         bool
	Below             []shown
}

// Menu is the menu of this page: what there is, with this page's section lit.
func (p *Page) Menu() []shown { return p.entries(p.Entries) }

func (p *Page) entries(all []Entry) []shown {
	var lines []shown
	for _, e := range all {
		line := shown{Label: e.Label, Icon: e.Icon, Below: p.entries(e.Below)}
		if e.Below == nil && p.Has(e.Path) {
			line.Href, line.IsCurrent = Root+e.Path, e.Path == p.Section
		}
		if line.Href != "" || line.Below != nil {
			lines = append(lines, line)
		}
	}
	return lines
}

// ReportTitle is the heading of the report, also where other pages lead back to it.
const ReportTitle = "Conversion Report"
