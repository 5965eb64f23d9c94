package e2e

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	// onceClients is how many clients call at the same time.
	onceClients = 6
	// sharedSales is how many sales all clients adjust. Between a call and its repetition, others change the amount.
	sharedSales = 8
	// maxRounds bounds the rounds of a client. A sale has at most 500 changes, and a shared one gets
	// onceClients*maxRounds/sharedSales.
	maxRounds = 600
	// codesPerCall is how many codes each call generates.
	codesPerCall = 5
	// answerPatience is how long a client repeats a call until it is answered.
	answerPatience = 90 * time.Second
)

// TestCrashWithRequestIDs kills the process with kill -9 while clients make calls with an Idempotency-Key each, and
// restarts it on the same data. The clients repeat each call until it is answered, and some once more. Each key must have
// exactly one effect and one answer.
func TestCrashWithRequestIDs(t *testing.T) {
	crashes := crashCount(t)
	addrs, dataDir := freeAddrs(t, 3), t.TempDir()
	s, process := startAt(t, addrs, dataDir, nil)
	p := player{system: s, transport: "rest", suite: loadSuite(t)}
	l := newOnceLoad(t, p)
	ctx, stop := context.WithCancel(t.Context())
	var clients sync.WaitGroup
	for c := range onceClients {
		clients.Go(func() { l.client(ctx, c) })
	}
	for range crashes {
		time.Sleep(time.Duration(300+rand.IntN(600)) * time.Millisecond)
		process.kill()
		_, process = startAt(t, addrs, dataDir, nil)
	}
	time.Sleep(300 * time.Millisecond)
	stop()
	clients.Wait()
	t.Logf("%d crashes: %d keys answered, %d of them again, %d requests cut off", crashes, l.answered, l.again, l.cutOff)
	l.check(t)
	l.checkCoupons(t)
	l.checkChanges(t)
	if l.cutOff == 0 || l.again == 0 {
		t.Error("no request was cut off, or none was repeated: the test shows nothing")
	}
}

// onceLoad is a load whose clients make calls with keys.
type onceLoad struct {
	*load
	// shared has the names of the sales that all clients adjust.
	shared []string
	// before has the names of the coupons that no key asked for.
	before []string

	// The mutex of load guards these.

	// coupons has the names of the coupons that the answers tell of.
	coupons []string
	// changes has the changes that were asked for, as kind and key, by the conversion's name.
	changes         map[string][]string
	answered, again int
}

func newOnceLoad(t *testing.T, p player) *onceLoad {
	t.Helper()
	l := &onceLoad{load: newLoad(p, p.prepare(t, []step{{Use: "campaign"}})), changes: map[string][]string{}}
	for i := range sharedSales {
		l.shared = append(l.shared, l.sale(fmt.Sprintf("%s-shared-%d", l.vars["case"], i)))
	}
	var err error
	if l.before, err = l.couponNames(t.Context()); err != nil || len(l.before) != 1 {
		t.Fatalf("the campaign's coupons are %q: %v", l.before, err)
	}
	return l
}

// keyed is a call with a key.
type keyed struct{ path, key, body string }

// client makes one round of calls after the other until ctx ends. It finishes the round that it has begun.
func (l *onceLoad) client(ctx context.Context, client int) {
	for n := 0; n < maxRounds && ctx.Err() == nil; n++ {
		l.round(fmt.Sprintf("%sC%dN%d", l.vars["CASE"], client, n), l.shared[(client+n)%sharedSales], 1000+n*onceClients+client)
	}
}

// round makes calls of each kind. Their repetitions come after all of them, so most find that the state has changed.
// amount differs from that of all other rounds.
func (l *onceLoad) round(id, shared string, amount int) {
	offer, publisher := "offers/"+l.vars["offer"], "publishers/"+l.vars["pub"]
	own := l.sale(id)
	adjust := func(sale, key string) keyed {
		return keyed{sale + ":adjust", key, fmt.Sprintf(`{"amount": {"units": "%d", "currencyCode": "USD"}, "actor": %q}`, amount, key)}
	}
	create := keyed{offer + "/coupons", id + "-create", fmt.Sprintf(`{"code": %q, "publisher": %q}`, id, publisher)}
	generate := keyed{offer + "/coupons:generate", id + "-generate", fmt.Sprintf(`{"coupon": {"publisher": %q}, "count": %d, "prefix": %q}`, publisher, codesPerCall, id+"G")}
	approve := keyed{own + ":approve", id + "-approve", fmt.Sprintf(`{"actor": %q}`, id+"-approve")}
	answers := map[keyed]answer{}
	for _, call := range []keyed{create, generate, approve, adjust(own, id+"-own"), adjust(shared, id+"-shared")} {
		answers[call] = l.call(call)
	}
	l.note(answers[create], answers[generate], generate.key)
	l.mu.Lock()
	l.answered += len(answers)
	l.changes[own] = append(l.changes[own], "APPROVE "+approve.key, "ADJUST "+id+"-own")
	l.changes[shared] = append(l.changes[shared], "ADJUST "+id+"-shared")
	l.mu.Unlock()
	for call, first := range answers {
		if rand.IntN(3) > 0 {
			continue
		}
		second := l.call(call)
		l.mu.Lock()
		l.again++
		if second.text != first.text {
			l.wrong = append(l.wrong, fmt.Sprintf("%s was answered with\n%s\nand then with\n%s", call.key, first.text, second.text))
		}
		l.mu.Unlock()
	}
}

