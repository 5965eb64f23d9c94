package attribution

import "time"

// since returns the use cases that are told by the coupon service what was asked for at t or later, and nothing
// that it remembers from before: for what is decided right after somebody has corrected its cause.
func (s *Service) since(t time.Time) *Service {
	latest := *s
	latest.catalog = s.config.CatalogSince(t)
	return &latest
}
