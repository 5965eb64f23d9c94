package app

import "io"

// SetRandom sets where generated codes come from.
func (s *Service) SetRandom(random io.Reader) { s.random = random }
