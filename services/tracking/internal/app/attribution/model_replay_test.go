package attribution_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/tracking/internal/app/attribution"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

func (o replayOperation) do(r *run) {
	if len(r.journal) == 0 {
		return
	}
	if o.filter != "" {
		r.replayAll(o.filter, o.dryRun)
		return
	}
	e := r.journal[o.postback%len(r.journal)]
	r.step("replay of %s", e.call)
	page, _, err := r.service.Postbacks(r.ctx, listing.Request{Filter: r.mine() + fmt.Sprintf(" AND create_time = %q", e.at.Format(time.RFC3339Nano))})
	r.must(err)
	if len(page) != 1 {
		r.fatal("%d entries are in the journal for one call", len(page))
	}
	r.replayTwice(page[0].ID, e, o.dryRun)
}

// replayTwice replays an entry, dry at first if it is to be tried so.
func (r *run) replayTwice(id string, e *entry, dryRun bool) {
	var dry domain.Replay
	var err error
	if dryRun {
		dry, err = r.service.Replay(r.ctx, id, attribution.ReplayOrder{DryRun: true})
		r.must(err)
	}
	got, err := r.service.Replay(r.ctx, id, attribution.ReplayOrder{})
	r.must(err)
	r.compareReplay(got, e)
	if dryRun && (dry.Outcome != got.Outcome || dry.Reason != got.Reason) {
		r.fatal("the dry run said %s, the replay %s", dry.Outcome, got.Outcome)
	}
}

func (r *run) compareReplay(got domain.Replay, e *entry) {
	outcome, reason := r.replay(e)
	if string(got.Outcome) != outcome || reason != "" && got.Reason != reason {
		r.fatal("the replay of %s comes to %s %s (%s), want %s %s", e.call, got.Outcome, got.Reason, got.Message, outcome, reason)
	}
}

// replayAll replays by filter, all that came before.
func (r *run) replayAll(filter string, dryRun bool) {
	r.step("replay of all with %s", filter)
	field, value, _ := strings.Cut(strings.ReplaceAll(filter, `"`, ""), " = ")
	var matching []*entry
	for _, e := range r.journal {
		if field == "outcome" && e.answer.outcome == value || field == "reason" && e.answer.reason == value {
			matching = append(matching, e)
		}
	}
	if dryRun {
		r.must(r.service.ReplayAll(r.ctx, r.mine()+" AND "+filter, attribution.ReplayOrder{DryRun: true}, func([]attribution.Replayed) error { return nil }))
	}
	var results []attribution.Replayed
	r.must(r.service.ReplayAll(r.ctx, r.mine()+" AND "+filter, attribution.ReplayOrder{}, func(page []attribution.Replayed) error {
		results = append(results, page...)
		return nil
	}))
	if len(results) != len(matching) {
		r.fatal("%d postbacks were replayed, want %d", len(results), len(matching))
	}
	for i, e := range matching {
		r.compareReplay(results[i].Result, e)
	}
}

// mine is the filter of what is this history's.
func (r *run) mine() string {
	var offers []string
	for _, o := range r.offers {
		offers = append(offers, fmt.Sprintf("offer = %q", "offers/"+o.id))
	}
	return "(" + strings.Join(offers, " OR ") + ")"
}
