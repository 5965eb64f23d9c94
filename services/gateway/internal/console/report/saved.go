package report

import (
	"net/http"
	"net/url"

	"google.golang.org/protobuf/types/known/fieldmaskpb"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
	"github.com/couponlink/couponlink/services/internal/resource"
)

// savedView are the saved reports, and what can be done with this one.
type savedView struct {
	Reports []ui.Link
	// Name is the open report's; empty: none is open.
	Name string
	// State is the report's state for the forms, by path and query.
	Query string
	// SaveAction, UpdateAction and DeleteAction are where the forms go.
	SaveAction, UpdateAction, DeleteAction string
	ETag                                   string
	IsChanged                              bool
	// RevertHref drops the changes.
	RevertHref string
}

func savedViewOf(report *openReport, saved *trackingv1.ListSavedReportsResponse) savedView {
	view := savedView{SaveAction: ui.Href("reports", "saved"), Query: report.values(reportState{}).Encode(), IsChanged: report.isChanged()}
	for _, s := range saved.GetSavedReports() {
		view.Reports = append(view.Reports, ui.Link{
			Label: s.GetDisplayName(), Href: savedHref(s), IsPrimary: report.saved != nil && s.GetName() == report.saved.GetName(),
		})
	}
	if report.saved != nil {
		id := ui.IDOf(report.saved.GetName())
		view.Name, view.ETag, view.RevertHref = report.saved.GetDisplayName(), report.saved.GetEtag(), savedHref(report.saved)
		view.UpdateAction, view.DeleteAction = ui.Href("reports", "saved", id), ui.Href("reports", "saved", id, "delete")
	}
	return view
}

// savedHref opens a saved report as of the day when it is opened.
func savedHref(saved *trackingv1.SavedReport) string {
	return ui.Href("reports", "conversions") + "?saved=" + url.QueryEscape(ui.IDOf(saved.GetName()))
}

// formState is the state that a form of the page carries.
func formState(r *http.Request) reportState {
	q, err := url.ParseQuery(r.PostFormValue("query"))
	if err != nil {
		q = url.Values{}
	}
	return readState(q, defaultReport())
}

// saveReport keeps what is shown under a name.
func saveReport(_ http.ResponseWriter, r *http.Request, p *ui.Page) error {
	saved := &trackingv1.SavedReport{DisplayName: ui.Trimmed(r.PostForm, "display_name")}
	state := formState(r)
	state.toSaved(saved)
	made, err := p.SavedReports().CreateSavedReport(r.Context(), &trackingv1.CreateSavedReportRequest{SavedReport: saved})
	if err != nil {
		return reportRefused(p, err, state)
	}
	return p.Done(savedHref(made), ui.Toast{Text: "Report saved. Its address opens it again, with the days of that moment."})
}

// reportRefused leads back to the report, and says there why it was not saved.
func reportRefused(p *ui.Page, err error, state reportState) error {
	errs, ok := p.ErrorsOf(err, "display_name", "filter")
	if !ok {
		return err
	}
	report := &openReport{reportState: state, base: defaultReport()}
	text := errs["display_name"] + errs["filter"] + errs[""]
	return p.Done(report.at(state), ui.Toast{Text: "Not saved. " + text, IsError: true})
}

// updateReport makes a saved report what is shown, or gives it another name.
func updateReport(_ http.ResponseWriter, r *http.Request, p *ui.Page) error {
	saved := &trackingv1.SavedReport{Name: resource.SavedReports + r.PathValue("report"), Etag: r.PostFormValue("etag")}
	mask := &fieldmaskpb.FieldMask{Paths: []string{"columns", "filter", "order_by", "range", "start_date", "end_date", "group_by", "group_order_by"}}
	if name := ui.Trimmed(r.PostForm, "display_name"); name != "" {
		saved.DisplayName = name
		mask.Paths = append(mask.Paths, "display_name")
	}
	state := formState(r)
	state.toSaved(saved)
	made, err := p.SavedReports().UpdateSavedReport(r.Context(), &trackingv1.UpdateSavedReportRequest{SavedReport: saved, UpdateMask: mask})
	if err != nil {
		if ui.IsConflict(err) {
			report := &openReport{reportState: state, base: defaultReport()}
			return p.Done(report.at(state), ui.Toast{Text: "Somebody else has changed this saved report. Yours is below and not saved: save it under another name, or open theirs and change it.", IsError: true})
		}
		return reportRefused(p, err, state)
	}
	return p.Done(savedHref(made), ui.Toast{Text: "Saved report updated."})
}

// deleteReport removes a saved report. Undo creates it again under its id.
func deleteReport(_ http.ResponseWriter, r *http.Request, p *ui.Page) error {
	id := r.PathValue("report")
	name := resource.SavedReports + id
	stored, err := p.SavedReports().GetSavedReport(r.Context(), &trackingv1.GetSavedReportRequest{Name: name})
	if err != nil {
		return err
	}
	if _, err := p.SavedReports().DeleteSavedReport(r.Context(), &trackingv1.DeleteSavedReportRequest{Name: name, Etag: r.PostFormValue("etag")}); err != nil {
		return err
	}
	state := savedState(stored)
	report := &openReport{reportState: state, base: defaultReport()}
	return p.Done(report.at(state), ui.Toast{
		Text: "Saved report deleted.",
		Undo: &ui.Undo{Action: ui.Href("reports", "saved", id, "restore"), Fields: map[string]string{"display_name": stored.GetDisplayName(), "query": state.values(reportState{}).Encode()}},
	})
}

// restoreReport takes a deletion back.
func restoreReport(_ http.ResponseWriter, r *http.Request, p *ui.Page) error {
	saved := &trackingv1.SavedReport{DisplayName: ui.Trimmed(r.PostForm, "display_name")}
	state := formState(r)
	state.toSaved(saved)
	made, err := p.SavedReports().CreateSavedReport(r.Context(), &trackingv1.CreateSavedReportRequest{SavedReport: saved, SavedReportId: r.PathValue("report")})
	if err != nil {
		return reportRefused(p, err, state)
	}
	return p.Done(savedHref(made), ui.Toast{Text: "Saved report restored."})
}
