package scan_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/outbound"
	"github.com/couponlink/couponlink/services/tracking/internal/app/linkscan"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/redirect"
	"github.com/couponlink/couponlink/services/tracking/internal/scan"
)

// web is a local web of pages.
type web struct {
	*httptest.Server
	calls atomic.Int64
}

func newWeb(t *testing.T) *web {
	t.Helper()
	w := &web{}
	mux := http.NewServeMux()
	page := func(path, body string) {
		mux.HandleFunc(path, func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprint(rw, body)
		})
	}
	redirect := func(path string, status int, to string) {
		mux.HandleFunc(path, func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Location", to)
			rw.WriteHeader(status)
		})
	}
	page("/end", "<title>shoes</title>")
	redirect("/301", 301, "/302")
	redirect("/302", 302, "303")
	redirect("/303", 303, "/307?a=b#part")
	redirect("/307", 307, "/308")
	redirect("/308", 308, "/end")
	redirect("/loop", 302, "/loop2")
	redirect("/loop2", 302, "/loop")
	redirect("/nowhere", 302, "")
	redirect("/not-modified", 304, "/end")
	redirect("/app", 302, "itms-apps://store/1")
	redirect("/odd", 302, "http://%zz/")
	redirect("/hostless", 302, "http:///x")
	mux.HandleFunc("/count/{n}", w.count)
	mux.HandleFunc("/dawdle/{n}", w.dawdle)
	mux.HandleFunc("/cookie", w.cookie)
	mux.HandleFunc("/other-cookie", w.otherCookie)
	mux.HandleFunc("/visitor", w.visitor)
	mux.HandleFunc("/reset", w.reset)
	mux.HandleFunc("/slow", w.slow)
	mux.HandleFunc("/endless", w.endless)
	mux.HandleFunc("/drip", w.drip)
	mux.HandleFunc("/closing", func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Connection", "close") // so that the next hop looks the name up again
		found(rw, "/end")
	})
	mux.HandleFunc("/header", func(rw http.ResponseWriter, _ *http.Request) { rw.Header().Set("Refresh", "0; url=/end") })
	page("/meta", `<html><head><META HTTP-EQUIV="Refresh" CONTENT="0; URL='/end?a=1&amp;b=2'"></head>`)
	page("/noscript", `<noscript><meta http-equiv="refresh" content="0; url=/end"></noscript>`)
	page("/comment", `<!-- <meta http-equiv="refresh" content="0; url=/end"> <script>location='/end'</script> -->`)
	page("/reload", `<meta http-equiv="refresh" content="30"><meta http-equiv="refresh" content="300; url=/end">`)
	page("/script", `<p>location='/x'</p><script type="application/json">location='/x'</script><script>if (a) { window.location.href = "/end?x" }</script>`)
	page("/script-meta", `<script>location.replace('/x')</script><meta http-equiv=refresh content="1;url=/end">`)
	w.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.calls.Add(1)
		mux.ServeHTTP(rw, r)
	}))
	t.Cleanup(w.Close)
	return w
}

// found redirects.
func found(rw http.ResponseWriter, to string) {
	rw.Header().Set("Location", to)
	rw.WriteHeader(http.StatusFound)
}

// count leads to the page with the next lower number; 0 is a page.
func (*web) count(rw http.ResponseWriter, r *http.Request) {
	n, err := strconv.Atoi(r.PathValue("n"))
	if err == nil && n > 0 {
		found(rw, "/count/"+strconv.Itoa(n-1))
	}
}

// dawdle is count, and takes most of the time that a page may take.
func (*web) dawdle(rw http.ResponseWriter, r *http.Request) {
	time.Sleep(700 * time.Millisecond)
	found(rw, "/dawdle/"+r.PathValue("n")+"1")
}

// cookie sets a cookie and leads to itself until the cookie is there.
func (*web) cookie(rw http.ResponseWriter, r *http.Request) {
	if c, err := r.Cookie("seen"); err == nil && c.Value == "1" {
		return
	}
	http.SetCookie(rw, &http.Cookie{Name: "seen", Value: "1"})
	found(rw, "/cookie")
}

// otherCookie sets another cookie each time.
func (w *web) otherCookie(rw http.ResponseWriter, _ *http.Request) {
	http.SetCookie(rw, &http.Cookie{Name: "n", Value: strconv.FormatInt(w.calls.Load(), 10)})
	found(rw, "/other-cookie")
}

// visitor answers by who comes.
func (*web) visitor(rw http.ResponseWriter, r *http.Request) {
	device := "desktop"
	if strings.Contains(r.UserAgent(), "iPhone") {
		device = "phone"
	}
	found(rw, "/end?"+device+"&"+r.Header.Get("Accept-Language"))
}

func (*web) reset(rw http.ResponseWriter, _ *http.Request) {
	conn, _, err := rw.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

func (*web) slow(_ http.ResponseWriter, r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-time.After(5 * time.Second):
	}
}

// endless never ends, and has a refresh where nobody looks any more.
func (*web) endless(rw http.ResponseWriter, r *http.Request) {
	rw.Header().Set("Content-Type", "text/html")
	text := strings.Repeat("x", 64<<10)
	for i := 0; r.Context().Err() == nil; i++ {
		if i == 16 {
			fmt.Fprint(rw, `<meta http-equiv="refresh" content="0; url=/end">`)
		}
		if _, err := fmt.Fprint(rw, text); err != nil {
			return
		}
	}
}

// drip sends a page byte by byte, without end.
func (*web) drip(rw http.ResponseWriter, r *http.Request) {
	rw.Header().Set("Content-Type", "text/html")
	for r.Context().Err() == nil {
		fmt.Fprint(rw, "<")
		_ = http.NewResponseController(rw).Flush()
		time.Sleep(20 * time.Millisecond)
	}
}

// foreign is the Own of a web that has nothing of ours.
func foreign(context.Context, *url.URL) (*redirect.Hop, error) { return nil, nil }

// newFollower returns a Follower that may reach the allowed hosts inside.
func newFollower(t *testing.T, allowed string, opts ...outbound.Option) *scan.Follower {
	t.Helper()
	hosts, err := outbound.ParseAllowed(allowed)
	if err != nil {
		t.Fatal(err)
	}
	client := outbound.NewClient(hosts, opts...)
	t.Cleanup(client.CloseIdleConnections)
	return scan.New(scan.Config{Client: client, Now: time.Now, HopTimeout: time.Second, Timeout: 3 * time.Second})
}

// follow returns the hops of a link.
func follow(t *testing.T, f *scan.Follower, link string, visitor redirect.Visitor, own linkscan.Own) []redirect.Hop {
	t.Helper()
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	var told []redirect.Hop
	hops, err := f.Follow(t.Context(), u, visitor, own, func(hop redirect.Hop) { told = append(told, hop) })
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(told, hops) {
		t.Errorf("told of %+v, and in the end of %+v", told, hops)
	}
	return hops
}

// nobody is told of a scan's hops.
func nobody(redirect.Hop) {}

// local is the allowance for pages on this machine.
const local = "127.0.0.1/32"
