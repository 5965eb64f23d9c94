package move

import (
	"fmt"
	"time"
)

// State is the progress of a move into a database. It is stored in that database, as JSON.
type State struct {
	Place Place     `json:"place"`
	Began time.Time `json:"began"`
	// Done is when source and destination were found equal; zero while the move is unfinished.
	Done   time.Time   `json:"done,omitzero"`
	Tables []*Progress `json:"tables,omitempty"`
}

// Progress is the progress of a table.
type Progress struct {
	Table string `json:"table"`
	// After is the position, in the source, of the last record copied.
	After string `json:"after,omitempty"`
	// Sum is the sum of the records copied so far.
	Sum      Sum  `json:"sum"`
	Complete bool `json:"complete,omitempty"`
}

// of returns the progress of a table.
func (s *State) of(table string) *Progress {
	for _, p := range s.Tables {
		if p.Table == table {
			return p
		}
	}
	p := &Progress{Table: table}
	s.Tables = append(s.Tables, p)
	return p
}

// Refusal returns why services must not use a database with this state, or nil if they may.
func (s State) Refusal() error {
	if s.Began.IsZero() || !s.Done.IsZero() {
		return nil
	}
	return fmt.Errorf("its data is being moved here from %s, which is not finished: run `couponlink move --from %s --to %s` (URLs with their credentials) until it is",
		s.Place.From, s.Place.From, s.Place.To)
}
