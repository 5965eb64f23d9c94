// Package keys creates, lists, rotates and revokes API keys, and looks up secrets.
package keys

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/couponlink/couponlink/services/coupon/internal/app"
	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/access"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/columns"
	"github.com/couponlink/couponlink/services/internal/idempotency"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/resource"
	"github.com/couponlink/couponlink/services/internal/rows"
)

const (
	// maxKeys bounds the stored keys.
	maxKeys = 10_000
	// noteUseAfter is the least time between two writes of a key's time of last use.
	noteUseAfter = time.Minute
	// noteUseTimeout bounds that write, which a call waits for.
	noteUseTimeout = time.Second
)

// Store keeps API keys. They are never deleted. Its rules are those of app.Store.
type Store interface {
	// InsertKey stores a new key, or returns app.ErrExists.
	InsertKey(ctx context.Context, key domain.Key) error
	// Key returns a key by its id.
	Key(ctx context.Context, id string) (domain.Key, error)
	// KeyBySecret returns the key that has the hash of a secret as its present or its previous one.
	KeyBySecret(ctx context.Context, hash string) (domain.Key, error)
	// UpdateKey replaces a key with the result of change, atomically, and increments its revision.
	UpdateKey(ctx context.Context, id string, change func(domain.Key) (domain.Key, error)) (domain.Key, error)
	// NoteKeyUse stores when a key was used, unless a later time is stored. The revision stays.
	NoteKeyUse(ctx context.Context, id string, at time.Time) error
	// Keys returns the keys that a query selects.
	Keys(ctx context.Context, q listing.Query) ([]domain.Key, error)
	// CountKeys returns the number of keys.
	CountKeys(ctx context.Context) (int64, error)
	// OnceForKeys is app.Store.Once with a Store of keys.
	OnceForKeys(ctx context.Context, call idempotency.Call, do func(context.Context, Store) (answer string, err error)) (answer string, err error)
	// Offer and Publisher return what a key can be limited to, by its id.
	Offer(ctx context.Context, id string) (domain.Offer, error)
	Publisher(ctx context.Context, id string) (domain.Publisher, error)
}

// Service has the use cases. It is safe for concurrent use.
type Service struct {
	store  Store
	now    func() time.Time
	schema *listing.Schema
	log    *slog.Logger
}

// New returns the use cases on a store. Dates in filters are days of the zone.
func New(store Store, now func() time.Time, zone *time.Location, log *slog.Logger) *Service {
	return &Service{store: store, now: now, log: log, schema: columns.Schema(columns.Keys(), zone, "create_time desc", listing.Field{Name: "name", Stored: "id"})}
}

// Now returns the time in UTC, in whole milliseconds.
func (s *Service) Now() time.Time { return s.now().UTC().Truncate(time.Millisecond) }

// Once calls do with use cases that read and write in one transaction; see app.Service.Once.
func (s *Service) Once(ctx context.Context, call idempotency.Call, do func(context.Context, *Service) (string, error)) (string, error) {
	answer, err := s.store.OnceForKeys(ctx, call, func(ctx context.Context, within Store) (string, error) {
		bound := *s
		bound.store = within
		return do(ctx, &bound)
	})
	return answer, orMissing(err, "", "storing a call")
}

// Create stores a new key and returns it with its secret, which is not stored. The key may do nothing that its creator
// may not.
//
// Errors: InvalidArgument; PermissionDenied (PERMISSION_REQUIRED, KEY_OUTLIVES_CALLER); FailedPrecondition
// (TOO_MANY_KEYS).
func (s *Service) Create(ctx context.Context, by *access.Principal, key domain.Key) (created domain.Key, secret string, err error) {
	key.CreateTime = s.Now()
	key.UpdateTime, key.Revision = key.CreateTime, 1
	key, err = domain.CheckKey(key)
	if err := apperr.Join(err, s.checkLimits(ctx, key)); err != nil {
		return domain.Key{}, "", err
	}
	if err := mayHold(by, key); err != nil {
		return domain.Key{}, "", err
	}
	count, err := s.store.CountKeys(ctx)
	if err != nil {
		return domain.Key{}, "", orMissing(err, "", "counting API keys")
	}
	if count >= maxKeys {
		return domain.Key{}, "", apperr.New(apperr.FailedPrecondition, "TOO_MANY_KEYS", "%d API keys are stored, and no more are allowed; rotate keys instead of creating others", count)
	}
	secret = access.NewSecret()
	key.SecretHash, key.SecretPrefix = access.HashOf(secret).String(), access.Shown(secret)
	key.ID = newID()
	if err := s.store.InsertKey(ctx, key); err != nil {
		return domain.Key{}, "", orMissing(err, key.ID, "storing an API key")
	}
	return key, secret, nil
}

// Key returns a key. Errors: NotFound (KEY_NOT_FOUND).
func (s *Service) Key(ctx context.Context, id string) (domain.Key, error) {
	key, err := s.store.Key(ctx, id)
	return key, orMissing(err, id, "reading an API key")
}

// Keys returns a page of keys and the next page's token. Errors: InvalidArgument.
func (s *Service) Keys(ctx context.Context, req listing.Request) ([]domain.Key, string, error) {
	q, err := s.schema.Query(req, rows.Of(ctx).Nothing(), nil, s.Now())
	if err != nil {
		return nil, "", err
	}
	found, err := listing.Read(ctx, q, s.store.Keys)
	if err != nil {
		return nil, "", orMissing(err, "", "listing API keys")
	}
	page, next := listing.Page(q, found, value)
	return page, next, nil
}

