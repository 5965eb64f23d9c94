package record

import "github.com/couponlink/couponlink/services/tracking/internal/domain/redirect"

// Problem is a problem that a scan found.
type Problem struct {
	Severity redirect.Severity `json:"severity"      bson:"severity"`
	Reason   string            `json:"reason"        bson:"reason"`
	Message  string            `json:"message"       bson:"message"`
	Fix      string            `json:"mend"          bson:"mend"`
	Hop      int               `json:"hop,omitempty" bson:"hop,omitempty"`
}

// EncodeProblems returns the records of problems.
func EncodeProblems(problems []redirect.Problem) (records []Problem) {
	for _, p := range problems {
		records = append(records, Problem(p))
	}
	return records
}

// DecodeProblems is the inverse of EncodeProblems.
func DecodeProblems(records []Problem) (problems []redirect.Problem) {
	for _, r := range records {
		problems = append(problems, redirect.Problem(r))
	}
	return problems
}
