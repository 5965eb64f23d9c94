package mongodb

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"

	"github.com/couponlink/couponlink/services/internal/apperr"
)

// done is the answer to a write.
func done() bson.D { return bson.D{{Key: "ok", Value: 1}, {Key: "n", Value: 1}} }

// found is the answer to a query: one document, and more to follow if more is set.
func found(more bool) bson.D {
	id := int64(0)
	if more {
		id = 7
	}
	return bson.D{{Key: "ok", Value: 1}, {Key: "cursor", Value: bson.D{
		{Key: "id", Value: id}, {Key: "ns", Value: "d.c"}, {Key: "firstBatch", Value: bson.A{bson.D{{Key: "_id", Value: 1}}}},
	}}}
}

// works answers as a server that works: it has one document, which queries return in two batches, and counts it.
func works(command bson.Raw) bson.D {
	elements, _ := command.Elements()
	switch elements[0].Key() {
	case "aggregate":
		return bson.D{{Key: "ok", Value: 1}, {Key: "cursor", Value: bson.D{
			{Key: "id", Value: int64(0)}, {Key: "ns", Value: "d.c"}, {Key: "firstBatch", Value: bson.A{bson.D{{Key: "n", Value: 1}}}},
		}}}
	case "getMore":
		return bson.D{{Key: "ok", Value: 1}, {Key: "cursor", Value: bson.D{
			{Key: "id", Value: int64(0)}, {Key: "ns", Value: "d.c"}, {Key: "nextBatch", Value: bson.A{}},
		}}}
	case "insert":
		return done()
	default:
		return found(true)
	}
}

func openServer(t *testing.T, uri string) *DB {
	t.Helper()
	db, err := Open(t.Context(), uri, "d")
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// calls returns one call of each kind. Each returns the store's error.
func calls(db *DB) map[string]func(context.Context) error {
	things := db.Collection("c")
	id := bson.D{{Key: "_id", Value: 1}}
	return map[string]func(context.Context) error{
		"find one": func(ctx context.Context) error { return things.FindOne(ctx, id).Err() },
		"list": func(ctx context.Context) error {
			cursor, err := things.Find(ctx, id)
			if err != nil {
				return err
			}
			var all []bson.Raw
			return cursor.All(ctx, &all)
		},
		"count":  func(ctx context.Context) error { _, err := things.CountDocuments(ctx, id); return err },
		"insert": func(ctx context.Context) error { _, err := things.InsertOne(ctx, id); return err },
		"transaction": func(ctx context.Context) error {
			return db.InTransaction(ctx, func(ctx context.Context) error {
				_, err := things.InsertOne(ctx, id)
				return err
			})
		},
		"ping": db.Ping,
	}
}

// hasty has shorter times than the product: a server counts as lost after 1.1 seconds.
const hasty = "&heartbeatFrequencyMS=500&connectTimeoutMS=300&serverSelectionTimeoutMS=300"

// TestTimes checks that a server that falls silent counts as lost within five seconds: after its last answered
// heartbeat, the next one, and the time that calls wait for another server.
func TestTimes(t *testing.T) {
	if known := heartbeat + connectTimeout + selectionTimeout; known > 5*time.Second {
		t.Errorf("a silent server is known to be lost after %s, want 5 s at most", known)
	}
	if took := commitTries * commitTimeout; took > 5*time.Second {
		t.Errorf("a commit takes %s, want 5 s at most", took)
	}
}

// TestAway takes a server away during calls, each of which was answered before. They end in time, whether its
// connections are cut or it falls silent. Once that is known, other calls end at once.
func TestAway(t *testing.T) {
	for name, lose := range map[string]func(*server){"cut": (*server).cut, "frozen": (*server).freeze} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, uri := startServer(t, works)
			db := openServer(t, uri+hasty)
			for kind, run := range calls(db) {
				if err := run(t.Context()); err != nil {
					t.Fatalf("%s of a server that works: %v", kind, err)
				}
			}
			ends := make(chan string)
			lost := time.Now()
			for kind, run := range calls(db) {
				go func() {
					for {
						if err := Failure(run(t.Context())); err != nil {
							if !apperr.Is(err, apperr.Unavailable) {
								t.Errorf("%s: %v, want Unavailable", kind, err)
							}
							ends <- kind
							return
						}
					}
				}()
			}
			lose(s)
			for range calls(db) {
				if kind := <-ends; time.Since(lost) > 1100*time.Millisecond+busy {
					t.Errorf("%s ended %s after the server was lost, want 1.1 s", kind, time.Since(lost))
				}
			}
			awaitShut(t, db)
			for kind, run := range calls(db) {
				known := time.Now()
				if err := Failure(run(t.Context())); !apperr.Is(err, apperr.Unavailable) || time.Since(known) > time.Second {
					t.Errorf("%s: %v after %s, want Unavailable within a second", kind, err, time.Since(known))
				}
			}
		})
	}
}

