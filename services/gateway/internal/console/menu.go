package console

// entry is a line of the menu: a page, or a heading with pages beneath.
type entry struct {
	Label string
	// path is the page's, as in the route table; a heading has none.
	path  string
	Icon  string
	below []entry
}

// menu is the whole menu. Entries show once the route table has their page.
func menu() []entry {
	return []entry{
		{Label: "Overview", path: "", Icon: "overview"},
		{Label: "Offers", path: "offers", Icon: "offers"},
		{Label: "Publishers", path: "publishers", Icon: "publishers"},
		{Label: "Reports", Icon: "reports", below: []entry{
			{Label: "Conversion Report", path: "reports/conversions"},
			{Label: "Postback Log", path: "reports/postbacks"},
			{Label: "Deliveries", path: "reports/deliveries"},
			{Label: "Leaked Codes", path: "reports/leaked-codes"},
		}},
		{Label: "Tools", Icon: "tools", below: []entry{
			{Label: "Scan Tool", path: "tools/scan"},
		}},
		{Label: "Settings", path: "settings", Icon: "settings"},
	}
}

// shown is a line of the menu as the layout shows it.
type shown struct {
	Label, Href, Icon string
	IsCurrent         bool
	Below             []shown
}

// Menu is the menu of this page: what there is, with this page's section lit.
func (p *page) Menu() []shown { return p.entries(menu()) }

func (p *page) entries(all []entry) []shown {
	var lines []shown
	for _, e := range all {
		line := shown{Label: e.Label, Icon: e.Icon, Below: p.entries(e.below)}
		if e.below == nil && p.has(e.path) {
			line.Href, line.IsCurrent = Root+e.path, e.path == p.Section
		}
		if line.Href != "" || line.Below != nil {
			lines = append(lines, line)
		}
	}
	return lines
}
