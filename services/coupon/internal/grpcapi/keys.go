package grpcapi

import (
	"context"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc/metadata"

	accessv1 "github.com/couponlink/couponlink/gen/go/couponlink/access/v1"
	"github.com/couponlink/couponlink/services/coupon/internal/app/keys"
	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/access"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/bearer"
	"github.com/couponlink/couponlink/services/internal/idempotency"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/pasted"
	"github.com/couponlink/couponlink/services/internal/resource"
	"github.com/couponlink/couponlink/services/internal/resourcepage"
)

type accessServer struct {
	accessv1.UnimplementedAccessServiceServer
	keys *keys.Service
}

// CreateKey stores a new API key.
func (s *accessServer) CreateKey(ctx context.Context, req *accessv1.CreateKeyRequest) (*accessv1.Key, error) {
	key, err := once(ctx, s, req, (*accessServer).createKey)
	return opened(ctx, req, key, err)
}

func (s *accessServer) createKey(ctx context.Context, req *accessv1.CreateKeyRequest) (*accessv1.Key, error) {
	if req.GetKey() == nil {
		return nil, missing("key", "INVALID_KEY")
	}
	draft, err := keyOf(req.GetKey())
	if err != nil {
		return nil, err
	}
	key, secret, err := s.keys.Create(ctx, access.From(ctx), draft)
	return s.withSecret(ctx, req, key, secret, err)
}

// GetKey returns an API key.
func (s *accessServer) GetKey(ctx context.Context, req *accessv1.GetKeyRequest) (*accessv1.Key, error) {
	id, err := resource.ParseKey("name", req.GetName())
	if err != nil {
		return nil, err
	}
	return s.answer(s.keys.Key(ctx, id))
}

// ListKeys returns a page of API keys.
func (s *accessServer) ListKeys(ctx context.Context, req *accessv1.ListKeysRequest) (*accessv1.ListKeysResponse, error) {
	now := s.keys.Now()
	page := resourcepage.Of(func(k domain.Key) *accessv1.Key { return keyProto(&k, now) })
	_, next, err := s.keys.Keys(ctx, listing.Request{
		Filter: req.GetFilter(), OrderBy: req.GetOrderBy(), PageToken: req.GetPageToken(), PageSize: req.GetPageSize(),
		Take: page.Take,
	})
	if err != nil {
		return nil, err
	}
	return &accessv1.ListKeysResponse{Keys: page.Resources, NextPageToken: next}, nil
}

// RotateKey gives an API key a new secret.
func (s *accessServer) RotateKey(ctx context.Context, req *accessv1.RotateKeyRequest) (*accessv1.Key, error) {
	key, err := once(ctx, s, req, (*accessServer).rotateKey)
	return opened(ctx, req, key, err)
}

func (s *accessServer) rotateKey(ctx context.Context, req *accessv1.RotateKeyRequest) (*accessv1.Key, error) {
	id, err := resource.ParseKey("name", req.GetName())
	if err != nil {
		return nil, err
	}
	overlap, err := durationOf("overlap", "INVALID_OVERLAP", req.GetOverlap(), domain.DefaultOverlap)
	if err != nil {
		return nil, err
	}
	key, secret, err := s.keys.Rotate(ctx, access.From(ctx), id, overlap, req.GetEtag())
	return s.withSecret(ctx, req, key, secret, err)
}

// RevokeKey ends an API key.
func (s *accessServer) RevokeKey(ctx context.Context, req *accessv1.RevokeKeyRequest) (*accessv1.Key, error) {
	return once(ctx, s, req, (*accessServer).revokeKey)
}

func (s *accessServer) revokeKey(ctx context.Context, req *accessv1.RevokeKeyRequest) (*accessv1.Key, error) {
	id, err := resource.ParseKey("name", req.GetName())
	if err != nil {
		return nil, err
	}
	return s.answer(s.keys.Revoke(ctx, id, req.GetEtag()))
}

// GetMe returns the caller.
func (*accessServer) GetMe(ctx context.Context, _ *accessv1.GetMeRequest) (*accessv1.Principal, error) {
	return access.Proto(access.From(ctx)), nil
}

