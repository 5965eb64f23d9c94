package coupons

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
	"github.com/couponlink/couponlink/services/internal/resource"
)

const (
	// changesAtOnce is how many coupons are changed side by side.
	changesAtOnce = 8
	// maxSelected bounds a selection: no page of a table is longer.
	maxSelected = 1000
	// maxToldFaults is how many coupons a message names that could not be changed.
	maxToldFaults = 3
)

// changeSelected does what the buttons below the table say. What cannot be undone, and what needs a date,
// has a page of its own.
func changeSelected(_ http.ResponseWriter, r *http.Request, p *ui.Page) error {
	keys, back := r.PostForm["keys"], ui.OwnPath(r.URL.Query().Get("back"))
	if len(keys) == 0 {
		return p.Done(back, ui.Toast{Text: "Select coupons first.", IsError: true})
	}
	switch do := r.PostFormValue("do"); do {
	case "archive", "extend":
		p.GoTo(ui.Href("coupons", do) + "?" + url.Values{"keys": keys, "back": {back}}.Encode())
		return nil
	case "enable", "disable":
		return setEnabled(p, keys, do == "enable", back)
	default:
		return p.Refuse(http.StatusBadRequest, "This cannot be done", "There is no such action.")
	}
}

func setEnabled(p *ui.Page, keys []string, enabled bool, back string) error {
	found, err := couponsNamed(p, p.Request.Context(), keys)
	if err != nil {
		return err
	}
	found = slices.DeleteFunc(found, func(c *couponv1.Coupon) bool { return c.GetEnabled() == enabled })
	changed, faults := changeCoupons(p, found, []string{"enabled"}, func(c *couponv1.Coupon) { c.Enabled = &enabled })
	word := "disabled"
	if enabled {
		word = "enabled"
	}
	return p.Done(back, bulkToast(word, changed, faults, back))
}

// bulkToast says what happened to a selection. changed are the coupons as they were before.
func bulkToast(word string, changed []*couponv1.Coupon, faults []string, back string) ui.Toast {
	t := ui.Toast{Text: format.CountOf(len(changed), "coupon", "coupons") + " " + word + "."}
	if len(changed) == 0 {
		t.Text = "No coupon changed: they are " + word + " already, or archived."
	}
	if len(faults) > 0 {
		t.IsError = true
		t.Text = format.CountOf(len(changed), "coupon", "coupons") + " " + word + ", " + format.Number(int64(len(faults))) + " could not be: " +
			strings.Join(faults[:min(len(faults), maxToldFaults)], " ")
	}
	if kept := packed(changed); len(changed) > 0 && len(kept) <= maxPackedBytes {
		t.Undo = &ui.Undo{Action: ui.Href("coupons", "restore"), Fields: map[string]string{"before": kept, "back": back}}
	}
	return t
}

// couponsNamed returns those coupons of a selection that there are, by as few calls as can be.
func couponsNamed(p *ui.Page, ctx context.Context, keys []string) ([]*couponv1.Coupon, error) {
	if len(keys) > maxSelected {
		return nil, p.Refuse(http.StatusBadRequest, "Too many coupons", "Select at most 1,000 coupons at a time.")
	}
	var terms []string
	for _, key := range keys {
		offer, id, _ := strings.Cut(strings.TrimPrefix(key, resource.Offers), "/coupons/")
		publisher, code, isKey := strings.Cut(id, ".")
		if isKey {
			terms = append(terms, "(offer = "+ui.Quoted(offer)+" AND publisher = "+ui.Quoted(publisher)+" AND code = "+ui.Quoted(code)+")")
		}
	}
	var found []*couponv1.Coupon
	var mu sync.Mutex
	calls, ctx := errgroup.WithContext(ctx)
	for _, filter := range ui.AnyOf(terms) {
		calls.Go(func() error {
			resp, err := p.Coupons().ListCoupons(ctx, &couponv1.ListCouponsRequest{
				Parent: "offers/-", Filter: filter, OrderBy: "code", PageSize: maxSelected,
			})
			mu.Lock()
			defer mu.Unlock()
			found = append(found, resp.GetCoupons()...)
			return err
		})
	}
	return found, calls.Wait()
}

