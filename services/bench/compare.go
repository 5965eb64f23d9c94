package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/wrapperspb"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
)

// path is something to load.
type path struct {
	name string
	// newCall makes a worker's call.
	newCall func(worker int) (call func() error, end func(), err error)
	// against is the path that this one is compared with; "" for a ceiling.
	against string
	// least is the smallest acceptable share of the other path's calls per second. most is the largest acceptable
	// multiple of its p99; 0 means any.
	least, most float64
}

// paths returns the paths in loading order. Each comes next to the one it is compared with,
// because the machine's speed drifts within seconds.
func (t *target) paths() []path {
	clicks, postbacks, tail := 0.8, 0.6, 2.0
	if t.uri != "" {
		// The ceiling is one bare insert: a sale is two, and the tail of another database is not ours to improve.
		clicks, postbacks, tail = 0.7, 0.35, 0
	}
	validate := `{"code":"salexyz20","offer":"offers/10"}`
	return []path{
		{name: "click", newCall: t.web302(t.web), against: "ceiling", least: clicks, most: tail},
		{name: "ceiling", newCall: t.web302(t.ceilingWeb)},
		{name: "postback", against: "ceiling", least: postbacks, newCall: func(int) (func() error, func(), error) {
			return httpCall(t.web, 200, func() string {
				return get("/postback?coupon_code=SALEXYZ20&amount=49.90&currency=USD&token=" + t.token + "&transaction_id=T" + strconv.FormatInt(t.transactions.Add(1), 10))
			})
		}},
		{name: "echo", newCall: rpcCall(func(ctx context.Context) error {
			return t.echoConn.Invoke(ctx, "/bench.Echo/Echo", wrapperspb.String("hello"), new(wrapperspb.StringValue))
		})},
		{name: "validate", against: "echo", least: 0.7, newCall: rpcCall(t.validate)},
		{name: "basket", against: "validate", least: 0.6, newCall: rpcCall(t.validateBasket)},
		{name: "rest", against: "validate", least: 0.6, newCall: func(int) (func() error, func(), error) {
			request := post("/v1/coupons:validate", adminKey, validate)
			return httpCall(t.web, 200, func() string { return request })
		}},
	}
}

func (t *target) web302(addr string) func(int) (func() error, func(), error) {
	request := get("/click?offer_id=10&pub_id=22&coupon_code=SALEXYZ20&pub_click_id=abc123")
	return func(int) (func() error, func(), error) {
		return httpCall(addr, 302, func() string { return request })
	}
}

func rpcCall(call func(context.Context) error) func(int) (func() error, func(), error) {
	return func(int) (func() error, func(), error) {
		ctx := withKey(context.Background())
		return func() error { return call(ctx) }, func() {}, nil
	}
}

func (t *target) validate(ctx context.Context) error {
	resp, err := couponv1.NewCouponServiceClient(t.conn).ValidateCoupon(ctx, &couponv1.ValidateCouponRequest{Code: "salexyz20", Offer: "offers/10"}, grpc.WaitForReady(true))
	if err == nil && !resp.GetValid() {
		err = fmt.Errorf("the coupon is not valid: %s", resp.GetReason())
	}
	return err
}

// validateBasket validates a code with a basket of ten lines.
func (t *target) validateBasket(ctx context.Context) error {
	basket := &couponv1.Basket{CurrencyCode: "EUR", Lines: make([]*couponv1.BasketLine, 10), Shipping: &couponv1.Money{Units: 5}}
	for i := range basket.Lines {
		basket.Lines[i] = &couponv1.BasketLine{Id: "product-" + strconv.Itoa(i), Quantity: 2, Amount: &couponv1.Money{Units: 49, Nanos: 900_000_000}}
	}
	resp, err := couponv1.NewCouponServiceClient(t.conn).ValidateCoupon(ctx, &couponv1.ValidateCouponRequest{Code: "basket20", Offer: "offers/10", Basket: basket}, grpc.WaitForReady(true))
	if err == nil && resp.GetDiscount().GetTotal().GetUnits() != 89 {
		err = fmt.Errorf("the basket got %v: %s", resp.GetDiscount(), resp.GetReason())
	}
	return err
}

// compare loads all paths in turns and prints the results.
func compare(t *target, rounds int, length time.Duration, workers int) error {
	idle, err := t.residentMiB()
	if err != nil {
		return err
	}
	results := map[string][]result{}
	busiest := 0.0
	for round := range rounds + 1 {
		for _, p := range t.paths() {
			r, err := load(workers, length, p.newCall)
			if err != nil {
				return fmt.Errorf("loading %s: %w", p.name, err)
			}
			if round > 0 { // the first round warms up
				results[p.name] = append(results[p.name], r)
			}
			resident, err := t.residentMiB()
			if err != nil {
				return err
			}
			busiest = max(busiest, resident)
		}
	}
	return report(t.paths(), results, idle, busiest)
}

// report prints the medians of all rounds, and the medians of the rounds' ratios.
func report(paths []path, results map[string][]result, idle, busiest float64) error {
	missed := false
	verdict := func(ok bool) string {
		missed = missed || !ok
		return map[bool]string{true: "ok", false: "MISSED"}[ok]
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "path\tcalls/s\tp50\tp99\tagainst\tratio\ttarget\tp99 ratio\ttarget\t\t")
	for _, p := range paths {
		mine := results[p.name]
		median := result{
			perSecond: middle(mine, func(r result) float64 { return r.perSecond }),
			p50:       time.Duration(middle(mine, func(r result) float64 { return float64(r.p50) })),
			p99:       time.Duration(middle(mine, func(r result) float64 { return float64(r.p99) })),
		}
		fmt.Fprintf(w, "%s\t%.0f\t%s\t%s\t", p.name, median.perSecond, median.p50.Round(10*time.Microsecond), median.p99.Round(10*time.Microsecond))
		if p.against == "" {
			fmt.Fprintln(w, "\t\t\t\t\t\t")
			continue
		}
		speed := pairs(mine, results[p.against], func(a, b result) float64 { return a.perSecond / b.perSecond })
		tail := pairs(mine, results[p.against], func(a, b result) float64 { return float64(a.p99) / float64(b.p99) })
		most := "any"
		if p.most > 0 {
			most = fmt.Sprintf("<= %.1f", p.most)
		}
		fmt.Fprintf(w, "%s\t%.2f\t>= %.2f\t%.2f\t%s\t%s\t\n", p.against, speed, p.least, tail, most, verdict(speed >= p.least && (p.most == 0 || tail <= p.most)))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Printf("resident memory: %.0f MiB idle (target < 80: %s), %.0f MiB under load (target < 250: %s)\n", idle, verdict(idle < 80), busiest, verdict(busiest < 250))
	if missed {
		return errMissed
	}
	return nil
}

func middle(results []result, value func(result) float64) float64 {
	values := make([]float64, len(results))
	for i, r := range results {
		values[i] = value(r)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// pairs returns the median of relation over the results of the same rounds.
func pairs(a, b []result, relation func(a, b result) float64) float64 {
	values := make([]float64, len(a))
	for i := range a {
		values[i] = relation(a[i], b[i])
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// profilePath loads one path, so that couponlink can be profiled meanwhile.
func profilePath(t *target, name string, workers int) error {
	for _, p := range t.paths() {
		if p.name == name {
			fmt.Println("couponlink is process", t.product.Process.Pid)
			r, err := load(workers, 30*time.Second, p.newCall)
			fmt.Printf("%.0f calls/s, p50 %s, p99 %s\n", r.perSecond, r.p50, r.p99)
			return err
		}
	}
	return fmt.Errorf("no path is called %q", name)
}
