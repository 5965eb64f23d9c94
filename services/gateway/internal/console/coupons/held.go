package coupons

import (
	"context"
	"net/http"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
	"github.com/couponlink/couponlink/services/internal/resource"
)

// mostHeld is how many held uses a coupon's page shows.
const mostHeld = 100

// heldUses are the uses of a coupon that checkouts hold now. The zero value is none.
type heldUses struct {
	// Text says how many there are; "" for none.
	Text  string
	Table ui.Table
}

// heldUsesOf returns a coupon's held uses, those that end first first. If they cannot be read, the page says so and
// shows the rest.
func heldUsesOf(ctx context.Context, p *ui.Page, c *couponv1.Coupon) heldUses {
	found, err := trackingv1.NewReservationServiceClient(p.Tracking).ListReservations(ctx, &trackingv1.ListReservationsRequest{
		Parent: c.GetName(), PageSize: mostHeld,
	})
	if err != nil {
		return heldUses{Text: "The uses that checkouts hold cannot be read now. Reload the page to try again."}
	}
	all, shown := int64(found.GetTotalSize()), int64(len(found.GetReservations()))
	if all == 0 || shown == 0 {
		return heldUses{}
	}
	held := heldUses{
		Text: format.Number(all) + " " + format.Plural(all, "use is", "uses are") + " held now. A held use counts in the limits until a sale takes it or the time is over.",
		Table: ui.Table{
			ID: "held-table", Caption: "Held uses",
			Columns: []ui.Column{{Label: "Reservation"}, {Label: "Transaction"}, {Label: "Reserved"}, {Label: "Held until"}, {Label: ""}},
		},
	}
	if shown < all {
		held.Text += " These are the " + format.Number(shown) + " that end first."
	}
	for _, r := range found.GetReservations() {
		id := ui.IDOf(r.GetName())
		held.Table.Rows = append(held.Table.Rows, ui.Row{Key: id, Cells: []ui.Cell{
			ui.CodeCell(id),
			{Text: r.GetTransactionId()},
			p.Moment(r.GetCreateTime()),
			p.Moment(r.GetExpireTime()),
			{Buttons: []ui.Button{{
				Label: "Release", Action: couponHref(c) + "/release", Fields: map[string]string{"reservation": id}, IsDanger: true,
				Confirm: "Release " + id + "? Its checkout may have promised the discount to a shopper.",
			}}},
		}})
	}
	return held
}

// releaseHeld gives a held use back.
func releaseHeld(_ http.ResponseWriter, r *http.Request, p *ui.Page) error {
	c, err := addressedCoupon(p)
	if err != nil {
		return err
	}
	released, err := trackingv1.NewReservationServiceClient(p.Tracking).ReleaseReservation(r.Context(), &trackingv1.ReleaseReservationRequest{
		Name: resource.Reservations + r.PostFormValue("reservation"),
	})
	if err != nil {
		return err
	}
	text := "Reservation released. Its use is free again."
	if released.GetState() == trackingv1.Reservation_EXPIRED {
		text = "The reservation had expired. Its use is free."
	}
	return p.Done(couponHref(c), ui.Toast{Text: text})
}
