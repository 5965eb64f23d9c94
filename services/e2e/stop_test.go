package e2e

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestGracefulStop stops a busy process. It must finish and store the requests that it accepted, and exit with status
// 0.
func TestGracefulStop(t *testing.T) {
	addrs, dataDir := freeAddrs(t, 3), t.TempDir()
	s, process := startAt(t, addrs, dataDir, nil)
	p := player{system: s, transport: "rest", suite: loadSuite(t)}
	load := newLoad(p, p.prepare(t, []step{{Use: "campaign"}}))
	ctx, stop := context.WithCancel(t.Context())
	done := load.start(ctx)
	var begun []*slowRequest
	for n := range 8 {
		begun = append(begun, beginPostback(t, addrs[0], load.vars, fmt.Sprintf("slow-%d", n)))
	}
	cut := cutBefore(t, load, 500*time.Millisecond)
	process.askToStop(t)
	if cut > 0 {
		t.Errorf("%d requests were cut off before anybody asked to stop", cut)
	}
	time.Sleep(300 * time.Millisecond)
	answers := make([]string, len(begun))
	var group sync.WaitGroup
	for i, r := range begun {
		group.Go(func() { answers[i] = r.finish() })
	}
	group.Wait()
	for i, answer := range answers {
		if !strings.HasPrefix(answer, "200 ") || !strings.Contains(answer, "ATTRIBUTED") {
			t.Errorf("request %d, begun before the stop, got: %s", i, answer)
		}
	}
	if err := process.wait(t, stopPatience); err != nil {
		t.Errorf("the process ended with %v", err)
	}
	stop()
	done.Wait()
	_, _ = startAt(t, addrs, dataDir, nil)
	for i, r := range begun {
		load.acknowledged[r.transaction] = load.conversion(t, r.transaction)
		if load.acknowledged[r.transaction] == "" {
			t.Errorf("request %d was answered, and is not stored", i)
		}
	}
	load.check(t)
}

// cutBefore runs the load for a while, and returns how many of its requests were cut off.
func cutBefore(t *testing.T, l *load, d time.Duration) int {
	t.Helper()
	time.Sleep(d)
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cutOff
}

// conversion returns the name of a stored sale; "" if it is not stored.
func (l *load) conversion(t *testing.T, transaction string) string {
	t.Helper()
	name := ""
	err := l.player.play(t.Context(), []step{{
		Call:    "tracking.v1.ConversionService/ListConversions",
		Request: map[string]any{"filter": fmt.Sprintf(`offer = "offers/${offer}" AND transaction_id = %q`, transaction)},
		collect: func(value any) error {
			found, err := at(value, "conversions.0.name")
			name = fmt.Sprint(found)
			return err
		},
	}}, l.vars)
	if err != nil {
		t.Errorf("%s: %v", transaction, err)
	}
	return name
}

// TestSecondSignal stops the process twice. The second signal ends it at once.
func TestSecondSignal(t *testing.T) {
	addrs := freeAddrs(t, 3)
	s, process := startAt(t, addrs, t.TempDir(), nil)
	p := player{system: s, transport: "rest", suite: loadSuite(t)}
	begun := beginPostback(t, addrs[0], p.prepare(t, []step{{Use: "campaign"}}), "slow-1")
	time.Sleep(500 * time.Millisecond)
	process.askToStop(t)
	time.Sleep(300 * time.Millisecond)
	select {
	case <-process.ended:
		t.Fatalf("the process ended with a request under way: %v; answer: %s", process.result, begun.finish())
	default:
	}
	process.askToStop(t)
	_ = process.wait(t, 2*time.Second) // it must end; the exit status does not matter
}

// slowRequest is a postback that sends its header and half of its body. The server takes a moment to read them, and
// nothing shows from outside when it has.
type slowRequest struct {
	transaction string
	conn        net.Conn
	rest        string
}

func beginPostback(t *testing.T, addr string, v vars, transaction string) *slowRequest {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	body, err := v.expand("coupon_code=${code}&token=${token}&amount=10&transaction_id=" + transaction)
	if err != nil {
		t.Fatal(err)
	}
	const sentAtOnce = 10
	head := fmt.Sprintf("POST /postback HTTP/1.1\r\nHost: %s\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n", addr, len(body))
	if _, err := io.WriteString(conn, head+body[:sentAtOnce]); err != nil {
		t.Fatal(err)
	}
	return &slowRequest{transaction: transaction, conn: conn, rest: body[sentAtOnce:]}
}

// finish sends the rest of the body. It returns the response's status and body, or the error.
func (r *slowRequest) finish() string {
	if err := r.conn.SetDeadline(time.Now().Add(stopPatience)); err != nil {
		return err.Error()
	}
	if _, err := io.WriteString(r.conn, r.rest); err != nil {
		return err.Error()
	}
	response, err := http.ReadResponse(bufio.NewReader(r.conn), nil)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%d %s", response.StatusCode, text)
}
