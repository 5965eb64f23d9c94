package console

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
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
func changeSelected(_ http.ResponseWriter, r *http.Request, p *page) error {
	keys, back := r.PostForm["keys"], ownPath(r.URL.Query().Get("back"))
	if len(keys) == 0 {
		return p.done(back, toast{Text: "Select coupons first.", IsError: true})
	}
	switch do := r.PostFormValue("do"); do {
	case "archive", "extend":
		p.goTo(at("coupons", do) + "?" + url.Values{"keys": keys, "back": {back}}.Encode())
		return nil
	case "enable", "disable":
		return p.setEnabled(keys, do == "enable", back)
	default:
		return p.refuse(http.StatusBadRequest, "This cannot be done", "There is no such action.")
	}
}

func (p *page) setEnabled(keys []string, enabled bool, back string) error {
	found, err := p.couponsNamed(p.r.Context(), keys)
	if err != nil {
		return err
	}
	found = slices.DeleteFunc(found, func(c *couponv1.Coupon) bool { return c.GetEnabled() == enabled })
	changed, faults := p.changeCoupons(found, []string{"enabled"}, func(c *couponv1.Coupon) { c.Enabled = &enabled })
	word := "disabled"
	if enabled {
		word = "enabled"
	}
	return p.done(back, bulkToast(word, changed, faults, back))
}

// bulkToast says what became of a selection. changed are the coupons as they were before.
func bulkToast(word string, changed []*couponv1.Coupon, faults []string, back string) toast {
	t := toast{Text: countOf(len(changed), "coupon", "coupons") + " " + word + "."}
	if len(changed) == 0 {
		t.Text = "No coupon changed: they are " + word + " already, or archived."
	}
	if len(faults) > 0 {
		t.IsError = true
		t.Text = countOf(len(changed), "coupon", "coupons") + " " + word + ", " + format.Number(int64(len(faults))) + " could not be: " +
			strings.Join(faults[:min(len(faults), maxToldFaults)], " ")
	}
	if kept := packed(changed); len(changed) > 0 && len(kept) <= maxPackedBytes {
		t.Undo = &undo{Action: at("coupons", "restore"), Fields: map[string]string{"before": kept, "back": back}}
	}
	return t
}

// countOf writes how many there are of something.
func countOf(n int, one, several string) string {
	return format.Number(int64(n)) + " " + plural(int64(n), one, several)
}

