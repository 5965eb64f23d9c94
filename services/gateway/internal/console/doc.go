// Package console is the web console: server-rendered pages at /console/ for the people who run an
// affiliate program. It speaks only the services' gRPC contracts, and every page works without scripts;
// htmx and a few small modules make them nicer.
//
// Only the gateway imports it.
//
// # Adding a page
//
// A page is one Go file and one template. publishers.go and templates/pages/publishers.html are the model
// of a list, offers.go and offer-settings.html of a tab with a form.
//
//  1. Write the handler, func(w, r, p *page) error, and list it in a table of its own, thingRoutes(), with
//     get and post; add the table to routes in route.go. Paths are below /console/, as http.ServeMux has
//     them. post asks session.may(change); no form needs a token, since Console.sameOrigin refuses other sites'.
//  2. In the handler call a service with r.Context(), by p.offers, p.publishers or a client made in New
//     from c.coupon or c.tracking (which carry the admin key). Return its errors as they are: they become
//     pages, or toasts where htmx asks (errors.go).
//  3. Set p.Title, p.Section (the menu entry's path), and as needed p.Crumbs, p.Lead, p.Actions, p.Tabs;
//     then return p.show("file-name-without-html", view).
//  4. The template file defines "content". Its data is the *page: .View is the view.
//
// The menu, the tabs of Offers (offersTabs) and those of Offer Detail (offerTabs, offerPage) list all
// planned pages already; an entry shows as soon as the route table has its path: "" (Overview),
// coupons, offers/{offer}/coupons, offers/{offer}/publishers, offers/{offer}/postback,
// reports/conversions, reports/postbacks, reports/deliveries, tools/scan.
//
// # Parts of pages
//
// When htmx asks with a target that has an id, and the page's file defines a template of that name, show
// answers with that template alone, toasts included: so a list's template is
//
//	{{define "content"}}{{template "toolbar" .View.Toolbar}}{{template "things-table" .}}{{end}}
//	{{define "things-table"}}{{template "table" .View.Table}}{{end}}
//
// with table.ID "things-table", and search, sorting and paging replace only the table. The handler does
// nothing for it. htmx 4 inherits no attributes: write hx-target on each element, or hx-target:inherited
// on the one above. No hx-on, no js: values, no trigger filters in brackets: the policy forbids eval. p.part
// renders one template alone, for what only scripts ask for (pick.go).
//
// # Pieces
//
// Go structs with a template each; their doc comments say all fields.
//
//   - list (list.go): a list's state in its address: listOf(sorts...), Get, OrderBy, PageToken, column,
//     pager, isFiltered; filters by search, quoted, and.
//   - table, column, row, cell, badge, button, bulk, empty (table.go): {{template "table" .View.Table}}. Checked
//     rows arrive as r.PostForm["keys"], the
//     button as r.PostFormValue("do").
//   - toolbar (list.go): search box and selects above a table; {{template "toolbar" .View.Toolbar}}.
//   - form, group, field, choice (field.go): {{template "form" .View.Form}}, or a
//     field alone: {{template "field" .View.Code}}. Kinds: text, code, url, number, date, textarea, select,
//     checkbox, password, picker. Build a form from url.Values, so that stored and typed values go one way.
//     payoutFields, setPayout and payoutOf (payoutform.go) are a payout's fields.
//   - picker: field{Kind: "picker", Name: "offer", Pick: at("pick", "offers"), Value: id, PickLabel: name}. The
//     form gets the id; without scripts it is typed. Its list closes on Escape and follows the ARIA pattern.
//   - fact: {{template "facts" .View.Facts}}. Small ones: {{template "badge" .}}, {{template "code" .Link}} (with
//     Copy), {{template "when" .Time}} (a day), {{template "moment" .Time}}, {{template "empty" .}},
//     {{template "note" (dict "Tone" "wait" "Text" "…")}}, {{template "icon" "search"}}.
//   - dialogs: <dialog id="x"> and <button data-dialog="x">; inside, <button type="button" data-close>. A form
//     with data-confirm="Question?" asks first: only for what cannot be undone.
//   - functions in templates: asset, date, dateTime, rfc3339, number, money, path, linked, dict.
//
// # Answers
//
// A form that did its work returns p.done(path, toast{Text: "…", Undo: &undo{…}}): a redirect, and the toast
// on the next page; within a part, p.toast and p.show. A refused form shows itself again with 422: call the
// service with p.saving(errs), where errs are what the console itself found; if there are any, nothing is
// stored. p.gather(errs, err, f.names()...) then adds the service's errors to their fields (form.fail). The
// same review restores a form whose session has ended (review.go, kept.go). The handler needs no code for
// this, as long as a refused call shows the form as typed. isConflict(err) is a wrong etag: show the form
// with what was typed, f.Conflict and f.compare(theirs), as saveOfferSettings does. metadataOf(err,
// "suggestion") is a refusal's further value. Services' messages go through p.told or p.worded, which replace
// times and ids with the reader's dates and linked names; templates render such texts with {{linked .Text}}.
// p.refuse makes an error page of our own words.
//
// # Scripts and styles
//
// assets/js/forms.js checks a refused field again while the user corrects it, and asks before leaving an
// edited form. assets/console.css has the colours as variables for both themes; no style or script may stand
// in a page. A page's own script is a module in assets/js, loaded by {{define "head"}}<script type="module"
// src="{{asset "js/x.js"}}"></script>{{end}} in its file; modules import each other by relative paths. uPlot
// is loaded the same way: vendor/uplot/uPlot.iife.min.js and vendor/uplot/uPlot.min.css. After htmx has
// brought new content, htmx:after:swap fires.
package console