// checkLimits refuses a key that is limited to publishers or offers that do not exist.
func (s *Service) checkLimits(ctx context.Context, key domain.Key) error {
	publishers, offers := key.LimitedTo()
	var found apperr.Findings
	check := func(field, id string, err error) error {
		if !errors.Is(err, app.ErrNotFound) {
			return orMissing(err, "", "reading what a key is limited to")
		}
		found.Add(apperr.Invalid("INVALID_"+strings.ToUpper(field), field, "there is no %s/%s", field, id))
		return nil
	}
	for _, id := range publishers[:min(len(publishers), domain.MaxKeyLimits)] {
		_, err := s.store.Publisher(ctx, id)
		if err := check("publishers", id, err); err != nil {
			return err
		}
	}
	for _, id := range offers[:min(len(offers), domain.MaxKeyLimits)] {
		_, err := s.store.Offer(ctx, id)
		if err := check("offers", id, err); err != nil {
			return err
		}
	}
	return found.Err()
}

// mayHold refuses a caller a secret that would let it do more than it may itself, or for longer.
func mayHold(by *access.Principal, key domain.Key) error {
	if missing := by.Lacks(key.Principal()); missing != "" {
		return access.Denied(by, missing)
	}
	if by.ExpireTime.IsZero() || !key.ExpireTime.IsZero() && !key.ExpireTime.After(by.ExpireTime) {
		return nil
	}
	return apperr.New(apperr.PermissionDenied, "KEY_OUTLIVES_CALLER", "%s expires at %s; it can create and rotate only keys that expire by then", by.Name, by.ExpireTime.Format(time.RFC3339)).
		On("expire_time")
}

// Rotate gives a key a new secret and returns both. The old one is accepted for an overlap. The key may do nothing that
// the caller may not.
//
// Errors: NotFound (KEY_NOT_FOUND); InvalidArgument on `overlap`; PermissionDenied (PERMISSION_REQUIRED,
// KEY_OUTLIVES_CALLER); FailedPrecondition (KEY_REVOKED, KEY_EXPIRED); Aborted (ETAG_MISMATCH).
func (s *Service) Rotate(ctx context.Context, by *access.Principal, id string, overlap time.Duration, etag string) (domain.Key, string, error) {
	if err := domain.CheckOverlap(overlap); err != nil {
		return domain.Key{}, "", err
	}
	secret := access.NewSecret()
	rotated, err := s.store.UpdateKey(ctx, id, func(current domain.Key) (domain.Key, error) {
		if err := mayHold(by, current); err != nil {
			return current, err
		}
		if err := domain.MatchEtag(etag, resource.Key(id), current.Revision); err != nil {
			return current, err
		}
		return domain.RotateKey(current, secret, overlap, s.Now())
	})
	if err != nil {
		return domain.Key{}, "", orMissing(err, id, "rotating an API key")
	}
	return rotated, secret, nil
}

// errRevoked ends the transaction that would revoke a key again.
var errRevoked = errors.New("the key is revoked")

// Revoke ends a key. Errors: NotFound (KEY_NOT_FOUND); Aborted (ETAG_MISMATCH).
func (s *Service) Revoke(ctx context.Context, id, etag string) (domain.Key, error) {
	var stored domain.Key
	revoked, err := s.store.UpdateKey(ctx, id, func(current domain.Key) (domain.Key, error) {
		stored = current
		if err := domain.MatchEtag(etag, resource.Key(id), current.Revision); err != nil {
			return current, err
		}
		if !current.RevokeTime.IsZero() {
			return current, errRevoked
		}
		return domain.RevokeKey(current, s.Now()), nil
	})
	if errors.Is(err, errRevoked) {
		return stored, nil
	}
	return revoked, orMissing(err, id, "revoking an API key")
}

// Authenticate returns the caller whose secret has a hash, or nil if no key accepts it. The caller's ExpireTime is that
// of the secret if it ends before the key. Authenticate stores the time of use; if that fails, it accepts the caller
// anyway.
func (s *Service) Authenticate(ctx context.Context, hash access.Hash) (*access.Principal, error) {
	key, err := s.store.KeyBySecret(ctx, hash.String())
	if errors.Is(err, app.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, orMissing(err, "", "looking a secret up")
	}
	now := s.Now()
	until, ok := key.Accepts(hash.String(), now)
	if !ok {
		return nil, nil
	}
	if now.Sub(key.LastUseTime).Abs() >= noteUseAfter {
		inTime, cancel := context.WithTimeout(ctx, noteUseTimeout)
		defer cancel()
		if err := s.store.NoteKeyUse(inTime, key.ID, now); err != nil {
			s.log.WarnContext(ctx, "noting the use of an API key failed", slog.String("key", key.ID), slog.Any("error", err))
		}
	}
	principal := key.Principal()
	principal.ExpireTime = until
	return principal, nil
}

// value returns the stored value of a field that keys can be ordered by.
func value(k domain.Key, field string) any {
	switch field {
	case "display_name":
		return k.DisplayName
	case "create_time":
		return k.CreateTime
	default:
		return k.ID
	}
}

// orMissing returns KEY_NOT_FOUND in place of app.ErrNotFound, and describes other errors.
func orMissing(err error, id, doing string) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, app.ErrNotFound):
		return domain.NoKey(id)
	case apperr.As(err) != nil:
		return err
	default:
		return fmt.Errorf("%s: %w", doing, err)
	}
}

// newID returns a random id of 80 bits.
func newID() string { return strings.ToLower(rand.Text()[:16]) }
