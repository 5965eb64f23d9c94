package demo

import (
	_ "embed"
	"html/template"
	"net/http"
	"strings"
)

// ShopPath is the path of the sample shops. Scans call their pages like any other page.
const ShopPath = "/demo-shop/"

// deliveriesPath receives the deliveries to sample publishers.
const deliveriesPath = ShopPath + "deliveries"

//go:embed shop.html
var shopPage string

type shop struct{ ID, Name, Product, Price string }

var shops = [...]shop{
	{"aurora", "Aurora Running Shoes", "Aurora Tempo 3, for the road", "USD 129.90"},
	{"glow", "Glow & Co. Skincare", "Morning serum, 30 ml", "USD 64.00"},
	{"beanwise", "Beanwise Coffee", "Two bags a month, whole beans", "USD 24.00"},
	{"linguapal", "LinguaPal", "Three months of one language", "EUR 59.00"},
	{"northpeak", "Northpeak Outdoor", "Ridge 40 backpack", "USD 138.00"},
	{"petbox", "Petbox Monthly", "A box for one cat or dog", "USD 29.00"},
	{"lumen", "Lumen Desk Lamps", "Lumen One, brass", "USD 89.00"},
}

// shopView is the data of a shop's page.
type shopView struct {
	Path string
	// Shop is nil on the page that lists Shops.
	Shop  *shop
	Shops []shop
	// Click, Code and Publisher are values from the link.
	Click, Code, Publisher string
}

// Shop serves the sample shops, where sample links lead, and the endpoint of the sample publishers.
func Shop() http.Handler {
	page := template.Must(template.New("shop").Parse(shopPage))
	show := func(w http.ResponseWriter, view shopView) {
		header := w.Header()
		header.Set("Content-Type", "text/html; charset=utf-8")
		header.Set("Cache-Control", "no-store")
		header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("X-Robots-Tag", "noindex")
		_ = page.Execute(w, view) // if the visitor has left, nobody needs the page
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+ShopPath+"{$}", func(w http.ResponseWriter, _ *http.Request) {
		show(w, shopView{Path: ShopPath, Shops: shops[:]})
	})
	mux.HandleFunc("GET "+ShopPath+"{shop}/{page...}", func(w http.ResponseWriter, r *http.Request) {
		for _, s := range shops {
			if s.ID == r.PathValue("shop") {
				query := r.URL.Query()
				show(w, shopView{
					Path: ShopPath, Shop: &s, Click: query.Get(clickParameter), Code: strings.ToUpper(query.Get("promo")), Publisher: query.Get("src"),
				})
				return
			}
		}
		http.NotFound(w, r)
	})
	taken := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }
	mux.HandleFunc("GET "+deliveriesPath, taken)
	mux.HandleFunc("POST "+deliveriesPath, taken)
	return mux
}