// busy is the time that a busy machine may add.
const busy = 2 * time.Second

// awaitShut waits until it is known that no server takes writes.
func awaitShut(t *testing.T, db *DB) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if _, ok := db.gate.pass(func() {}); !ok {
			return
		}
	}
	t.Fatal("it is not known that the server is lost")
}

// TestGate shows the driver servers that come and go.
func TestGate(t *testing.T) {
	sees := func(g *gate, kind string) {
		g.observe(&event.TopologyDescriptionChangedEvent{NewDescription: event.TopologyDescription{
			Kind: "ReplicaSetWithPrimary", Servers: []event.ServerDescription{{Kind: "RSSecondary"}, {Kind: kind}},
		}})
	}
	g := newGate(time.Hour, time.Hour)
	ended := make(chan struct{})
	if _, ok := g.pass(func() { close(ended) }); !ok {
		t.Fatal("the gate is shut before the time for the first server is over")
	}
	sees(g, "RSPrimary")
	g.patience = 0
	sees(g, "Unknown")
	<-ended
	if _, ok := g.pass(func() {}); ok {
		t.Error("the gate is open though no server takes writes")
	}
	sees(g, "RSPrimary")
	if _, ok := g.pass(func() {}); !ok {
		t.Error("the gate is shut though a server takes writes again")
	}
	g.patience = time.Hour
	sees(g, "Unknown")
	if _, ok := g.pass(func() {}); !ok {
		t.Error("the gate is shut at once when a server is lost")
	}
}

