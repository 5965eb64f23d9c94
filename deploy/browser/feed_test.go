package browser

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
)

// feedScript follows the feed at an address with the browser's own EventSource, and notes the sales in `told`.
const feedScript = `new Promise((opened, failed) => {
	window.told = []
	const feed = new EventSource(%q)
	feed.onopen = () => opened(true)
	feed.onerror = () => feed.readyState === EventSource.CLOSED && failed(new Error('the feed is closed'))
	for (const kind of ['conversion.created', 'conversion.changed']) {
		feed.addEventListener(kind, (event) => told.push({ ID: event.lastEventId, Sale: JSON.parse(event.data).conversion.transactionId }))
	}
})`

// awaitScript waits until a number of sales were told.
const awaitScript = `new Promise((done) => {
	const look = () => told.length >= %d ? done(told) : setTimeout(look, 20)
	look()
})`

// fetchScript follows the feed with fetch, which can send a key, and resolves once it has read a text.
const fetchScript = `(async () => {
	const response = await fetch(%q, { headers: { Authorization: 'Bearer %s', 'Last-Event-ID': %q } })
	const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
	let text = ''
	while (!text.includes(%q)) {
		const { done, value } = await reader.read()
		if (done) throw new Error('the feed ended after ' + text)
		text += value
	}
	reader.cancel()
	return text
})()`

// refusedScript resolves with whether the browser refuses to read the feed.
const refusedScript = `fetch(%q, { headers: { Authorization: 'Bearer %s' } }).then(() => false, () => true)`

// toldSale is a sale with the id of its event.
type toldSale struct{ ID, Sale string }

// liveFeed follows the feed of sales from a page of another origin, over a connection that breaks. No sale may be lost
// or told twice. EventSource cannot send a key, so the page's own server adds it, as a frontend's would.
func (s *suite) liveFeed(t *testing.T) {
	pages := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(`<!doctype html><html lang="en"><link rel="icon" href="data:,"><title>Live sales</title><h1>Live sales</h1></html>`))
	}))
	t.Cleanup(pages.Close)
	p := startProduct(t, s.binary, "COUPONLINK_CORS_ORIGINS="+pages.URL)
	p.program()
	proxy, resumed := keyAdder(t, p.site)
	b := s.newTab(t, pages.URL)
	b.expected = []string{"net::ERR_INCOMPLETE_CHUNKED_ENCODING", "net::ERR_CONNECTION", "net::ERR_EMPTY_RESPONSE", "blocked by CORS policy", "net::ERR_FAILED"}
	b.open("/")
	feed := "/v1/conversions:watch?filter=" + url.QueryEscape("offer = 10")

	eval[bool](b, fmt.Sprintf(feedScript, proxy.URL+feed))
	p.sell("A-1")
	first := eval[[]toldSale](b, fmt.Sprintf(awaitScript, 1))
	proxy.CloseClientConnections()
	p.sell("A-2") // before the browser connects again, which it does after a second
	p.sell("A-3")
	told := eval[[]toldSale](b, fmt.Sprintf(awaitScript, 3))
	var sales []string
	for _, sale := range told {
		sales = append(sales, sale.Sale)
	}
	if !slices.Equal(sales, []string{"A-1", "A-2", "A-3"}) {
		t.Errorf("the page was told of %q", sales)
	}
	if got := resumed(); len(got) != 1 || got[0] != first[0].ID {
		t.Errorf("the browser resumed at %q, want the event %q", got, first[0].ID)
	}

	if text := eval[string](b, fmt.Sprintf(fetchScript, p.site+feed, adminKey, first[0].ID, "A-3")); strings.Contains(text, `"A-1"`) || !strings.Contains(text, `"A-2"`) {
		t.Errorf("with fetch, after %s: %s", first[0].ID, text)
	}
	stranger := s.newTab(t, strings.Replace(pages.URL, "127.0.0.1", "localhost", 1)) // an origin that is not listed
	stranger.expected = b.expected
	stranger.open("/")
	if !eval[bool](stranger, fmt.Sprintf(refusedScript, p.site+feed, adminKey)) {
		t.Error("a page of another origin reads the feed")
	}
}

// sell records a sale of offer 10.
func (p *product) sell(transaction string) {
	p.t.Helper()
	p.api(http.MethodPost, "/v1/conversions", `{"offer": "offers/10", "transactionId": "`+transaction+`", "amount": {"currencyCode": "USD", "units": "5"}}`)
}

// keyAdder starts a server that passes requests on to a site with the admin key. resumed returns the ids with which
// browsers resumed.
func keyAdder(t *testing.T, site string) (_ *httptest.Server, resumed func() []string) {
	t.Helper()
	target, err := url.Parse(site)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var ids []string
	server := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Header.Set("Authorization", "Bearer "+adminKey)
		if id := r.In.Header.Get("Last-Event-ID"); id != "" {
			mu.Lock()
			defer mu.Unlock()
			ids = append(ids, id)
		}
	}})
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(ids)
	}
}