// couponsNamed returns those coupons of a selection that there are, by as few calls as can be.
func (p *page) couponsNamed(ctx context.Context, keys []string) ([]*couponv1.Coupon, error) {
	if len(keys) > maxSelected {
		return nil, p.refuse(http.StatusBadRequest, "These are too many", "Select at most 1,000 coupons at a time.")
	}
	var terms []string
	for _, key := range keys {
		offer, id, _ := strings.Cut(strings.TrimPrefix(key, "offers/"), "/coupons/")
		publisher, code, isKey := strings.Cut(id, ".")
		if isKey {
			terms = append(terms, "(offer = "+quoted(offer)+" AND publisher = "+quoted(publisher)+" AND code = "+quoted(code)+")")
		}
	}
	var found []*couponv1.Coupon
	var mu sync.Mutex
	calls, ctx := errgroup.WithContext(ctx)
	for _, filter := range anyOf(terms) {
		calls.Go(func() error {
			resp, err := p.couponService().ListCoupons(ctx, &couponv1.ListCouponsRequest{
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
func (p *page) changeCoupons(all []*couponv1.Coupon, mask []string, change func(*couponv1.Coupon)) (changed []*couponv1.Coupon, faults []string) {
	return p.eachCoupon(all, func(ctx context.Context, c *couponv1.Coupon) error {
		next := proto.CloneOf(c)
		change(next)
		_, err := p.couponService().UpdateCoupon(ctx, &couponv1.UpdateCouponRequest{Coupon: next, UpdateMask: &fieldmaskpb.FieldMask{Paths: mask}})
		return err
	})
}

// eachCoupon does something with several coupons that are not archived, side by side.
func (p *page) eachCoupon(all []*couponv1.Coupon, do func(context.Context, *couponv1.Coupon) error) (done []*couponv1.Coupon, faults []string) {
	var mu sync.Mutex
	var calls errgroup.Group
	calls.SetLimit(changesAtOnce)
	for _, c := range all {
		if c.GetState() == couponv1.Coupon_ARCHIVED {
			continue
		}
		calls.Go(func() error {
			err := do(p.r.Context(), c)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				done = append(done, c)
			} else {
				faults = append(faults, c.GetCode()+": "+unlinked(p.told(status.Convert(err).Message())))
			}
			return nil
		})
	}
	_ = calls.Wait() // no call returns an error: each has its own place
	return done, faults
}

// selectionView is the page of a selection: what it is, and what is to be done with it.
type selectionView struct {
	Form  form
	Table table
}

// selection returns the coupons that the page's address or form names, and where to go back to.
func (p *page) selection(values url.Values) (found []*couponv1.Coupon, back string, err error) {
	found, err = p.couponsNamed(p.r.Context(), values["keys"])
	found = slices.DeleteFunc(found, func(c *couponv1.Coupon) bool { return c.GetState() == couponv1.Coupon_ARCHIVED })
	back = ownPath(values.Get("back"))
	if back == Root {
		back = at("coupons")
	}
	return found, back, err
}

// showSelection shows what is selected, with a form below that keeps the selection in its address.
func (p *page) showSelection(httpStatus int, f form, found []*couponv1.Coupon, back string) error {
	p.Section, p.Crumbs = "offers", []link{{Label: "Offers", Href: at("offers")}, {Label: "Coupons", Href: back}}
	f.Cancel = back
	offers, publishers := []string{}, []string{}
	for _, c := range found {
		offers, publishers = append(offers, c.GetOffer()), append(publishers, c.GetPublisher())
	}
	called := p.namesOf(p.r.Context(), offers, publishers)
	t := table{
		ID: "selection", Caption: "Selected coupons", Columns: []column{{Label: "Code"}, {Label: "Offer"}, {Label: "Publisher"}, {Label: "State"}, {Label: "Expiration"}},
		Empty: empty{Title: "Nothing is selected", Text: "Select coupons in the table first. Archived ones do not change any more.", Action: &link{Label: "To the coupons", Href: back}},
	}
	for _, c := range found {
		end := cell{Text: "Never"}
		if c.GetExpireTime() != nil {
			end = cell{Time: lastMoment(c)}
		}
		t.Rows = append(t.Rows, row{Cells: []cell{
			{Text: c.GetCode(), Href: couponHref(c)},
			{Text: called.of(c.GetOffer())},
			{Text: called.of(c.GetPublisher())},
			{Badge: stateBadge(c.GetState().String())},
			end,
		}})
	}
	return p.showAs(httpStatus, "coupon-selection", selectionView{Form: f, Table: t})
}

func askArchive(_ http.ResponseWriter, r *http.Request, p *page) error {
	found, back, err := p.selection(r.URL.Query())
	if err != nil {
		return err
	}
	p.Title = "Archive " + countOf(len(found), "coupon", "coupons")
	p.Lead = "An archived coupon has ended for good: its code earns nothing any more, and stays taken. This cannot be undone. To end a coupon for now, disable it."
	return p.showSelection(http.StatusOK, form{
		ID: "archive-form", Action: p.Path(), Save: "Archive for good",
	}, found, back)
}

func archiveSelected(_ http.ResponseWriter, r *http.Request, p *page) error {
	found, back, err := p.selection(r.URL.Query())
	if err != nil {
		return err
	}
	done, faults := p.eachCoupon(found, func(ctx context.Context, c *couponv1.Coupon) error {
		_, err := p.couponService().ArchiveCoupon(ctx, &couponv1.ArchiveCouponRequest{Name: c.GetName()})
		return err
	})
	t := bulkToast("archived", done, faults, back)
	t.Undo = nil
	return p.done(back, t)
}

func askExtend(_ http.ResponseWriter, r *http.Request, p *page) error {
	found, back, err := p.selection(r.URL.Query())
	if err != nil {
		return err
	}
	return p.showExtend(http.StatusOK, found, back, field{Value: r.URL.Query().Get("expire_time")})
}

func (p *page) showExtend(httpStatus int, found []*couponv1.Coupon, back string, typed field) error {
	p.Title = "Extend " + countOf(len(found), "coupon", "coupons")
	p.Lead = "All of them get the same new Expiration Date."
	date := expireField(typed.Value)
	date.Hint = "The last day on which they are valid."
	date.Label, date.IsRequired, date.Error, date.Autofocus = "New Expiration Date", true, typed.Error, true
	return p.showSelection(httpStatus, form{ID: "extend-form", Action: p.Path(), Save: "Save", Groups: []group{{Fields: []field{date}}}}, found, back)
}

func extendSelected(_ http.ResponseWriter, r *http.Request, p *page) error {
	found, back, err := p.selection(r.URL.Query())
	if err != nil {
		return err
	}
	typed := field{Value: trimmed(r.PostForm, "expire_time")}
	day, isDay := dayOf(typed.Value, p.zone)
	if !isDay || day.IsZero() {
		typed.Error = "Choose the last day on which the coupons shall be valid."
		return p.showExtend(http.StatusUnprocessableEntity, found, back, typed)
	}
	end := timestamppb.New(after(day))
	changed, faults := p.changeCoupons(found, []string{"expire_time"}, func(c *couponv1.Coupon) { c.ExpireTime = end })
	if len(changed) == 0 && len(faults) > 0 {
		typed.Error = strings.Join(faults[:min(len(faults), maxToldFaults)], " ")
		return p.showExtend(http.StatusUnprocessableEntity, found, back, typed)
	}
	return p.done(back, bulkToast("extended to "+format.Date(day, p.zone), changed, faults, back))
}

// restoreCoupons is Undo: it gives coupons the switch and the expiration that they had before.
func restoreCoupons(_ http.ResponseWriter, r *http.Request, p *page) error {
	before, ok := unpacked(r.PostFormValue("before"))
	if !ok {
		return p.refuse(http.StatusBadRequest, "This cannot be undone any more", "Change the coupons by hand.")
	}
	changed, faults := p.changeCoupons(before, []string{"enabled", "expire_time"}, func(*couponv1.Coupon) {})
	t := toast{Text: countOf(len(changed), "coupon is", "coupons are") + " as before."}
	if len(faults) > 0 {
		t.IsError = true
		t.Text += " " + strings.Join(faults[:min(len(faults), maxToldFaults)], " ")
	}
	return p.done(ownPath(r.PostFormValue("back")), t)
}

// stampOf returns a time for the API; nil for none.
func stampOf(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}
