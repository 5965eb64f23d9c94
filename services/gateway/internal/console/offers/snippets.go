package offers

import (
	"strings"
	"text/template"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
)

// snippet is a program that reports a sale of an offer that takes signed postbacks only.
type snippet struct {
	// ID is part of its element's id. Title is its language.
	ID, Title, Text string
}

// snippetValues are what programs need to know. An offer's id, a secret, an origin and a currency have no quotes and no
// backslashes, so they stand between quotes in every language.
type snippetValues struct{ URL, Offer, Secret, Code, Currency string }

// snippetsOf returns the programs for an offer. secret is empty if the viewer may not know it.
func snippetsOf(p *ui.Page, o *couponv1.Offer) ([]snippet, error) {
	if o.GetPostbackAuth() != couponv1.Offer_HMAC {
		return nil, nil
	}
	values := snippetValues{
		URL: origin(p) + "/postback", Offer: ui.IDOf(o.GetName()), Secret: format.OrElse(o.GetPostbackSecret(), "whsec_YOUR_SECRET"),
		Code: "SALEXYZ20", Currency: format.OrElse(o.GetCurrencyCode(), "USD"),
	}
	programs, err := template.ParseFS(snippetFiles, "snippets/*")
	if err != nil {
		return nil, err
	}
	list := []snippet{{ID: "php", Title: "PHP"}, {ID: "py", Title: "Python"}, {ID: "mjs", Title: "Node"}}
	for i := range list {
		var text strings.Builder
		if err := programs.ExecuteTemplate(&text, "postback."+list[i].ID, values); err != nil {
			return nil, err
		}
		list[i].Text = text.String()
	}
	return list, nil
}
