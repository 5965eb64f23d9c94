package access

import (
	"google.golang.org/protobuf/types/known/timestamppb"

	accessv1 "github.com/couponlink/couponlink/gen/go/couponlink/access/v1"
)

// Proto returns a principal's proto.
func Proto(p *Principal) *accessv1.Principal {
	m := &accessv1.Principal{
		Name: p.Name, DisplayName: p.DisplayName, Role: accessv1.Role(accessv1.Role_value[string(p.Role)]),
		Publishers: p.Publishers, Offers: p.Offers,
		RequestsPerSecond: int32(p.RequestsPerSecond), //nolint:gosec // at most 100,000
	}
	for _, permission := range p.Permissions() {
		m.Permissions = append(m.Permissions, string(permission))
	}
	if !p.ExpireTime.IsZero() {
		m.ExpireTime = timestamppb.New(p.ExpireTime)
	}
	return m
}

// FromProto is the inverse of Proto.
func FromProto(m *accessv1.Principal) *Principal {
	p := &Principal{
		Name: m.GetName(), DisplayName: m.GetDisplayName(), Role: Role(m.GetRole().String()), RequestsPerSecond: int(m.GetRequestsPerSecond()),
		Publishers: m.GetPublishers(), Offers: m.GetOffers(),
	}
	if p.Role == Service {
		for _, permission := range m.GetPermissions() {
			p.Listed = append(p.Listed, Permission(permission))
		}
	}
	if m.GetExpireTime() != nil {
		p.ExpireTime = m.GetExpireTime().AsTime()
	}
	return p
}