// note keeps the names of the coupons that the answers to a create and a generation tell of.
func (l *onceLoad) note(created, generated answer, key string) {
	coupon, _ := created.value.(map[string]any)
	series, _ := generated.value.(map[string]any)
	codes, _ := series["codes"].([]any)
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(codes) != codesPerCall {
		l.wrong = append(l.wrong, fmt.Sprintf("%s generated %d codes: %s", key, len(codes), generated.text))
	}
	l.coupons = append(l.coupons, fmt.Sprint(coupon["name"]))
	for _, code := range codes {
		l.coupons = append(l.coupons, fmt.Sprintf("offers/%s/coupons/%s.%s", l.vars["offer"], l.vars["pub"], code))
	}
}

// sale reports a sale until it is acknowledged, and returns the conversion's name.
func (l *onceLoad) sale(transaction string) string {
	for start := time.Now(); !l.send(context.Background(), transaction) && time.Since(start) < answerPatience; {
		time.Sleep(20 * time.Millisecond)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.acknowledged[transaction]
}

// call repeats a call with its key until it is answered. A request that is cut off may have taken effect.
func (l *onceLoad) call(c keyed) answer {
	for start := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		r, err := http.NewRequest(http.MethodPost, l.vars["base"]+"/v1/"+c.path, strings.NewReader(c.body))
		if err != nil {
			panic(err) // the URL is ours
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+l.player.system.key)
		r.Header.Set("Idempotency-Key", c.key)
		a, err := doHTTP(l.player.system.client, r)
		if err == nil && a.httpStatus == http.StatusOK {
			return a
		}
		l.mu.Lock()
		if err != nil {
			l.cutOff++
		}
		final := err == nil && a.httpStatus != http.StatusServiceUnavailable || time.Since(start) > answerPatience
		if final {
			l.wrong = append(l.wrong, fmt.Sprintf("%s: %d %s %v", c.key, a.httpStatus, a.text, err))
		}
		l.mu.Unlock()
		if final {
			return a
		}
	}
}

// checkCoupons checks that the offer has the coupons that the answers tell of, and no other.
func (l *onceLoad) checkCoupons(t *testing.T) {
	t.Helper()
	stored, err := l.couponNames(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	compare(t, "the offer's coupons", stored, append(l.coupons, l.before...))
}

// checkChanges checks that each conversion has one change for each key, and no other, and that each is a client's.
func (l *onceLoad) checkChanges(t *testing.T) {
	t.Helper()
	stored, err := l.stored(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	compare(t, "the sales", slices.Collect(maps.Keys(stored)), slices.Collect(maps.Keys(l.acknowledged)))
	for _, name := range l.acknowledged {
		var changes []string
		err := l.player.play(t.Context(), []step{{
			Call: "tracking.v1.ConversionService/GetConversion", Request: map[string]any{"name": name},
			collect: func(value any) error {
				conversion, _ := value.(map[string]any)
				list, _ := conversion["changes"].([]any)
				for _, c := range list {
					change, _ := c.(map[string]any)
					changes = append(changes, fmt.Sprint(change["kind"], " ", change["actor"]))
				}
				return nil
			},
		}}, maps.Clone(l.vars))
		if err != nil {
			t.Fatal(err)
		}
		compare(t, "the changes of "+name, changes, l.changes[name])
	}
}

// couponNames returns the names of all coupons of the load's offer.
func (l *onceLoad) couponNames(ctx context.Context) (names []string, err error) {
	v := maps.Clone(l.vars)
	v["token"] = ""
	for {
		err := l.player.play(ctx, []step{{
			Call:    "coupon.v1.CouponService/ListCoupons",
			Request: map[string]any{"parent": "offers/${offer}", "pageSize": 1000, "pageToken": "${token}"},
			collect: func(value any) error {
				page, _ := value.(map[string]any)
				coupons, _ := page["coupons"].([]any)
				for _, c := range coupons {
					coupon, _ := c.(map[string]any)
					names = append(names, fmt.Sprint(coupon["name"]))
				}
				v["token"], _ = page["nextPageToken"].(string)
				return nil
			},
		}}, v)
		if err != nil || v["token"] == "" {
			return names, err
		}
	}
}

// compare checks that two lists have the same texts, each as often.
func compare(t *testing.T, what string, got, want []string) {
	t.Helper()
	surplus := map[string]int{}
	for _, text := range got {
		surplus[text]++
	}
	for _, text := range want {
		surplus[text]--
	}
	for text, n := range surplus {
		if n != 0 {
			t.Errorf("%s: %s is there %+d times more than asked for", what, text, n)
		}
	}
}
