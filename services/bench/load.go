package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// result is what one turn of load measured.
type result struct {
	perSecond float64
	p50, p99  time.Duration
}

// load runs closed-loop workers for length, each with a call of its own. The first error ends it.
func load(workers int, length time.Duration, newCall func(worker int) (call func() error, end func(), err error)) (result, error) {
	var (
		mu     sync.Mutex
		wg     sync.WaitGroup
		took   []time.Duration
		failed error
	)
	start := time.Now()
	for worker := range workers {
		wg.Go(func() {
			mine, err := work(start.Add(length), func() (func() error, func(), error) { return newCall(worker) })
			mu.Lock()
			defer mu.Unlock()
			took = append(took, mine...)
			if err != nil {
				failed = err
			}
		})
	}
	wg.Wait()
	elapsed := time.Since(start)
	if failed != nil || len(took) == 0 {
		return result{}, fmt.Errorf("%d calls succeeded, then: %w", len(took), failed)
	}
	slices.Sort(took)
	n := len(took)
	return result{perSecond: float64(n) / elapsed.Seconds(), p50: took[n/2], p99: took[n*99/100]}, nil
}

func work(until time.Time, newCall func() (func() error, func(), error)) ([]time.Duration, error) {
	call, end, err := newCall()
	if err != nil {
		return nil, err
	}
	defer end()
	var took []time.Duration
	for t := time.Now(); t.Before(until); {
		if err := call(); err != nil {
			return took, err
		}
		now := time.Now()
		took = append(took, now.Sub(t))
		t = now
	}
	return took, nil
}

// httpCall returns a call that sends a request over its own connection and expects a status. It reads and writes
// HTTP/1.1 itself, because net/http's client costs more than what it would measure.
func httpCall(addr string, status int, request func() string) (call func() error, end func(), err error) {
	conn, err := (&net.Dialer{}).Dial("tcp", addr)
	if err != nil {
		return nil, nil, err
	}
	reader := bufio.NewReader(conn)
	call = func() error {
		if _, err := io.WriteString(conn, request()); err != nil {
			return err
		}
		resp, err := http.ReadResponse(reader, nil)
		if err != nil {
			return err
		}
		defer func() { _ = resp.Body.Close() }()
		if resp.StatusCode != status {
			body, _ := io.ReadAll(resp.Body)
			return fmt.Errorf("status %s: %s", resp.Status, body)
		}
		_, err = io.Copy(io.Discard, resp.Body)
		return err
	}
	return call, func() { _ = conn.Close() }, nil
}

// get returns the text of a browser-like GET request.
func get(path string) string {
	return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\nAccept: */*\r\n\r\n"
}

// post returns the text of a POST request with a JSON body and the admin key.
func post(path, key, body string) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", path, key, len(body), body)
}
