package e2e

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
)

const (
	// stopsVariable names the environment variable that says how many times each process is stopped.
	stopsVariable = "COUPONLINK_TEST_STOPS"
	defaultStops  = 1
	// perStop is how many requests are answered before each stop at least.
	perStop = 500
	// Callers that keep their connections, each with one request at a time.
	httpCallers, grpcCallers = 8, 4
	// beginPause is how long the process has to read the first bytes of a request before the signal.
	beginPause = 50 * time.Millisecond
	// finishPause is how long after the signal the rest of a request comes that was begun before.
	finishPause = 400 * time.Millisecond
)

// TestStopsCutNoRequest asks each process to stop, again and again under a load that keeps its connections, with a
// drain and without, and starts it again. Each request that was sent is answered, and each that the process had partly
// read. A connection that is refused is no loss: nothing was sent. So it is with a call that waits until the
// process is back.
func TestStopsCutNoRequest(t *testing.T) {
	t.Parallel()
	stops := defaultStops
	if text := os.Getenv(stopsVariable); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			t.Fatalf("%s is %q, not a number of stops", stopsVariable, text)
		}
		stops = n
	}
	for _, drain := range []string{"300ms", "0s"} {
		env := map[string]string{"COUPONLINK_DRAIN": drain}
		t.Run("couponlink, drain "+drain, func(t *testing.T) {
			s, process := startTogether(t, t.TempDir(), env)
			l := newStopLoad(t, s)
			l.callHTTP(t, s.addrs[0], l.partnerRequest, l.apiRequest)
			l.callGRPC(t, l.getOffer, l.createCoupon, l.recordSale)
			l.stop(t, process, stops)
		})
		for i, name := range []string{"coupon", "tracking", "gateway"} {
			t.Run(name+", drain "+drain, func(t *testing.T) {
				s, processes := startApart(t, env)
				l := newStopLoad(t, s)
				switch name {
				case "coupon":
					l.callGRPC(t, l.getOffer, l.createCoupon)
				case "tracking":
					l.callHTTP(t, s.partnerAddr, l.partnerRequest)
					l.callGRPC(t, l.recordSale)
				case "gateway":
					l.callHTTP(t, s.addrs[0], l.partnerRequest, l.apiRequest)
				}
				l.stop(t, processes[i], stops)
			})
		}
	}
}

// stopLoad is a load of requests. Each must be answered.
type stopLoad struct {
	vars        vars
	coupons     couponv1.CouponServiceClient
	offers      couponv1.OfferServiceClient
	conversions trackingv1.ConversionServiceClient

	callers sync.WaitGroup
	ended   chan struct{}
	// begin, if set, sends a part of a request on a new connection.
	begin func() begunRequest
	// number makes transactions and codes differ.
	number            atomic.Int64
	answered, refused atomic.Int64
}

func newStopLoad(t *testing.T, s *system) *stopLoad {
	t.Helper()
	p := player{system: s, transport: "rest", suite: loadSuite(t)}
	client := newTyped(t, s.addrs)
	return &stopLoad{
		vars: p.prepare(t, []step{{Use: "campaign"}}), ended: make(chan struct{}),
		coupons: client.coupons, offers: client.offers, conversions: client.conversions,
	}
}

// stop stops the process and starts it again under the load, then ends the load.
func (l *stopLoad) stop(t *testing.T, p *process, stops int) {
	t.Helper()
	for range stops {
		l.await(t, p)
		var begun begunRequest
		if l.begin != nil {
			begun = l.begin()
			time.Sleep(beginPause)
		}
		p.askToStop(t)
		begun.finish(t)
		if err := p.wait(t, stopPatience); err != nil {
			t.Errorf("the process ended with %v", err)
		}
		p = p.again(t)
	}
	l.await(t, p)
	close(l.ended)
	l.callers.Wait()
	t.Logf("%d stops: %d requests answered, %d connections refused", stops, l.answered.Load(), l.refused.Load())
}

// await waits until perStop more requests were answered.
func (l *stopLoad) await(t *testing.T, p *process) {
	t.Helper()
	for began, before := time.Now(), l.answered.Load(); l.answered.Load() < before+perStop; time.Sleep(time.Millisecond) {
		select {
		case <-p.ended:
			t.Fatalf("%s ended under load: %v", p.name, p.result)
		default:
		}
		if time.Since(began) > startPatience {
			t.Fatalf("%d requests were answered in %s", l.answered.Load()-before, startPatience)
		}
	}
}

func (l *stopLoad) isEnded() bool {
	select {
	case <-l.ended:
		return true
	default:
		return false
	}
}