// changeCoupons changes fields of several coupons, unless they are archived or have changed meanwhile, and
// returns those changed, as they were before, and what was said against the others.
func changeCoupons(p *ui.Page, all []*couponv1.Coupon, mask []string, change func(*couponv1.Coupon)) (changed []*couponv1.Coupon, faults []string) {
	return eachCoupon(p, all, func(ctx context.Context, c *couponv1.Coupon) error {
		next := proto.CloneOf(c)
		change(next)
		_, err := p.Coupons().UpdateCoupon(ctx, &couponv1.UpdateCouponRequest{Coupon: next, UpdateMask: &fieldmaskpb.FieldMask{Paths: mask}})
		return err
	})
}

// eachCoupon does something with several coupons that are not archived, side by side.
func eachCoupon(p *ui.Page, all []*couponv1.Coupon, do func(context.Context, *couponv1.Coupon) error) (done []*couponv1.Coupon, faults []string) {
	var mu sync.Mutex
	var calls errgroup.Group
	calls.SetLimit(changesAtOnce)
	for _, c := range all {
		if c.GetState() == couponv1.Coupon_ARCHIVED {
			continue
		}
		calls.Go(func() error {
			err := do(p.Request.Context(), c)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				done = append(done, c)
			} else {
				faults = append(faults, c.GetCode()+": "+ui.Unlinked(p.Told(status.Convert(err).Message())))
			}
			return nil
		})
	}
	_ = calls.Wait() // no call returns an error: each has its own place
	return done, faults
}

// selectionView is the page of a selection: what it is, and what is to be done with it.
type selectionView struct {
	Form  ui.Form
	Table ui.Table
}

// selectionOf returns the coupons that the page's address or form names, and where to go back to.
func selectionOf(p *ui.Page, values url.Values) (found []*couponv1.Coupon, back string, err error) {
	found, err = couponsNamed(p, p.Request.Context(), values["keys"])
	found = slices.DeleteFunc(found, func(c *couponv1.Coupon) bool { return c.GetState() == couponv1.Coupon_ARCHIVED })
	back = ui.OwnPath(values.Get("back"))
	if back == ui.Root {
		back = ui.Href("coupons")
	}
	return found, back, err
}

// showSelection shows what is selected, with a form below that keeps the selection in its address.
func showSelection(p *ui.Page, httpStatus int, f ui.Form, found []*couponv1.Coupon, back string) error {
	p.Section, p.Crumbs = "offers", []ui.Link{{Label: "Offers", Href: ui.Href("offers")}, {Label: "Coupons", Href: back}}
	f.Cancel = back
	offers, publishers := []string{}, []string{}
	for _, c := range found {
		offers, publishers = append(offers, c.GetOffer()), append(publishers, c.GetPublisher())
	}
	called := p.NamesOf(p.Request.Context(), offers, publishers)
	t := ui.Table{
		ID: "selection", Caption: "Selected coupons", Columns: []ui.Column{{Label: "Code"}, {Label: "Offer"}, {Label: "Publisher"}, {Label: "State"}, {Label: "Expiration"}},
		Empty: ui.Empty{Title: "Nothing is selected", Text: "Select coupons in the table first. Archived ones do not change any more.", Action: &ui.Link{Label: "To the coupons", Href: back}},
	}
	for _, c := range found {
		end := ui.Cell{Text: "Never"}
		if c.GetExpireTime() != nil {
			end = ui.Cell{Time: lastMoment(c)}
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{
			{Text: c.GetCode(), Href: couponHref(c)},
			{Text: called.Of(c.GetOffer())},
			{Text: called.Of(c.GetPublisher())},
			{Badge: ui.StateBadge(c.GetState().String())},
			end,
		}})
	}
	return p.ShowAs(httpStatus, "coupon-selection", selectionView{Form: f, Table: t})
}

