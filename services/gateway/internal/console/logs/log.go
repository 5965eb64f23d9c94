package logs

import (
	"net/http"

	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
)

// log is one of the lists: postbacks that came in, or deliveries that went out. All that match its filters can be
// replayed at once.
type log struct {
	// path is the last part of its address, below reports/.
	path, title, lead string
	// names are the filters in its address, and filter is the service's filter for them; "" if none is set.
	names  []string
	filter func(l ui.List) string
	// rows asks the service for a page of the list.
	rows func(p *ui.Page, l ui.List, filter string) (*rows, error)
	// noneYet is shown while the list is empty, and noMatch if the filters leave nothing.
	noneYet, noMatch ui.Empty
	// replayLabel begins a replay, question says what it would do, and replay does it.
	replayLabel string
	question    func(p *ui.Page, l ui.List, filter string) (*ui.BulkReplay, error)
	replay      func(p *ui.Page, l ui.List, filter string) error
	// allTitle and allText refuse a replay without a filter.
	allTitle, allText string
}

// rows are a page of a list with the inputs of its filters.
type rows struct {
	fields []ui.Field
	table  ui.Table
}

func (k log) href() string { return ui.Href("reports", k.path) }

// routes are those of the list. Its members have routes of their own.
func (k log) routes() []ui.Route {
	return []ui.Route{ui.Get("reports/"+k.path, k.show), ui.Post("reports/"+k.path+"/replay", k.send)}
}

func (k log) show(_ http.ResponseWriter, _ *http.Request, p *ui.Page) error {
	l := p.ListOf("-create_time")
	filter := k.filter(l)
	found, err := k.rows(p, l, filter)
	if err != nil {
		return err
	}
	own := []string{"replay"}
	for _, f := range found.fields {
		own = append(own, f.Name)
	}
	found.table.Empty = k.noneYet
	if l.IsFiltered(append(k.names, "page")...) {
		found.table.Empty = k.noMatch
	}
	view := ui.LogView{Action: l.Path, Filters: found.fields, Kept: l.KeptBut(own...), Table: found.table}
	if l.IsFiltered(k.names...) {
		view.ClearHref = l.Path
	}
	p.Title, p.Section, p.Lead = k.title, "reports/"+k.path, k.lead
	switch {
	case filter == "" || len(found.table.Rows) == 0:
	case l.Get("replay") == "":
		p.Actions = []ui.Link{{Label: k.replayLabel, Href: l.With("replay", "all") + "#replay"}}
	default:
		if view.Bulk, err = k.question(p, l, filter); err != nil {
			return err
		}
	}
	return p.Show("log", view)
}

// send replays all that match the filters of a form.
func (k log) send(_ http.ResponseWriter, _ *http.Request, p *ui.Page) error {
	l := p.FilteredBy(k.href(), k.names)
	filter := k.filter(l)
	if filter == "" {
		return p.Refuse(http.StatusBadRequest, k.allTitle, k.allText)
	}
	return k.replay(p, l, filter)
}
