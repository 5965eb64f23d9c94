package mongodb

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// Operations of MongoDB's protocol, and the sizes of their fixed beginnings.
const (
	opReply, opQuery, opMsg = 1, 2004, 2013
	headerBytes             = 16
	queryBytes              = 4
	skipBytes               = 8
	msgBytes                = 5
)

// server speaks MongoDB's protocol as the primary of a replica set. It gives a test's answers to commands, including
// answers of a real server that the tests' engine cannot give.
type server struct {
	listener net.Listener
	// answer returns the answer to a command; nil for no answer until the server ends.
	answer func(command bson.Raw) bson.D
	ended  chan struct{}
	all    sync.WaitGroup

	mu    sync.Mutex
	sent  []string
	conns []net.Conn
	// frozen is closed to undo freeze; nil if the server is not frozen.
	frozen chan struct{}
}

// startServer starts a server, and returns it and a URI. It ends with the test.
func startServer(t *testing.T, answer func(command bson.Raw) bson.D) (*server, string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{listener: listener, answer: answer, ended: make(chan struct{})}
	s.all.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns = append(s.conns, conn)
			s.mu.Unlock()
			s.all.Go(func() { s.serve(conn) })
		}
	})
	t.Cleanup(func() {
		close(s.ended)
		s.cut()
		s.all.Wait()
	})
	return s, "mongodb://" + listener.Addr().String() + "/?replicaSet=r"
}

// cut closes all connections and accepts no more.
func (s *server) cut() {
	_ = s.listener.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, conn := range s.conns {
		_ = conn.Close()
	}
}

// freeze stops the server from answering until the test ends.
func (s *server) freeze() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.frozen = make(chan struct{})
}

// commands returns the names of the commands received, except heartbeats.
func (s *server) commands() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string{}, s.sent...)
}

// serve answers the messages of a connection.
func (s *server) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	for {
		request, err := readMessage(conn)
		if err != nil {
			return
		}
		answer := s.reply(request.body)
		s.mu.Lock()
		frozen := s.frozen
		s.mu.Unlock()
		if answer == nil || frozen != nil {
			<-s.ended
			return
		}
		if err := writeMessage(conn, request, answer); err != nil {
			return
		}
	}
}

func (s *server) reply(command bson.Raw) bson.D {
	elements, err := command.Elements()
	if err != nil || len(elements) == 0 {
		return nil
	}
	name := elements[0].Key()
	if of, _ := elements[0].Value().StringValueOK(); of == schemaCollection {
		if answer := s.answer(command); answer != nil && answer[0].Value == 0 {
			return answer
		}
		return listed() // nothing exists
	}
	switch name {
	case "hello", "isMaster", "ismaster":
		addr := s.listener.Addr().String()
		return bson.D{
			{Key: "ok", Value: 1},
			{Key: "helloOk", Value: true},
			{Key: "isWritablePrimary", Value: true},
			{Key: "ismaster", Value: true},
			{Key: "setName", Value: "r"},
			{Key: "setVersion", Value: 1},
			{Key: "hosts", Value: bson.A{addr}},
			{Key: "me", Value: addr},
			{Key: "primary", Value: addr},
			{Key: "minWireVersion", Value: 0},
			{Key: "maxWireVersion", Value: 25},
			{Key: "maxBsonObjectSize", Value: 16 << 20},
			{Key: "maxMessageSizeBytes", Value: 48000000},
			{Key: "maxWriteBatchSize", Value: 100000},
			{Key: "logicalSessionTimeoutMinutes", Value: 30},
			{Key: "localTime", Value: time.Now()},
		}
	case "endSessions":
		return bson.D{{Key: "ok", Value: 1}}
	default:
		s.mu.Lock()
		s.sent = append(s.sent, name)
		s.mu.Unlock()
		return s.answer(command)
	}
}

// message is a command, and what its answer needs.
type message struct {
	id, op uint32
	body   bson.Raw
}

func readMessage(conn net.Conn) (message, error) {
	var header [headerBytes]byte
	if _, err := io.ReadFull(conn, header[:]); err != nil {
		return message{}, err
	}
	m := message{id: binary.LittleEndian.Uint32(header[4:]), op: binary.LittleEndian.Uint32(header[12:])}
	rest := make([]byte, int(binary.LittleEndian.Uint32(header[:]))-headerBytes)
	if _, err := io.ReadFull(conn, rest); err != nil {
		return message{}, err
	}
	switch m.op {
	case opQuery: // flags, a zero-terminated name, how many to skip and to return
		end := queryBytes
		for rest[end] != 0 {
			end++
		}
		m.body = rest[end+1+skipBytes:]
	case opMsg: // flags, and the kind of the first section, which is the command
		m.body = rest[msgBytes:]
	default:
		return m, errors.New("an unknown operation")
	}
	m.body = m.body[:binary.LittleEndian.Uint32(m.body)]
	return m, nil
}

func writeMessage(conn net.Conn, to message, answer bson.D) error {
	body, err := bson.Marshal(answer)
	if err != nil {
		return err
	}
	op, prefix := uint32(opMsg), make([]byte, msgBytes)
	if to.op == opQuery {
		op, prefix = opReply, make([]byte, 20) // flags, cursor, start, and how many documents
		binary.LittleEndian.PutUint32(prefix[16:], 1)
	}
	header := make([]byte, headerBytes)
	binary.LittleEndian.PutUint32(header, uint32(headerBytes+len(prefix)+len(body)))
	binary.LittleEndian.PutUint32(header[8:], to.id)
	binary.LittleEndian.PutUint32(header[12:], op)
	_, err = conn.Write(append(append(header, prefix...), body...))
	return err
}
