package e2e

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// openEvents begins the stream of events after an event's id.
func openEvents(t *testing.T, base, lastID string) (lines *bufio.Scanner, end func()) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), casePatience)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/v1/conversions:watch", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+adminKey)
	if lastID != "" {
		r.Header.Set("Last-Event-ID", lastID)
	}
	resp, err := http.DefaultClient.Do(r) //nolint:bodyclose // the caller ends the stream
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("watching: %v, %v", resp, err)
	}
	return bufio.NewScanner(resp.Body), func() { cancel(); _ = resp.Body.Close() }
}

// nextSale returns the id and the data of the next event about a conversion, and the id after it.
func nextSale(t *testing.T, lines *bufio.Scanner) (id, data string) {
	t.Helper()
	for lines.Scan() {
		if text, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
			id = text
		}
		if text, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			return id, text
		}
	}
	t.Fatalf("the stream ended: %v", lines.Err())
	return "", ""
}

// TestEvents follows sales as a browser does, through the one process and through the gateway of three.
func TestEvents(t *testing.T) {
	t.Parallel()
	together, process := startTogether(t, t.TempDir(), nil)
	apart, processes := startApart(t, nil)
	for name, s := range map[string]*system{"together": together, "apart": apart} {
		t.Run(name, func(t *testing.T) {
			p := player{system: s, transport: "rest", suite: loadSuite(t)}
			vars := p.prepare(t, []step{{Use: "campaign"}})
			sell := func(transaction string) {
				sale := step{HTTP: "GET /postback?coupon_code=${code}&token=${token}&transaction_id=" + transaction}
				if err := p.play(t.Context(), []step{sale}, vars); err != nil {
					t.Fatal(err)
				}
			}
			lines, end := openEvents(t, s.base, "")
			lines.Scan() // the service has said where the stream begins
			sell("E-1")
			id, data := nextSale(t, lines)
			if !strings.Contains(data, `"E-1"`) || !strings.Contains(data, id) {
				t.Errorf("the first event, %s, is %s", id, data)
			}
			end()
			sell("E-2")
			sell("E-3")
			lines, end = openEvents(t, s.base, id)
			defer end()
			for _, want := range []string{`"E-2"`, `"E-3"`} {
				if _, data := nextSale(t, lines); !strings.Contains(data, want) {
					t.Errorf("after %s comes %s, not %s", id, data, want)
				}
			}
		})
	}
	resp, end := openEvents(t, together.base, "")
	defer end()
	process.askToStop(t)
	if err := process.wait(t, watchStopTime); err != nil {
		t.Errorf("the process with an open stream ended with %v", err)
	}
	for resp.Scan() {
	}
	gateway := processes[len(processes)-1]
	resp, end = openEvents(t, apart.base, "")
	defer end()
	gateway.askToStop(t)
	began := time.Now()
	for resp.Scan() {
	}
	if took := time.Since(began); resp.Err() != nil && !errors.Is(resp.Err(), io.ErrUnexpectedEOF) || took > watchStopTime {
		t.Errorf("the stopping gateway ended the stream after %s with %v", took, resp.Err())
	}
}
