// Package console is the web console: server-rendered pages at /console/ for the people who run an affiliate program.
// It speaks only the services' gRPC contracts, and every page works without scripts; htmx and a few small modules make
// them nicer.
//
// This package puts it together: the subjects, the menu, sessions and headers. Package ui is the kit of all pages. Each
// subject (offers, coupons, report and so on) is a package of its own with its templates. Subjects import ui, never each
// other, and ui imports no subject: what two subjects need belongs in ui.
//
// Only the gateway imports it.
//
// # Adding a page
//
// A page is a handler and a template of a subject. publishers/publishers.go and publishers/templates/publishers.html are
// the model of a list, offers/offers.go and offers/templates/offer-settings.html of a tab with a form.
//
//  1. Write the handler, func(w, r, p *ui.Page) error, and list it in the subject's routes with ui.Get or ui.Post.
//     Paths are below /console/, as http.ServeMux has them. Forms need no token: other sites' requests never arrive.
//  2. In the handler call a service with r.Context(), by p.Offers, p.Publishers, p.Coupons() and so on (ui/kit.go), which
//     carry the admin key. Return errors as they are: they become pages, or toasts if htmx asks (ui/errors.go).
//  3. Set p.Title, p.Section (the menu entry's path), and as needed p.Crumbs, p.Lead, p.Actions, p.Tabs; then return
//     p.Show("file-name-without-html", view).
//  4. The template file, templates/NAME.html, defines "content". Its data is the *ui.Page: .View is the view.
//  5. A new subject has a Subject function (offers/subject.go) and is listed in route.go; its menu entry is in menu.go.
//
// The menu, the tabs of Offers and those of Offer Detail (ui/menu.go) show an entry if the console has its path.
//
// # Parts of pages
//
// If htmx asks with a target that has an id, and the page's file defines a template with that name, Show answers with
// that template alone, toasts included. So a list's template is
//
//	{{define "content"}}{{template "toolbar" .View.Toolbar}}{{template "things-table" .}}{{end}}
//	{{define "things-table"}}{{template "table" .View.Table}}{{end}}
//
// with Table.ID "things-table", and search, sorting and paging replace only the table. The handler does nothing for it.
// htmx 4 inherits no attributes: write hx-target on each element, or hx-target:inherited on the one above. No hx-on, no
// js: values, no trigger filters in brackets: the policy forbids eval. p.Part renders one template alone, for what only
// scripts ask for (ui/pick.go).
//
// # Pieces
//
// Go structs of ui with a template each (ui/templates/parts); their doc comments say all fields.
//
//   - List (list.go): a list's state in its address: p.ListOf(sorts...), Get, OrderBy, PageToken, Column, Pager,
//     IsFiltered; filters by Search, Quoted, And.
//   - Table, Column, Row, Cell, Badge, Button, Bulk, Empty (table.go): {{template "table" .View.Table}}. Checked rows
//     arrive as r.PostForm["keys"], the button as r.PostFormValue("do").
//   - Toolbar (list.go): search box and selects above a table; {{template "toolbar" .View.Toolbar}}.
//   - Form, Group, Field, Choice (field.go): {{template "form" .View.Form}}, or a field alone:
//     {{template "field" .View.Code}}. Kinds: text, code, url, number, date, textarea, select, checkbox, password, picker.
//     Forms show url.Values, so that stored and typed values are shown alike.
//   - Schema, Section, Property (schema.go): a resource's form in one place: each field's label, kind and hint, and how
//     it gets into the form and out of it (Text, Select, Checkbox, Count, Duration, Payout). Schema gives Groups, Values,
//     Read and the update mask. To add a field to a form, add a property: offers/form.go, coupons/form.go,
//     publishers/settings.go.
//   - A picker is a Field{Kind: "picker", Name: "offer", Pick: Href("pick", "offers"), Value: id, PickLabel: name}. The
//     form gets the id; without scripts it is typed. Its list closes on Escape and follows the ARIA pattern.
//   - Fact (table.go): {{template "facts" .View.Facts}}. Small ones: {{template "badge" .}}, {{template "code" .Link}}
//     (with Copy), {{template "when" .Time}} (a day), {{template "moment" .Time}}, {{template "empty" .}},
//     {{template "note" (dict "Tone" "wait" "Text" "…")}}, {{template "icon" "search"}}.
//   - dialogs: <dialog id="x"> and <button data-dialog="x">; inside, <button type="button" data-close>. A form with
//     data-confirm="Question?" asks first: only for what cannot be undone.
//   - functions in templates: asset, date, dateTime, rfc3339, number, money, path, linked, dict.
//
// # Answers
//
// A form that did its work returns p.Done(path, ui.Toast{Text: "…", Undo: &ui.Undo{…}}): a redirect, and the toast on
// the next page; within a part, p.Toast and p.Show. A refused form is shown again with 422: call the service with
// p.Saving(errs), where errs are what the console itself found; if there are any, nothing is stored.
// p.Gather(errs, err, f.Names()...) then adds the service's errors to their fields (Form.Fail). The same review restores
// a form whose session has ended (ui/review.go, login/kept.go). The handler needs no code for this, as long as a refused
// call shows the form as typed. ui.IsConflict(err) is a wrong etag: Form.Refused shows the form with what was typed and
// what is stored now. ui.MetadataOf(err, "suggestion") is a refusal's further value. Services' messages go through
// p.Told or p.Worded, which replace times and ids with the reader's dates and linked names; templates render such texts
// with {{linked .Text}}. p.Refuse makes an error page of our own words.
//
// # Scripts and styles
//
// assets/js/forms.js checks a refused field again while the user corrects it, and asks before leaving an edited form.
// assets/console.css has the colours as variables for both themes; no style or script may stand in a page. A page's own
// script is a module in assets/js, loaded by {{define "head"}}<script type="module" src="{{asset "js/x.js"}}"></script>
// {{end}} in its file; modules import each other by relative paths. uPlot is loaded the same way:
// vendor/uplot/uPlot.iife.min.js and vendor/uplot/uPlot.min.css. After htmx has brought new content, htmx:after:swap
// fires.
package console
