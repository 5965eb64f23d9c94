package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"time"
)

const (
	// maxRatio is by how much a question may take longer of the large program, maxMedian how long at most.
	maxRatio  = 1.5
	maxMedian = 50 * time.Millisecond
	warmUps   = 20
)

// question is something that people ask again and again.
type question struct {
	name string
	ask  func(ctx context.Context, p *program, to *bytes.Buffer) error
	// found returns how many rows an answer has, which must be the same of both: else there is nothing to
	// compare.
	rows string
	// promised says that the targets hold for it.
	promised bool
}

func questions() []question {
	page := func(filter string) func(context.Context, *program, *bytes.Buffer) error {
		return func(ctx context.Context, p *program, to *bytes.Buffer) error {
			return p.get(ctx, "/v1/conversions?filter="+url.QueryEscape(filter), to)
		}
	}
	summary := func(body map[string]any) func(context.Context, *program, *bytes.Buffer) error {
		return func(ctx context.Context, p *program, to *bytes.Buffer) error {
			return p.post(ctx, "/v1/reports/conversions:summarize", body, to)
		}
	}
	month := func(more map[string]any) map[string]any {
		body := map[string]any{"startDate": "2026-03-01", "endDate": "2026-03-31"}
		for key, value := range more {
			body[key] = value
		}
		return body
	}
	filter := fmt.Sprintf("pub_unique3 = %q", codeOf(0, 0))
	return []question{
		{"first page of pub_unique3 = code", page(filter), "conversions", true},
		{"summary of one month by publisher", summary(month(map[string]any{"groupBy": []string{"PUBLISHER"}})), "rows", true},
		{"first page of all, latest first", page(""), "conversions", false},
		{"summary of one month by day", summary(month(map[string]any{"groupBy": []string{"DAY"}})), "rows", false},
		{"summary of the year by month", summary(map[string]any{"groupBy": []string{"MONTH"}}), "rows", false},
		{"one publisher's year by day", summary(map[string]any{"groupBy": []string{"DAY"}, "filter": "publisher = p1"}), "rows", false},
	}
}

// compare asks both programs each question in turns, prints what it takes, and says whether the targets
// are met.
func compare(ctx context.Context, small, large *program, rounds int) (met bool, err error) {
	fmt.Printf("%-36s %16s %16s %8s\n", "median of "+fmt.Sprint(rounds), fmt.Sprint(small.size.conversions), fmt.Sprint(large.size.conversions), "ratio")
	met = true
	for _, q := range questions() {
		var taken [2][]time.Duration
		var rows [2]int
		for round := range warmUps + rounds {
			for i, p := range []*program{small, large} {
				var answer bytes.Buffer
				began := time.Now()
				if err := q.ask(ctx, p, &answer); err != nil {
					return false, err
				}
				if round >= warmUps {
					taken[i] = append(taken[i], time.Since(began))
				}
				rows[i] = count(answer.Bytes(), q.rows)
			}
		}
		ok := report(q, taken, rows)
		met = met && ok
	}
	return met, nil
}

// report prints a line and says whether the targets are met.
func report(q question, taken [2][]time.Duration, rows [2]int) bool {
	small, large := median(taken[0]), median(taken[1])
	ratio := float64(large) / float64(small)
	verdict := ""
	ok := true
	if q.promised {
		ok = ratio <= maxRatio && large < maxMedian && rows[0] == rows[1]
		verdict = fmt.Sprintf("at most %.1f and %s: ", maxRatio, maxMedian)
		if ok {
			verdict += "met"
		} else {
			verdict += "MISSED"
		}
	}
	fmt.Printf("%-36s %16s %16s %8.2f  %s\n", q.name, cell(small, rows[0]), cell(large, rows[1]), ratio, verdict)
	return ok
}

func cell(took time.Duration, rows int) string {
	return fmt.Sprintf("%s/%d", took.Round(10*time.Microsecond), rows)
}

func median(taken []time.Duration) time.Duration {
	slices.Sort(taken)
	return taken[len(taken)/2]
}

// count returns how many elements a list of an answer has.
func count(answer []byte, list string) int {
	var lists map[string]json.RawMessage
	if json.Unmarshal(answer, &lists) != nil {
		return 0
	}
	var rows []json.RawMessage
	_ = json.Unmarshal(lists[list], &rows) // no list: no rows
	return len(rows)
}
