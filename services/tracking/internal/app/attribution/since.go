package attribution

import "time"

// since returns the use cases on answers of the coupon service queried at t or later. It is for decisions right
// after somebody has corrected the cause of an earlier one.
func (s *Service) since(t time.Time) *Service {
	latest := *s
	latest.catalog = s.config.CatalogSince(t)
	return &latest
}
