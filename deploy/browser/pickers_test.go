package browser

import (
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"
)

const (
	// manyChoices is how many offers, and how many publishers, the pickers are tried with.
	manyChoices = 10_000
	// pickLimitMillis is how long the server may take to answer a picker: the quickest of several answers, since the
	// machine may be busy.
	pickLimitMillis = 50
)

// manyPicks fills in Create Coupon with ten thousand offers and ten thousand publishers to pick from.
func (s *suite) manyPicks(t *testing.T) {
	p := startProduct(t, s.binary)
	began := time.Now()
	p.createMany("offers?offer_id=", "o", func(n int) string {
		return fmt.Sprintf(`{"displayName": "Campaign %05d", "landingPageUrl": "%s"}`, n, landingPage)
	})
	p.createMany("publishers?publisher_id=", "p", func(n int) string {
		return fmt.Sprintf(`{"displayName": "Partner %05d"}`, n)
	})
	t.Logf("%d offers and as many publishers took %s", manyChoices, time.Since(began).Round(time.Millisecond))
	b := s.newTab(t, p.site)
	b.logIn()
	b.open("/console/coupons/new")
	t.Run("by keyboard", func(t *testing.T) { b.on(t).picksByKeyboard() })
	t.Run("by mouse", func(t *testing.T) { b.on(t).picksByMouse() })
	t.Run("nothing matches", func(t *testing.T) { b.on(t).picksNothing() })
	t.Run("saved", func(t *testing.T) { b.on(t).savesWhatWasPicked(p) })
	t.Run("the server is quick", func(t *testing.T) { b.on(t).picksAreQuick() })
}

// createMany creates things by the REST API, many at a time.
func (p *product) createMany(path, prefix string, body func(int) string) {
	p.t.Helper()
	const workers = 64
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: workers}}
	defer client.CloseIdleConnections()
	numbers := make(chan int, manyChoices)
	for n := range manyChoices {
		numbers <- n
	}
	close(numbers)
	var all sync.WaitGroup
	var once sync.Once
	var failure error
	for range workers {
		all.Go(func() {
			for n := range numbers {
				if err := p.create(client, fmt.Sprintf("/v1/%s%s%05d", path, prefix, n), body(n)); err != nil {
					once.Do(func() { failure = err })
					return
				}
			}
		})
	}
	all.Wait()
	if failure != nil {
		p.t.Fatalf("creating %d %s: %v", manyChoices, path, failure)
	}
}

func (p *product) create(client *http.Client, path, body string) error {
	ctx, stop := context.WithTimeout(p.t.Context(), startPatience)
	defer stop()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.site+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+adminKey)
	resp, err := client.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body) // to its end, so that the connection is used again
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answered %d %s", path, resp.StatusCode, answer)
	}
	return err
}

func option(name string) want { return want{roles: []string{"option"}, text: name} }

// picksByKeyboard takes the third of the offers that a part of a name finds: 00500, 05000, 05001.
func (b *tab) picksByKeyboard() {
	b.t.Helper()
	b.fill("Offer", "Campaign 0500")
	b.see(option("Campaign 05002"))
	if b.has(option("Campaign 04999")) {
		b.t.Error("the list has an offer that does not match")
	}
	b.screenshot("picker-many")
	for _, key := range []string{kb.ArrowDown, kb.ArrowDown, kb.ArrowDown, kb.ArrowDown, kb.ArrowUp} {
		b.must("walking the list", b.key(key))
	}
	b.must("taking from the list", b.key(kb.Enter))
	b.isPicked("Offer", "Campaign 05001")
	if got := b.address(); got != "/console/coupons/new" {
		b.t.Errorf("Enter in the list led to %s", got)
	}
}

// picksByMouse takes a publisher with the mouse, having closed the list once with Escape.
func (b *tab) picksByMouse() {
	b.t.Helper()
	b.fill("Publisher", "Partner 0500")
	b.see(option("Partner 05004"))
	b.must("closing the list", b.key(kb.Escape))
	b.missing(option("Partner 05004"))
	if e := b.see(field("Publisher")); e.value != "Partner 0500" {
		b.t.Errorf("Escape left %q of what was typed", e.value)
	}
	b.pick("Publisher", "Partner 0500", "Partner 05004")
	b.isPicked("Publisher", "Partner 05004")
}

// picksNothing types a name that nobody has, and goes back to what was picked.
func (b *tab) picksNothing() {
	b.t.Helper()
	b.fill("Publisher", "Nobody of that name")
	b.see(text("Nothing found"))
	b.audit("a picker that finds nothing")
	b.pick("Publisher", "p05004", "Partner 05004")
	b.isPicked("Publisher", "Partner 05004")
}

// isPicked waits until a picker has a name and its list is closed.
func (b *tab) isPicked(label, name string) {
	b.t.Helper()
	b.missing(option("").in(want{roles: []string{"listbox"}})) // choices of other kinds have options too
	b.await(label+" to be "+name, func() (bool, string) {
		e := field(label).find(b.tree())
		return e != nil && e.value == name, fmt.Sprint(e)
	})
}

func (b *tab) savesWhatWasPicked(p *product) {
	b.t.Helper()
	b.fill("Coupon Code", "SALEXYZ20")
	b.see(text("This code is free."))
	b.press(button("Save"))
	b.see(row("SALEXYZ20"))
	status, answer, err := p.request(http.MethodGet, "/v1/offers/o05001/coupons/p05004.SALEXYZ20", "")
	if err != nil || status != http.StatusOK {
		b.t.Errorf("the coupon of what was picked: %d %s %v", status, answer, err)
	}
}

// picksAreQuick judges how long the server takes for beginnings, a part of a name, an id and nothing.
func (b *tab) picksAreQuick() {
	b.t.Helper()
	const rounds = 10
	for _, path := range []string{
		"offers?q=", "offers?q=Campaign", "offers?q=campaign+0500", "offers?q=05002", "offers?q=o05002", "offers?q=nobody",
		"publishers?q=", "publishers?q=Partner", "publishers?q=partner+0500", "publishers?q=05004", "publishers?q=nobody",
	} {
		took := math.Inf(1)
		for range rounds {
			took = min(took, eval[float64](b, `(async () => {
				const at = performance.now()
				const answer = await fetch(`+quote("/console/pick/"+path)+`, {headers: {'HX-Request': 'true'}})
				await answer.text()
				if (!answer.ok || answer.redirected) throw new Error('no answer')
				return performance.now() - at
			})()`))
		}
		b.t.Logf("%s: %.0f ms", path, took)
		if took > pickLimitMillis {
			b.t.Errorf("the server took %.0f ms for %s, want at most %d", took, path, pickLimitMillis)
		}
	}
}
