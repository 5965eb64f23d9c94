package e2e

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/internal/attributiontest"
)

const (
	// settleTime is the time after which a change has taken effect, as the API promises.
	settleTime = 3 * time.Second
	// clickPatience is the maximum delay of a case's click after the moment that the case's times are relative to. The
	// cases keep two minutes away from every limit.
	clickPatience = time.Minute
)

// TestAttribution runs the attribution cases against the product on SQLite.
func TestAttribution(t *testing.T) {
	s, _ := startTogether(t, t.TempDir(), nil)
	attribute(t, s)
}

// TestAttributionOnMongoDB runs the attribution cases against the product on MongoDB.
func TestAttributionOnMongoDB(t *testing.T) { attribute(t, startSomeOnMongoDB(t)...) }

// TestAttributionCases checks that the cases cover each reason and method of the API.
func TestAttributionCases(t *testing.T) {
	wanted := map[string]bool{}
	for _, c := range attributiontest.Load(t) {
		wanted[c.Want.Reason], wanted[c.Want.Method], wanted[c.Want.ClickReason] = true, true, true
	}
	for number, name := range trackingv1.Conversion_Reason_name {
		// In the cases the coupon service always answers, and no coupon reaches its limit.
		if number != 0 && name != "LIMIT_REACHED" && name != "COUPON_SERVICE_AWAY" && !wanted[name] {
			t.Errorf("no case wants the reason %s", name)
		}
	}
	for number, name := range trackingv1.Conversion_Method_name {
		// A conversion credited by hand is not attributed.
		if number != 0 && name != "MANUAL" && !wanted[name] {
			t.Errorf("no case wants the method %s", name)
		}
	}
}

// attributionPlay is a case while it runs.
type attributionPlay struct {
	attributiontest.Case
	player
	vars vars
	// zero is the moment that the case's times are relative to.
	zero time.Time
	err  error
}

// attribute runs the attribution cases concurrently, on one or more systems. First all cases run up to the click, then
// their changes, then their sales, so that all wait together for changes to take effect.
func attribute(t *testing.T, systems ...*system) {
	t.Helper()
	fixtures := loadSuite(t)
	run := strings.ToLower(rand.Text()[:6])
	var plays []*attributionPlay
	for i, c := range attributiontest.Load(t) {
		if c.Only != "" {
			continue
		}
		p := player{system: systems[i%len(systems)], transport: "grpc", suite: fixtures}
		prefix := fmt.Sprintf("%s%d", run, i)
		plays = append(plays, &attributionPlay{Case: c.Apart(prefix), player: p, vars: newVars(prefix, p.system.base)})
	}
	each(t.Context(), plays, func(ctx context.Context, a *attributionPlay) error { return a.untilClick(ctx) })
	each(t.Context(), plays, func(ctx context.Context, a *attributionPlay) error { return a.play(ctx, a.changes(), a.vars) })
	if err := sleep(t.Context(), settleTime); err != nil {
		t.Fatal(err)
	}
	each(t.Context(), plays, func(ctx context.Context, a *attributionPlay) error { return a.play(ctx, a.report(), a.vars) })
	for _, a := range plays {
		t.Run(a.File+"/"+a.Name, func(t *testing.T) {
			if a.err != nil {
				t.Errorf("%s\n%v", a.Says, a.err)
			}
		})
	}
}

// each calls do for every case that has not failed, several at once.
func each(ctx context.Context, plays []*attributionPlay, do func(context.Context, *attributionPlay) error) {
	var group errgroup.Group
	group.SetLimit(engineWorkers)
	for _, a := range plays {
		if a.err != nil {
			continue
		}
		group.Go(func() error {
			ctx, cancel := context.WithTimeout(ctx, casePatience)
			defer cancel()
			a.err = do(ctx, a)
			return nil
		})
	}
	_ = group.Wait() // errors are recorded in the cases
}

// untilClick sets up the case and makes its click.
func (a *attributionPlay) untilClick(ctx context.Context) error {
	a.zero = time.Now().UTC().Truncate(time.Millisecond)
	if err := a.play(ctx, a.setUp(), a.vars); err != nil {
		return err
	}
	if late := time.Since(a.zero); late > clickPatience {
		return fmt.Errorf("setting up took %s: what comes of the sale would say nothing", late)
	}
	return nil
}
