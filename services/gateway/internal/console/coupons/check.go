package coupons

import (
	"net/http"
	"strings"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
	"github.com/couponlink/couponlink/services/internal/resource"
)

// couponCheck is what can be said of a coupon while it is typed.
type couponCheck struct {
	// CodeFault is what is wrong with the code, Suggestion a code that would be right.
	CodeFault, Suggestion string
	// CodeGood says that nothing is.
	CodeGood string
	// Shared warns of others who have the code on the offer.
	Shared string
	// OfferFault and PublisherFault are what is wrong with them.
	OfferFault, PublisherFault string
	// Approval is what saving does with the publisher's approval.
	Approval string
}

// checkCoupon answers what can be said of a coupon before it is saved. Only scripts ask.
func checkCoupon(_ http.ResponseWriter, r *http.Request, p *ui.Page) error {
	query := r.URL.Query()
	found := check(p, ui.Trimmed(query, "code"), ui.Trimmed(query, "offer"), ui.Trimmed(query, "publisher"))
	return p.Part("coupon-new", "check", newCouponForm{Check: found})
}

// check asks the services about a coupon. What they do not answer is left to Save.
func check(p *ui.Page, code, offer, publisher string) couponCheck {
	var found, approval couponCheck
	var calls errgroup.Group
	calls.Go(func() error {
		switch {
		case code == "":
		case resource.IsID(offer) && resource.IsID(publisher):
			found = checkWhole(p, code, offer, publisher)
		default:
			found = checkCode(p, code)
		}
		return nil
	})
	if resource.IsID(offer) && resource.IsID(publisher) {
		calls.Go(func() error {
			approval.Approval = checkApproval(p, offer, publisher)
			return nil
		})
	}
	_ = calls.Wait() // no check returns an error
	if found.PublisherFault == "" && found.OfferFault == "" {
		found.Approval = approval.Approval
	}
	return found
}

// checkWhole lets the service try the coupon, and store nothing.
func checkWhole(p *ui.Page, code, offer, publisher string) couponCheck {
	ctx := p.Request.Context()
	resp, err := p.Coupons().BatchCreateCoupons(ctx, &couponv1.BatchCreateCouponsRequest{
		Parent: resource.Offer(offer), ValidateOnly: true,
		Requests: []*couponv1.CreateCouponRequest{{Coupon: &couponv1.Coupon{Code: code, Publisher: resource.Publisher(publisher)}}},
	})
	if err != nil || len(resp.GetResults()) != 1 {
		return couponCheck{}
	}
	result := resp.GetResults()[0]
	if fault := result.GetFault(); fault != nil {
		text := p.Told(strings.TrimPrefix(fault.GetMessage(), fault.GetField()+": "))
		switch ui.FieldOfWord(fault.GetReason()) {
		case "code":
			return couponCheck{CodeFault: text, Suggestion: fault.GetSuggestion()}
		case "offer":
			return couponCheck{OfferFault: text}
		case "publisher":
			return couponCheck{PublisherFault: text}
		}
		return couponCheck{}
	}
	found := couponCheck{CodeGood: "This code is free."}
	if sharers := result.GetCoupon().GetSharedWith(); len(sharers) > 0 {
		found.CodeGood = ""
		found.Shared = sharedText(p.NamesOf(ctx, nil, sharers).List(sharers), len(sharers))
	}
	return found
}

// sharedText warns of a code that several publishers have on one offer.
func sharedText(sharers string, count int) string {
	return sharers + " " + format.Plural(int64(count), "has", "have") + " this code on this offer too. " +
		"A sale that comes with the code alone cannot be told apart then: it needs a click, or the publisher in the postback."
}

// checkCode checks a code alone, as long as it is not known what it is for.
func checkCode(p *ui.Page, code string) couponCheck {
	_, err := p.Coupons().ValidateCoupon(p.Request.Context(), &couponv1.ValidateCouponRequest{Code: code})
	if status.Code(err) != codes.InvalidArgument {
		return couponCheck{}
	}
	errs, _ := p.ErrorsOf(err, "code")
	return couponCheck{CodeFault: strings.TrimSpace(errs["code"] + " " + errs[""]), Suggestion: ui.MetadataOf(err, "suggestion")}
}

// checkApproval says what saving a coupon does with the publisher's approval; nothing if it has it.
func checkApproval(p *ui.Page, offer, publisher string) string {
	ctx := p.Request.Context()
	standing, err := p.Approvals().GetApproval(ctx, &couponv1.GetApprovalRequest{Name: resource.Approval(offer, publisher)})
	if err != nil && status.Code(err) != codes.NotFound {
		return ""
	}
	if state := standing.GetState(); state == couponv1.Approval_APPROVED || state == couponv1.Approval_BLOCKED {
		return "" // of a blocked one the check of the whole tells
	}
	return p.PublisherName(ctx, publisher) + " is not yet approved on this offer, and will be approved when you save the coupon."
}
