package app

import "io"

// SetRandom sets the source of generated codes.
func (s *Service) SetRandom(random io.Reader) { s.random = random }
