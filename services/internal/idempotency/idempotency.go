// Package idempotency lets callers retry a call without its effect happening twice: a call with a request id is
// remembered with its response, in the transaction that stores its effect.
package idempotency

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/klauspost/compress/s2"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/couponlink/couponlink/services/internal/access"
	"github.com/couponlink/couponlink/services/internal/apperr"
)

const (
	// Lifetime is how long a call is remembered.
	Lifetime = 24 * time.Hour
	// maxAnswerBytes bounds a stored response, compressed. A MongoDB document has at most 16 MiB, and no response
	// of the API comes close.
	maxAnswerBytes = 14 << 20
	// field is the field of requests with the id.
	field = "request_id"
)

// Request is a request that can have an id.
type Request interface {
	proto.Message
	GetRequestId() string
}

// Call is a call with a request id.
type Call struct {
	// Caller is the name of the principal that makes the call. An id is its caller's own: another caller's call with it
	// is another call.
	Caller string
	// ID is the id: a UUID in lower case.
	ID string
	// Hash is a hash of the request, without its id. Requests of different methods have different hashes.
	Hash string
	// Time is when the call was made.
	Time time.Time
}

// Key is what stores know a call by.
func (c Call) Key() string { return c.Caller + "/" + c.ID }

// CallOf returns the call that a request with an id makes at a time. ctx is the call's own, and says who calls. Errors:
// InvalidArgument (INVALID_REQUEST_ID).
func CallOf(ctx context.Context, request Request, now time.Time) (Call, error) {
	caller := access.From(ctx)
	if caller == nil {
		return Call{}, errors.New("a call with a request id has no caller")
	}
	id, err := uuid.Parse(request.GetRequestId())
	if err != nil || len(request.GetRequestId()) != len(id.String()) {
		return Call{}, apperr.Invalid("INVALID_REQUEST_ID", field, "%q is not a UUID such as 0195b7a4-5c1e-7d3a-9a52-6b1f0c8e2d47", request.GetRequestId())
	}
	hash, err := hashOf(request)
	return Call{Caller: caller.Name, ID: id.String(), Hash: hash, Time: now}, err
}

// hashOf returns a hash of a request without its id.
func hashOf(request Request) (string, error) {
	given := request.ProtoReflect()
	rest := given.New()
	given.Range(func(f protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		if f.Name() != field {
			rest.Set(f, value)
		}
		return true
	})
	rest.SetUnknown(given.GetUnknown())
	content, err := proto.MarshalOptions{Deterministic: true}.Marshal(rest.Interface())
	if err != nil {
		return "", fmt.Errorf("hashing a request: %w", err)
	}
	hash := sha256.New()
	_, _ = fmt.Fprintf(hash, "%s\n", given.Descriptor().FullName()) // a hash takes every write
	_, _ = hash.Write(content)
	return string(hash.Sum(nil)), nil
}

// Record is what a store keeps of a call that succeeded.
type Record struct {
	Call
	// Answer is the response, as Encode returns it.
	Answer string
}

// Replay returns the stored response for a repetition of a call. found is false if the record is older than Lifetime:
// the call is then a new one. Errors: AlreadyExists (IDEMPOTENCY_KEY_REUSED) if the earlier request was another one.
func (r Record) Replay(again Call) (answer string, found bool, err error) {
	switch {
	case again.Time.Sub(r.Time) >= Lifetime:
		return "", false, nil
	case r.Hash != again.Hash:
		return "", false, apperr.New(apperr.AlreadyExists, "IDEMPOTENCY_KEY_REUSED",
			"the request id %s was used for another request within %.0f hours; use a new id for each request, and the same one only to repeat it",
			r.ID, Lifetime.Hours()).On(field).With(field, r.ID)
	}
	return r.Answer, true, nil
}

// Encode returns a response as stores keep it. Errors: InvalidArgument (ANSWER_TOO_LARGE).
func Encode(answer proto.Message) (string, error) {
	content, err := proto.Marshal(answer)
	if err != nil {
		return "", fmt.Errorf("encoding a response: %w", err)
	}
	compressed := s2.Encode(nil, content)
	if len(compressed) > maxAnswerBytes {
		return "", apperr.Invalid("ANSWER_TOO_LARGE", field, "a response of %d MiB cannot be kept for a retry; ask for less in one call, or leave the id out", len(content)>>20)
	}
	return string(compressed), nil
}

// Decode reads into answer what Encode returned.
func Decode(stored string, answer proto.Message) error {
	content, err := s2.Decode(nil, []byte(stored))
	if err == nil {
		err = proto.Unmarshal(content, answer)
	}
	if err != nil {
		return fmt.Errorf("decoding a stored response: %w", err)
	}
	return nil
}