func askArchive(_ http.ResponseWriter, r *http.Request, p *ui.Page) error {
	found, back, err := selectionOf(p, r.URL.Query())
	if err != nil {
		return err
	}
	p.Title = "Archive " + format.CountOf(len(found), "coupon", "coupons")
	p.Lead = "An archived coupon has ended for good: its code earns nothing any more, and stays taken. This cannot be undone. To end a coupon for now, disable it."
	return showSelection(p, http.StatusOK, ui.Form{
		ID: "archive-form", Action: p.Path(), Save: "Archive for good",
	}, found, back)
}

func archiveSelected(_ http.ResponseWriter, r *http.Request, p *ui.Page) error {
	found, back, err := selectionOf(p, r.URL.Query())
	if err != nil {
		return err
	}
	done, faults := eachCoupon(p, found, func(ctx context.Context, c *couponv1.Coupon) error {
		_, err := p.Coupons().ArchiveCoupon(ctx, &couponv1.ArchiveCouponRequest{Name: c.GetName()})
		return err
	})
	t := bulkToast("archived", done, faults, back)
	t.Undo = nil
	return p.Done(back, t)
}

func askExtend(_ http.ResponseWriter, r *http.Request, p *ui.Page) error {
	found, back, err := selectionOf(p, r.URL.Query())
	if err != nil {
		return err
	}
	return showExtend(p, http.StatusOK, found, back, ui.Field{Value: r.URL.Query().Get("expire_time")})
}

func showExtend(p *ui.Page, httpStatus int, found []*couponv1.Coupon, back string, typed ui.Field) error {
	p.Title = "Extend " + format.CountOf(len(found), "coupon", "coupons")
	p.Lead = "All of them get the same new Expiration Date."
	date := expireField(typed.Value)
	date.Hint = "The last day on which they are valid."
	date.Label, date.IsRequired, date.Error, date.Autofocus = "New Expiration Date", true, typed.Error, true
	return showSelection(p, httpStatus, ui.Form{ID: "extend-form", Action: p.Path(), Save: "Save", Groups: []ui.Group{{Fields: []ui.Field{date}}}}, found, back)
}

func extendSelected(_ http.ResponseWriter, r *http.Request, p *ui.Page) error {
	found, back, err := selectionOf(p, r.URL.Query())
	if err != nil {
		return err
	}
	typed := ui.Field{Value: ui.Trimmed(r.PostForm, "expire_time")}
	day, isDay := ui.DayOf(typed.Value, p.Zone)
	if !isDay || day.IsZero() {
		typed.Error = "Choose the last day on which the coupons are valid."
		return showExtend(p, http.StatusUnprocessableEntity, found, back, typed)
	}
	end := timestamppb.New(ui.DayAfter(day))
	changed, faults := changeCoupons(p, found, []string{"expire_time"}, func(c *couponv1.Coupon) { c.ExpireTime = end })
	if len(changed) == 0 && len(faults) > 0 {
		typed.Error = strings.Join(faults[:min(len(faults), maxToldFaults)], " ")
		return showExtend(p, http.StatusUnprocessableEntity, found, back, typed)
	}
	return p.Done(back, bulkToast("extended to "+format.Date(day, p.Zone), changed, faults, back))
}

// restoreCoupons is Undo: it gives coupons the switch and the expiration that they had before.
func restoreCoupons(_ http.ResponseWriter, r *http.Request, p *ui.Page) error {
	before, ok := unpacked(r.PostFormValue("before"))
	if !ok {
		return p.Refuse(http.StatusBadRequest, "This cannot be undone any more", "Change the coupons by hand.")
	}
	changed, faults := changeCoupons(p, before, []string{"enabled", "expire_time"}, func(*couponv1.Coupon) {})
	t := ui.Toast{Text: format.CountOf(len(changed), "coupon is", "coupons are") + " as before."}
	if len(faults) > 0 {
		t.IsError = true
		t.Text += " " + strings.Join(faults[:min(len(faults), maxToldFaults)], " ")
	}
	return p.Done(ui.OwnPath(r.PostFormValue("back")), t)
}