// callHTTP starts callers that send these requests in turn.
func (l *stopLoad) callHTTP(t *testing.T, addr string, requests ...func(addr string) string) {
	l.begin = func() begunRequest { return beginRequest(t, addr, requests[0](addr)) }
	for caller := range httpCallers {
		l.callers.Go(func() {
			for n := caller; !l.isEnded(); {
				conn, err := net.Dial("tcp", addr)
				if err != nil {
					l.refused.Add(1)
					time.Sleep(5 * time.Millisecond)
					continue
				}
				for isOpen := true; isOpen && !l.isEnded(); n++ {
					if isOpen, err = exchange(conn, requests[n%len(requests)](addr)); err != nil {
						t.Errorf("%s: a request was cut: %v", time.Now().Format(time.TimeOnly), err)
						break
					}
					l.answered.Add(1)
				}
				_ = conn.Close()
			}
		})
	}
}

// begunRequest is a request that was sent in part.
type begunRequest struct {
	conn net.Conn
	rest string
}

// beginRequest sends the first bytes of a request on a new connection.
func beginRequest(t *testing.T, addr, request string) begunRequest {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	const sent = 5
	if _, err := io.WriteString(conn, request[:sent]); err != nil {
		t.Fatal(err)
	}
	return begunRequest{conn: conn, rest: request[sent:]}
}

// finish sends the rest of the request after a while, and wants an answer. Without a request it does nothing.
func (r begunRequest) finish(t *testing.T) {
	t.Helper()
	if r.conn == nil {
		return
	}
	time.Sleep(finishPause)
	if _, err := exchange(r.conn, r.rest); err != nil {
		t.Errorf("a request that was begun before the stop was cut: %v", err)
	}
	_ = r.conn.Close()
}

// exchange sends a request and reads the answer. It reports whether the connection stays open.
func exchange(conn net.Conn, request string) (isOpen bool, err error) {
	if err := conn.SetDeadline(time.Now().Add(stopPatience)); err != nil {
		return false, err
	}
	if _, err := io.WriteString(conn, request); err != nil {
		return false, err
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return false, err
	}
	text, err := io.ReadAll(resp.Body)
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return false, err
	}
	if resp.StatusCode >= http.StatusBadRequest {
		return false, fmt.Errorf("%s: %s", resp.Status, text)
	}
	return !resp.Close, nil
}

// partnerRequest returns a click or a postback.
func (l *stopLoad) partnerRequest(addr string) string {
	n := l.number.Add(1)
	if n%2 == 0 {
		return fmt.Sprintf("GET /click?offer_id=%s&pub_id=%s HTTP/1.1\r\nHost: %s\r\nUser-Agent: Mozilla/5.0\r\n\r\n", l.vars["offer"], l.vars["pub"], addr)
	}
	form := fmt.Sprintf("coupon_code=%s&token=%s&amount=10&transaction_id=%d", l.vars["code"], l.vars["token"], n)
	return fmt.Sprintf("POST /postback HTTP/1.1\r\nHost: %s\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s", addr, len(form), form)
}

// apiRequest returns a call of the API.
func (l *stopLoad) apiRequest(addr string) string {
	return fmt.Sprintf("GET /v1/offers/%s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n\r\n", l.vars["offer"], addr, adminKey)
}

// callGRPC starts callers that make these calls in turn.
func (l *stopLoad) callGRPC(t *testing.T, calls ...func(ctx context.Context) error) {
	for caller := range grpcCallers {
		l.callers.Go(func() {
			for n := caller; !l.isEnded(); n++ {
				ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), startPatience)
				err := calls[n%len(calls)](ctx)
				cancel()
				if err != nil {
					t.Errorf("%s: a call was cut: %v", time.Now().Format(time.TimeOnly), err)
					return
				}
				l.answered.Add(1)
			}
		})
	}
}

func (l *stopLoad) getOffer(ctx context.Context) error {
	_, err := l.offers.GetOffer(ctx, &couponv1.GetOfferRequest{Name: "offers/" + l.vars["offer"]}, grpc.WaitForReady(true))
	return err
}

func (l *stopLoad) createCoupon(ctx context.Context) error {
	_, err := l.coupons.CreateCoupon(ctx, &couponv1.CreateCouponRequest{
		Parent: "offers/" + l.vars["offer"],
		Coupon: &couponv1.Coupon{Code: fmt.Sprintf("STOP%d", l.number.Add(1)), Publisher: "publishers/" + l.vars["pub"]},
	}, grpc.WaitForReady(true))
	return err
}

func (l *stopLoad) recordSale(ctx context.Context) error {
	_, err := l.conversions.RecordConversion(ctx, &trackingv1.RecordConversionRequest{
		Offer: "offers/" + l.vars["offer"], CouponCode: l.vars["code"], TransactionId: strings.Join([]string{"call", strconv.FormatInt(l.number.Add(1), 10)}, "-"),
	}, grpc.WaitForReady(true))
	return err
}
