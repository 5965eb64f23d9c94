package partnerhttp

import (
	"net/http"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/shopperpage"
	"github.com/couponlink/couponlink/services/tracking/internal/app/clicks"
)

// serveShopper answers a visit whose link leads nowhere: 404, or 503 if it may work later.
func serveShopper(pages *shopperpage.Pages, w http.ResponseWriter, r *http.Request, fault error) {
	if httpStatus(fault) == http.StatusServiceUnavailable {
		pages.Busy(w, r)
		return
	}
	pages.Write(w, http.StatusNotFound, shopperTextFor(fault))
}

// shopperTextFor returns the text that a shopper reads about a fault.
func shopperTextFor(fault error) shopperpage.Text {
	e := apperr.As(fault)
	switch {
	case e != nil && e.Reason == clicks.CodeNotFound:
		return shopperpage.Text{
			Title: "This code is not known", Text: "Nothing was found for the code in this link.",
			Advice: []string{
				"Check the spelling: the code is at the end of the address.",
				"If you copied the link from a message, make sure that you copied all of it.",
				"Ask the person or page that gave you the code for a new link.",
			},
		}
	case e != nil && e.Reason == clicks.CodeShared:
		return shopperpage.Text{
			Title: "This link is too short", Text: "More than one offer has this code, so the code alone does not say where to go.",
			Advice: []string{
				"Ask the person or page that gave you the code for the full link.",
				"If you know the shop, go there and enter the code at checkout.",
			},
		}
	default:
		return shopperpage.Text{
			Title: "This link does not work", Text: "The offer behind it has ended, or a part of the address is missing.",
			Advice: []string{
				"If you copied the link from a message, make sure that you copied all of it.",
				"Go back to where you found the link and open it from there.",
				"If you know the shop, go there and enter your code at checkout.",
			},
		}
	}
}