// TestSlow uses a server that does not answer one call but is well otherwise.
func TestSlow(t *testing.T) {
	_, uri := startServer(t, func(command bson.Raw) bson.D {
		if _, err := command.LookupErr("insert"); err == nil {
			return nil
		}
		return found(false)
	})
	db := openServer(t, uri+"&timeoutMS=100")
	_, err := db.Collection("c").InsertOne(t.Context(), bson.D{{Key: "_id", Value: 1}})
	if !apperr.Is(Failure(err), apperr.Unavailable) {
		t.Errorf("a call without an answer: %v, want Unavailable", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := Failure(db.Collection("c").FindOne(ctx, bson.D{}).Err()); err != nil {
		t.Errorf("another call: %v", err)
	}
	_, err = db.Collection("c").InsertOne(ctx, bson.D{{Key: "_id", Value: 1}})
	if err == nil || errors.Is(err, errSlow) {
		t.Errorf("a call whose caller's time is over: %v, want no word of the server's slowness", err)
	}
}

// TestCommitLost uses a server that loses the answer to a commit. The next attempt, over another connection, learns
// that it was done.
func TestCommitLost(t *testing.T) {
	var commits atomic.Int32
	s, uri := startServer(t, func(command bson.Raw) bson.D {
		if _, err := command.LookupErr("commitTransaction"); err == nil && commits.Add(1) == 1 {
			return nil
		}
		return done()
	})
	db := openServer(t, uri)
	db.commitTimeout = 300 * time.Millisecond
	if err := calls(db)["transaction"](t.Context()); err != nil {
		t.Errorf("InTransaction: %v", err)
	}
	if got := strings.Join(s.commands(), " "); got != "insert commitTransaction commitTransaction" {
		t.Errorf("the commands were %s", got)
	}
}

// TestCommitInDoubt uses a server that answers no commit. The caller learns in time that the result is unknown, and the
// transaction is rolled back.
func TestCommitInDoubt(t *testing.T) {
	t.Parallel()
	s, uri := startServer(t, func(command bson.Raw) bson.D {
		if _, err := command.LookupErr("commitTransaction"); err == nil {
			return nil
		}
		return done()
	})
	db := openServer(t, uri)
	db.commitTimeout = 300 * time.Millisecond
	began := time.Now()
	err := calls(db)["transaction"](t.Context())
	if !apperr.Is(err, apperr.Unavailable) || !strings.Contains(err.Error(), "may have stored it") {
		t.Errorf("InTransaction: %v, want Unavailable that says it may be stored", err)
	}
	if took := time.Since(began); took > commitTries*db.commitTimeout+busy {
		t.Errorf("it took %s, want %s", took, commitTries*db.commitTimeout)
	}
	if got := strings.Join(s.commands(), " "); got != "insert commitTransaction commitTransaction abortTransaction" {
		t.Errorf("the commands were %s", got)
	}
}

// TestCommitRefused uses a server that refuses a commit. The result is known, so nothing is tried again.
func TestCommitRefused(t *testing.T) {
	s, uri := startServer(t, func(command bson.Raw) bson.D {
		if _, err := command.LookupErr("commitTransaction"); err == nil {
			return bson.D{{Key: "ok", Value: 0}, {Key: "code", Value: 251}, {Key: "codeName", Value: "NoSuchTransaction"}, {Key: "errmsg", Value: "no"}}
		}
		return done()
	})
	db := openServer(t, uri)
	err := calls(db)["transaction"](t.Context())
	if !apperr.Is(err, apperr.Unavailable) || strings.Contains(err.Error(), "may have stored it") {
		t.Errorf("InTransaction: %v, want Unavailable that does not say it may be stored", err)
	}
	if got := strings.Join(s.commands(), " "); got != "insert commitTransaction" {
		t.Errorf("the commands were %s", got)
	}
}

// TestCommitSurvivesItsCaller makes the caller leave during the commit.
func TestCommitSurvivesItsCaller(t *testing.T) {
	ctx, leave := context.WithCancel(t.Context())
	_, uri := startServer(t, func(command bson.Raw) bson.D {
		if _, err := command.LookupErr("commitTransaction"); err == nil {
			leave()
		}
		return done()
	})
	if err := calls(openServer(t, uri))["transaction"](ctx); err != nil {
		t.Errorf("InTransaction: %v, want that the commit is finished", err)
	}
}

// TestOpenRefused uses a server that refuses the password, or lacks a permission. Waiting does not help, and the error
// says what does. A server that is away is no such error.
func TestOpenRefused(t *testing.T) {
	for name, c := range map[string]struct {
		command  string
		code     int
		wants    string
		password string
	}{
		"password": {"saslStart", 18, "the password of the database URL", "user:s3cret@"},
		"right":    {"find", 13, "readWrite and dbAdmin", ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, uri := startServer(t, func(command bson.Raw) bson.D {
				if _, err := command.LookupErr(c.command); err == nil {
					return bson.D{{Key: "ok", Value: 0}, {Key: "code", Value: c.code}, {Key: "errmsg", Value: "refused"}}
				}
				return done()
			})
			_, err := Open(t.Context(), strings.Replace(uri, "mongodb://", "mongodb://"+c.password, 1), "d")
			if err == nil || !strings.Contains(err.Error(), c.wants) || strings.Contains(err.Error(), "s3cret") ||
				IsAway(err) || apperr.Is(err, apperr.Unavailable) {
				t.Errorf("Open: %v, want an error that does not pass and has %q", err, c.wants)
			}
		})
	}
	_, err := Open(t.Context(), "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=10", "d")
	if !IsAway(err) || !apperr.Is(StartFailure(err), apperr.Unavailable) {
		t.Errorf("Open with nobody there: %v, want an error that passes", err)
	}
	_, err = os.Open(filepath.Join(t.TempDir(), "none"))
	if IsAway(err) {
		t.Errorf("an error of the file system, %v, passes by itself", err)
	}
}
