package scan_test

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/couponlink/couponlink/services/internal/outbound"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/redirect"
)

// rebinding is a DNS server that leads every name to its addresses in turn, the last again and again.
type rebinding struct {
	mu        sync.Mutex
	addresses []netip.Addr
}

// resolver returns a resolver that asks r and nobody else.
func (r *rebinding) resolver(t *testing.T) *net.Resolver {
	t.Helper()
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go func() {
			defer server.Close()
			for r.serve(server) == nil {
				continue
			}
		}()
		return client, nil
	}}
}

// serve answers one query, which has its length before it.
func (r *rebinding) serve(conn io.ReadWriter) error {
	var size [2]byte
	if _, err := io.ReadFull(conn, size[:]); err != nil {
		return err
	}
	query := make([]byte, binary.BigEndian.Uint16(size[:]))
	if _, err := io.ReadFull(conn, query); err != nil {
		return err
	}
	var message dnsmessage.Message
	if err := message.Unpack(query); err != nil {
		return err
	}
	message.Response, message.RecursionAvailable, message.Additionals = true, true, nil
	if question := message.Questions[0]; question.Type == dnsmessage.TypeA {
		message.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: question.Name, Class: question.Class},
			Body:   &dnsmessage.AResource{A: r.next().As4()},
		}}
	}
	answer, err := message.Pack()
	if err != nil {
		return err
	}
	_, err = conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...))
	return err
}

func (r *rebinding) next() netip.Addr {
	r.mu.Lock()
	defer r.mu.Unlock()
	address := r.addresses[0]
	if len(r.addresses) > 1 {
		r.addresses = r.addresses[1:]
	}
	return address
}

// TestRebinding: a name that leads to an address that may be called, and at the next hop inside.
func TestRebinding(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	_, port, err := net.SplitHostPort(strings.TrimPrefix(w.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	dns := &rebinding{addresses: []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("127.0.0.2")}}
	f := newFollower(t, local, outbound.WithResolver(dns.resolver(t)))
	base := "http://shop.example.org:" + port
	hops := follow(t, f, base+"/closing", redirect.Visitor{}, foreign)
	if len(hops) != 2 || hops[0].Kind != redirect.HTTPHop || hops[1].Fault != redirect.FaultBlocked || w.calls.Load() != 1 {
		t.Errorf("got %s, %d calls", chainText(base, hops), w.calls.Load())
	}
}
