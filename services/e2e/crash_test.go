package e2e

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
)

const (
	// crashesVariable is the environment variable with the number of crashes.
	crashesVariable = "COUPONLINK_E2E_CRASHES"
	defaultCrashes  = 3
	postbackWorkers = 32
	clickWorkers    = 4
	// maxClicksChecked bounds the clicks that are checked one by one at the end.
	maxClicksChecked = 1000
)

// TestCrash kills the process with kill -9 while workers send postbacks and clicks, and restarts it on the same data.
// Every acknowledged sale must be there exactly once, and every redirected click must be known.
func TestCrash(t *testing.T) {
	crashes := crashCount(t)
	addrs, dataDir := freeAddrs(t, 3), t.TempDir()
	s, process := startAt(t, addrs, dataDir, nil)
	p := player{system: s, transport: "rest", suite: loadSuite(t)}
	load := newLoad(p, p.prepare(t, []step{{Use: "campaign"}}))
	ctx, stop := context.WithCancel(t.Context())
	done := load.start(ctx)
	for range crashes {
		time.Sleep(time.Duration(300+rand.IntN(600)) * time.Millisecond)
		process.kill()
		_, process = startAt(t, addrs, dataDir, nil)
	}
	time.Sleep(300 * time.Millisecond)
	stop()
	done.Wait()
	t.Logf("%d crashes: %d sales acknowledged, %d clicks redirected, %d requests cut off", crashes, len(load.acknowledged), len(load.clicks), load.cutOff)
	load.check(t)
	load.checkFigures(t)
	if load.cutOff == 0 {
		t.Error("no request was cut off: the crashes hit nothing")
	}
}

// crashCount returns how often to kill the process.
func crashCount(t *testing.T) int {
	t.Helper()
	text := os.Getenv(crashesVariable)
	if text == "" {
		return defaultCrashes
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s is %q, not a number of crashes", crashesVariable, text)
	}
	return n
}

// checkFigures checks that the summaries count everything stored, once.
func (l *load) checkFigures(t *testing.T) {
	t.Helper()
	stored, err := l.stored(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	reports := trackingv1.NewReportServiceClient(dialWithKey(t, l.player.system.addrs[2]))
	var figures *trackingv1.Figures
	for start := time.Now(); time.Since(start) < 2*time.Second; time.Sleep(100 * time.Millisecond) {
		summary, err := reports.SummarizeConversions(t.Context(), &trackingv1.SummarizeConversionsRequest{Filter: "offer = " + l.vars["offer"]})
		if err != nil {
			t.Fatal(err)
		}
		if figures = summary.GetTotals(); figures.GetConversions() == int64(len(stored)) {
			break
		}
	}
	if figures.GetConversions() != int64(len(stored)) || figures.GetClicks() < int64(len(l.clicks)) {
		t.Errorf("the summary has %d sales and %d clicks, want %d and at least %d", figures.GetConversions(), figures.GetClicks(), len(stored), len(l.clicks))
	}
	recount, err := reports.RecountSummaries(t.Context(), &trackingv1.RecountSummariesRequest{ValidateOnly: true})
	if err != nil || recount.GetDiffering() != 0 || recount.GetCounted() == 0 {
		t.Errorf("counted anew, %d of %d figures differ (%v): %v", recount.GetDiffering(), recount.GetCounted(), err, recount.GetDifferences())
	}
}

// load is a stream of postbacks and clicks, with their answers.
type load struct {
	player player
	vars   vars

	mu sync.Mutex
	// acknowledged has the conversion's name by transaction id.
	acknowledged map[string]string
	// first counts, by transaction id, the answers that the sale is new.
	first  map[string]int
	clicks []string
	// cutOff counts the requests that got no answer.
	cutOff int
	// wrong has answers that must not occur.
	wrong []string
}

func newLoad(p player, v vars) *load {
	return &load{player: p, vars: v, acknowledged: map[string]string{}, first: map[string]int{}}
}

// start runs the workers until ctx ends.
func (l *load) start(ctx context.Context) *sync.WaitGroup {
	var group sync.WaitGroup
	for w := range postbackWorkers {
		group.Go(func() { l.report(ctx, w) })
	}
	for range clickWorkers {
		group.Go(func() { l.visit(ctx) })
	}
	return &group
}

// report sends one sale after the other. Like an advertiser, it repeats each until it is acknowledged, and some once
// more after that.
func (l *load) report(ctx context.Context, worker int) {
	for n := 0; ctx.Err() == nil; n++ {
		transaction := fmt.Sprintf("%s-w%d-%d", l.vars["case"], worker, n)
		for ctx.Err() == nil && !l.send(ctx, transaction) {
			_ = sleep(ctx, 20*time.Millisecond) // the loop sees the end of ctx
		}
		if n%5 == 0 && ctx.Err() == nil {
			l.send(ctx, transaction)
		}
	}
}

// send reports a sale, and returns whether it was acknowledged.
func (l *load) send(ctx context.Context, transaction string) bool {
	form := url.Values{"coupon_code": {l.vars["code"]}, "token": {l.vars["token"]}, "transaction_id": {transaction}, "amount": {"10"}}
	// Wait for the answer of a request that was sent: it counts.
	r, err := http.NewRequestWithContext(context.WithoutCancel(ctx), http.MethodPost, l.vars["base"]+"/postback", strings.NewReader(form.Encode()))
	if err != nil {
		panic(err) // the URL is ours
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	a, err := doHTTP(l.player.system.client, r)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.cutOff++
		return false
	}
	answer, _ := a.value.(map[string]any)
	outcome, conversion := fmt.Sprint(answer["outcome"]), fmt.Sprint(answer["conversion"])
	known, seen := l.acknowledged[transaction]
	switch {
	case a.httpStatus == http.StatusServiceUnavailable:
		return false // nothing was stored, so it is sent again
	case a.httpStatus != http.StatusOK, outcome != "ATTRIBUTED" && outcome != "DUPLICATE", seen && conversion != known:
		l.wrong = append(l.wrong, fmt.Sprintf("%s (%s): %d %s", transaction, known, a.httpStatus, a.text))
		return true
	}
	if outcome == "ATTRIBUTED" {
		l.first[transaction]++
	}
	l.acknowledged[transaction] = conversion
	return true
}

// visit clicks until ctx ends, at the pace of a busy link.
func (l *load) visit(ctx context.Context) {
	for sleep(ctx, 5*time.Millisecond) == nil {
		r, err := http.NewRequestWithContext(context.WithoutCancel(ctx), http.MethodGet, l.vars["link"], nil)
		if err != nil {
			panic(err) // the URL is the product's own
		}
		r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) Firefox/142.0")
		a, err := doHTTP(l.player.system.client, r)
		if err != nil || a.httpStatus != http.StatusFound {
			continue
		}
		location, err := url.Parse(a.header.Get("Location"))
		l.mu.Lock()
		if err != nil {
			l.wrong = append(l.wrong, err.Error())
		} else {
			l.clicks = append(l.clicks, location.Query().Get("cid"))
		}
		l.mu.Unlock()
	}
}

