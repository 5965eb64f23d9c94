package flow

import (
	"context"
	"errors"
	"hash/fnv"
	"strconv"
	"strings"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/tracking/internal/rules"
)

const (
	// settleWindow is after how long all changes of a time are stored: an update_time is taken before
	// the write, which the stores bound, and clocks of several instances differ. What is younger is read
	// again and again, so that nothing that comes late is missed.
	settleWindow = 15 * time.Second
	// watchInterval is how often there is looked for news.
	watchInterval = 500 * time.Millisecond
	// tokenInterval is how often a token is sent while there is no news.
	tokenInterval = 5 * time.Second
	watchPage     = 500
)

// News is what a watcher is told.
type News struct {
	// Conversion is nil where there is only a token.
	Conversion *rules.Conversion
	// Created says that the conversion is new to the watcher.
	Created bool
	// Changes are those that the watcher was not told of.
	Changes     []rules.Change
	ResumeToken string
}

// Watch tells of conversions that match a filter as they are stored and changed, from a token on, or
// from now, until ctx ends, tell fails, or the service stops.
//
// Errors: InvalidArgument on filter or resume_token; Unavailable when the service stops; what tell
// returns; ctx's.
func (s *Service) Watch(ctx context.Context, filter, token string, tell func(News) error) error {
	w, err := s.newWatch(filter, token)
	if err != nil {
		return err
	}
	for {
		if err := s.look(ctx, w, tell); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.stopping:
			return apperr.New(apperr.Unavailable, "SERVICE_STOPPING", "the service is stopping; call again with the last resume_token")
		case <-s.after(watchInterval):
		}
	}
}

// StopWatches ends all watches, now and later, so that the service can stop.
func (s *Service) StopWatches() { s.stopOnce.Do(func() { close(s.stopping) }) }

// watch is one watcher's place.
type watch struct {
	filter string
	// since is up to where all changes were told.
	since time.Time
	// from is up to where, in the order of their last change, the conversions were told as they are, with
	// their changes after since: a look that breaks off goes on there. It is never before since.
	from time.Time
	// told is what was told of the conversions that changed after since, by id.
	told map[string]told
	// tokenTime is when the last token was sent.
	tokenTime time.Time
}

type told struct {
	revision   int64
	changes    int
	updateTime time.Time
}

// newWatch checks the filter and reads the token.
func (s *Service) newWatch(filter, token string) (*watch, error) {
	if _, err := s.conversions.Query(listing.Request{Filter: filter}, nil, s.Now()); err != nil {
		return nil, err
	}
	w := &watch{filter: filter, since: s.Now(), told: map[string]told{}}
	w.from = w.since
	if token != "" && !w.resume(token) {
		return nil, apperr.Invalid("INVALID_RESUME_TOKEN", "resume_token", "is not one that a stream with the same filter has sent")
	}
	w.tokenTime = s.Now()
	return w, nil
}

// token is from where a stream resumes that was told all up to now.
func (w *watch) token() string {
	return strconv.FormatInt(w.since.UnixMilli(), 36) + "-" + strconv.FormatInt(w.from.UnixMilli(), 36) + "." + checksum(w.filter)
}

// resume reads a token, and says whether it is one.
func (w *watch) resume(token string) bool {
	times, sum, _ := strings.Cut(token, ".")
	first, second, _ := strings.Cut(times, "-")
	since, sinceErr := strconv.ParseInt(first, 36, 64)
	from, fromErr := strconv.ParseInt(second, 36, 64)
	if sinceErr != nil || fromErr != nil || from < since || sum != checksum(w.filter) {
		return false
	}
	w.since, w.from = time.UnixMilli(since).UTC(), time.UnixMilli(from).UTC()
	return true
}

func checksum(filter string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(filter)) // never fails
	return strconv.FormatUint(uint64(h.Sum32()), 36)
}

// look tells what is new, and moves on.
func (s *Service) look(ctx context.Context, w *watch, tell func(News) error) error {
	now := s.Now()
	settled := now.Add(-settleWindow)
	req := listing.Request{Filter: w.filter, OrderBy: "update_time", PageSize: watchPage}
	after := listing.Compare{Field: "update_time", Op: listing.GreaterEqual, Value: w.from}
	for more := true; more; {
		q, err := s.conversions.Query(req, after, now)
		if err != nil {
			return err
		}
		rows, err := s.store.Conversions(ctx, q)
		if err != nil {
			return err
		}
		page, next := listing.Page(q, rows, storedValue)
		for _, c := range page {
			// What is told from here on comes after it, unless something before may still be stored.
			if c.UpdateTime.After(w.from) && c.UpdateTime.Before(settled) {
				w.from = c.UpdateTime
			}
			if err := s.tell(ctx, w, c, tell); err != nil {
				return err
			}
		}
		req.PageToken, more = next, next != ""
	}
	w.settle(settled)
	if now.Sub(w.tokenTime) < tokenInterval {
		return nil
	}
	w.tokenTime = now
	return tell(News{ResumeToken: w.token()})
}

// settle moves on to a time, and forgets what was told of what did not change since.
func (w *watch) settle(until time.Time) {
	if until.Before(w.from) || until.Equal(w.since) {
		return
	}
	w.since, w.from = until, until
	for id, t := range w.told {
		if t.updateTime.Before(until) {
			delete(w.told, id)
		}
	}
}

// tell tells of one conversion, unless it was told of as it is.
func (s *Service) tell(ctx context.Context, w *watch, c rules.Conversion, tell func(News) error) error {
	before, known := w.told[c.ID]
	if known && before.revision >= c.Revision {
		return nil
	}
	news := News{Created: !known && !c.CreateTime.Before(w.since), ResumeToken: w.token()}
	if c.Revision > 1 {
		whole, err := s.store.Conversion(ctx, c.ID)
		if errors.Is(err, ErrNotFound) {
			return nil // cannot be: they are never deleted
		}
		if err != nil {
			return err
		}
		c = whole
		for _, change := range c.Changes[min(before.changes, len(c.Changes)):] {
			if known || !change.By.Time.Before(w.since) {
				news.Changes = append(news.Changes, change)
			}
		}
	}
	news.Conversion = &c
	if err := tell(news); err != nil {
		return err
	}
	w.told[c.ID] = told{revision: c.Revision, changes: len(c.Changes), updateTime: c.UpdateTime}
	w.tokenTime = s.Now()
	return nil
}