// AuthenticateKey returns whose a secret is.
func (s *accessServer) AuthenticateKey(
	ctx context.Context, req *accessv1.AuthenticateKeyRequest,
) (*accessv1.AuthenticateKeyResponse, error) {
	hash, ok := access.HashFrom(req.GetSecretHash())
	if !ok {
		return nil, apperr.Invalid("INVALID_SECRET_HASH", "secret_hash", "has %d bytes; a SHA-256 has %d", len(req.GetSecretHash()), len(hash))
	}
	principal, err := s.keys.Authenticate(ctx, hash)
	if err == nil && principal == nil {
		err = apperr.New(apperr.NotFound, "KEY_NOT_FOUND", "no valid API key has this secret")
	}
	if err != nil {
		return nil, err
	}
	return &accessv1.AuthenticateKeyResponse{Principal: access.Proto(principal)}, nil
}

func (s *accessServer) answer(key domain.Key, err error) (*accessv1.Key, error) {
	if err != nil {
		return nil, err
	}
	return keyProto(&key, s.keys.Now()), nil
}

// withSecret returns an API key with its secret, which is sealed if the response is to be stored; see opened.
func (s *accessServer) withSecret(ctx context.Context, req idempotency.Request, key domain.Key, secret string, err error) (*accessv1.Key, error) {
	if err != nil {
		return nil, err
	}
	m := keyProto(&key, s.keys.Now())
	m.Secret = secret
	if id := req.GetRequestId(); id != "" {
		m.Secret, err = idempotency.Seal(secret, id, bearerOf(ctx))
	}
	return m, err
}

// opened returns a response whose secret withSecret sealed, if the request has an id. It takes the secret that the first
// call carried to open it; a caller that has another one by now gets the API key without its secret.
func opened(ctx context.Context, req idempotency.Request, key *accessv1.Key, err error) (*accessv1.Key, error) {
	if id := req.GetRequestId(); err == nil && id != "" {
		key.Secret = idempotency.Open(key.GetSecret(), id, bearerOf(ctx))
	}
	return key, err
}

// bearerOf returns the secret that a call carries.
func bearerOf(ctx context.Context) string {
	secret, _ := bearer.KeyOf(metadata.ValueFromIncomingContext(ctx, "authorization"))
	return secret
}

// keyOf returns the fields in an API key's proto.
func keyOf(m *accessv1.Key) (domain.Key, error) {
	listed := make([]string, len(m.GetPermissions()))
	for i, p := range m.GetPermissions() {
		listed[i] = pasted.Trim(p)
	}
	slices.Sort(listed)
	expireTime, timeErr := timeOf("expire_time", "INVALID_EXPIRE_TIME", m.GetExpireTime())
	publishers, publisherErr := idsOf("publishers", m.GetPublishers(), resource.ParsePublisher)
	offers, offerErr := idsOf("offers", m.GetOffers(), resource.ParseOffer)
	return domain.Key{
		Publishers: publishers, Offers: offers,
		DisplayName: m.GetDisplayName(), Role: choice(m.GetRole(), access.Role("")), Permissions: strings.Join(slices.Compact(listed), ","),
		ExpireTime: expireTime, RequestsPerSecond: m.GetRequestsPerSecond(),
	}, apperr.Join(publisherErr, offerErr, timeErr)
}

// idsOf returns the ids in the names of a field, in order, separated by commas.
func idsOf(field string, names []string, parse func(field, name string) (string, error)) (string, error) {
	ids := make([]string, len(names))
	var found apperr.Findings
	for i, name := range names {
		id, err := parse(field, name)
		found.Add(err)
		ids[i] = id
	}
	slices.Sort(ids)
	return strings.Join(slices.Compact(ids), ","), found.Err()
}

// keyProto returns the proto of an API key as it is at a moment.
func keyProto(k *domain.Key, now time.Time) *accessv1.Key {
	m := &accessv1.Key{
		Name:              resource.Key(k.ID),
		DisplayName:       k.DisplayName,
		Role:              accessv1.Role(accessv1.Role_value[string(k.Role)]),
		Permissions:       k.Listed(),
		Publishers:        k.Principal().Publishers,
		Offers:            k.Principal().Offers,
		ExpireTime:        stamp(k.ExpireTime),
		RequestsPerSecond: k.RequestsPerSecond,
		SecretPrefix:      k.SecretPrefix,
		State:             accessv1.Key_State(accessv1.Key_State_value[string(k.StateAt(now))]),
		LastUseTime:       stamp(k.LastUseTime),
		CreateTime:        stamp(k.CreateTime),
		UpdateTime:        stamp(k.UpdateTime),
		RevokeTime:        stamp(k.RevokeTime),
		Etag:              domain.Etag(resource.Key(k.ID), k.Revision),
	}
	if now.Before(k.PreviousSecretExpireTime) {
		m.PreviousSecretExpireTime = stamp(k.PreviousSecretExpireTime)
	}
	return m
}