// check compares the answers with what is stored.
func (l *load) check(t *testing.T) {
	t.Helper()
	for _, wrong := range l.wrong {
		t.Errorf("a wrong answer: %s", wrong)
	}
	stored, err := l.stored(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for transaction, names := range stored {
		if len(names) != 1 {
			t.Errorf("%s is stored %d times: %v", transaction, len(names), names)
		}
	}
	for transaction, name := range l.acknowledged {
		if len(stored[transaction]) == 0 {
			t.Errorf("%s was acknowledged as %s and is not stored", transaction, name)
		} else if stored[transaction][0] != name {
			t.Errorf("%s was acknowledged as %s and is stored as %s", transaction, name, stored[transaction][0])
		}
		if l.first[transaction] > 1 {
			t.Errorf("%s was new %d times", transaction, l.first[transaction])
		}
	}
	if err := l.checkClicks(t.Context()); err != nil {
		t.Error(err)
	}
}

// stored returns the names of all conversions of the load's offer, by transaction id.
func (l *load) stored(ctx context.Context) (map[string][]string, error) {
	stored := map[string][]string{}
	v := maps.Clone(l.vars)
	v["token"] = ""
	for {
		err := l.player.play(ctx, []step{{
			Call:    "tracking.v1.ConversionService/ListConversions",
			Request: map[string]any{"filter": `offer = "offers/${offer}"`, "pageSize": 1000, "pageToken": "${token}", "orderBy": "create_time"},
			collect: func(value any) error {
				page, _ := value.(map[string]any)
				conversions, _ := page["conversions"].([]any)
				for _, c := range conversions {
					fields, _ := c.(map[string]any)
					transaction := fmt.Sprint(fields["transactionId"])
					stored[transaction] = append(stored[transaction], fmt.Sprint(fields["name"]))
				}
				v["token"], _ = page["nextPageToken"].(string)
				return nil
			},
		}}, v)
		if err != nil || v["token"] == "" {
			return stored, err
		}
	}
}

// checkClicks reports a test sale for each click. A lost click would not be credited.
func (l *load) checkClicks(ctx context.Context) error {
	clicks := l.clicks
	if len(clicks) > maxClicksChecked {
		// The last clicks before each crash are the most likely to be lost, but nobody knows which they are. So check a
		// random part.
		rand.Shuffle(len(clicks), func(i, j int) { clicks[i], clicks[j] = clicks[j], clicks[i] })
		clicks = clicks[:maxClicksChecked]
	}
	var lost []error
	for _, click := range clicks {
		v := maps.Clone(l.vars)
		v["click"] = click
		err := l.player.play(ctx, []step{{
			HTTP:        "GET /postback?click_id=${click}&token=${token}&test=1",
			expectation: expectation{Response: map[string]any{"outcome": "TEST", "method": "COUPON_LINK"}},
		}}, v)
		if err != nil {
			lost = append(lost, fmt.Errorf("click %s is lost: %w", click, err))
		}
	}
	return errors.Join(lost...)
}
