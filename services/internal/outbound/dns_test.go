package outbound_test

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
)

// names is a DNS server. For each name, with a dot at its end, it gives answers in turn, and then repeats the last.
type names struct {
	mu      sync.Mutex
	answers map[string][]netip.Addr
}

// resolver returns a resolver that uses only n.
func (n *names) resolver(t *testing.T) *net.Resolver {
	t.Helper()
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go n.serve(t, server)
		return client, nil
	}}
}

// serve answers length-prefixed queries until the connection is closed.
func (n *names) serve(t *testing.T, conn net.Conn) {
	defer conn.Close()
	for {
		var size [2]byte
		if _, err := io.ReadFull(conn, size[:]); err != nil {
			return
		}
		query := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(conn, query); err != nil {
			return
		}
		answer, err := n.answer(query)
		if err != nil {
			t.Errorf("answering a query: %v", err)
			return
		}
		if _, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...)); err != nil {
			return
		}
	}
}

func (n *names) answer(query []byte) ([]byte, error) {
	var message dnsmessage.Message
	if err := message.Unpack(query); err != nil {
		return nil, err
	}
	message.Response, message.RecursionAvailable, message.Additionals = true, true, nil
	question := message.Questions[0]
	n.mu.Lock()
	defer n.mu.Unlock()
	name := strings.ToLower(question.Name.String())
	left := n.answers[name]
	switch {
	case len(left) == 0:
		message.RCode = dnsmessage.RCodeNameError
	case question.Type == dnsmessage.TypeA:
		message.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: question.Name, Class: question.Class},
			Body:   &dnsmessage.AResource{A: left[0].As4()},
		}}
		if len(left) > 1 {
			n.answers[name] = left[1:]
		}
	}
	return message.Pack()
}
