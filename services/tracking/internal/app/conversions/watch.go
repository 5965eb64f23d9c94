package conversions

import (
	"context"
	"hash/fnv"
	"strconv"
	"strings"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/rows"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

const (
	// watchInterval is how often a watch that is up to date looks for news.
	watchInterval = 500 * time.Millisecond
	// quietLooks is how many looks without news precede a lone token: five seconds, or ten pages that the filter
	// excludes.
	quietLooks = 10
	// tokenForm begins the tokens of this form. Those of releases that followed update_time begin with a time.
	tokenForm = "2:"
)

// News is what a watcher is told.
type News struct {
	// Conversion is the conversion as the event left it; nil if there is only a token.
	Conversion *domain.Conversion
	// Created says that the conversion is new.
	Created bool
	// Changes are the changes of the event.
	Changes     []domain.Change
	ResumeToken string
}

// Watch calls tell with conversions that match a filter as they are stored and changed, starting at a token or
// now, until ctx ends, tell fails, or the service stops. Without a token it first sends one that stands for now.
// It sends each event once, and those of one conversion in order.
//
// Errors: InvalidArgument on filter or resume_token; Unavailable when the service stops; tell's; ctx's.
func (s *Service) Watch(ctx context.Context, filter, token string, tell func(News) error) error {
	w, err := s.newWatch(ctx, filter, token)
	if err != nil {
		return err
	}
	if token == "" {
		if err := tell(News{ResumeToken: w.token()}); err != nil {
			return err
		}
	}
	s.feed.watches.Add(1)
	defer s.feed.watches.Add(-1)
	for {
		events, err := s.feed.next(ctx, w.at)
		if err != nil {
			return err
		}
		if err := w.tell(events, s.moment(), tell); err != nil {
			return err
		}
		var wait <-chan time.Time // nil while there may be more
		if len(events) == 0 {
			wait = s.after(watchInterval)
		}
		if err := s.pause(ctx, wait); err != nil {
			return err
		}
	}
}

// pause waits, not at all for nil, and returns why a watch must end.
func (s *Service) pause(ctx context.Context, wait <-chan time.Time) error {
	stopping := apperr.New(apperr.Unavailable, "SERVICE_STOPPING", "the service is stopping; call again with the last resume_token")
	if wait == nil {
		select {
		case <-s.stopping:
			return stopping
		default:
			return ctx.Err()
		}
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-s.stopping:
		return stopping
	case <-wait:
		return nil
	}
}

// StopWatches ends all watches, now and later, so that the service can stop.
func (s *Service) StopWatches() { s.stopOnce.Do(func() { close(s.stopping) }) }

// watch is the state of one watch.
type watch struct {
	where listing.Expr
	// sum is a checksum of the filter and the feed's name, and oldSum of the filter alone, as in tokens of earlier
	// releases.
	sum, oldSum string
	// at is the position that everything was sent up to.
	at domain.Position
	// quiet counts the looks since the last token.
	quiet int
	// rows are the caller's, and seal encrypts its tokens if it is limited; else nil.
	rows rows.Rows
	seal *seal
	// lastToken is when a limited caller was last sent one.
	lastToken time.Time
}

// newWatch checks the filter and reads the token.
func (s *Service) newWatch(ctx context.Context, filter, token string) (*watch, error) {
	q, err := Query(ctx, s.schema, listing.Request{Filter: filter}, s.moment())
	if err != nil {
		return nil, err
	}
	w := &watch{where: q.Where, sum: checksum(filter + "\x00" + s.store.FeedID()), oldSum: checksum(filter), rows: rows.Of(ctx), lastToken: s.moment()}
	if w.rows.IsLimited() {
		if w.seal, err = newSeal(s.store.FeedID(), filter, w.rows.String()); err != nil {
			return nil, err
		}
	}
	if token != "" {
		if err := w.resume(token); err != nil {
			return nil, err
		}
	}
	last, err := s.store.LastPosition(ctx)
	switch {
	case err != nil:
		return nil, err
	case token == "":
		w.at = last
	case w.at.Compare(last) > 0:
		return nil, invalidResume("is of an event that this database does not have: it was restored from an earlier moment. " +
			"List the conversions by update_time from that moment on, and watch again without a token")
	}
	return w, nil
}

func invalidResume(problem string) error {
	return apperr.Invalid("INVALID_RESUME_TOKEN", "resume_token", "%s", problem)
}

// token is where a stream resumes that has everything up to now.
func (w *watch) token() string {
	if w.seal != nil {
		return w.seal.token(w.at)
	}
	return tokenForm + strconv.FormatInt(w.at.Major, 36) + "-" + strconv.FormatInt(w.at.Minor, 36) + "." + w.sum
}

// resume reads a token.
func (w *watch) resume(token string) error {
	if w.seal != nil {
		at, ok := w.seal.position(token)
		if !ok {
			return invalidResume("is not one that a stream of this database with the same filter has sent to this caller")
		}
		w.at = at
		return nil
	}
	position, sum, _ := strings.Cut(token, ".")
	position, current := strings.CutPrefix(position, tokenForm)
	first, second, _ := strings.Cut(position, "-")
	major, majorErr := strconv.ParseInt(first, 36, 64)
	minor, minorErr := strconv.ParseInt(second, 36, 64)
	right := w.sum
	if !current {
		right = w.oldSum
	}
	if majorErr != nil || minorErr != nil || major < 0 || minor < 0 || sum != right {
		return invalidResume("is not one that a stream of this database with the same filter has sent. If it is of a database that was " +
			"moved or restored, list the conversions by update_time from then on, and watch again without a token")
	}
	if !current {
		return invalidResume("is of an earlier release, which followed update_time. List the conversions by update_time from " +
			time.UnixMilli(major).UTC().Format(time.RFC3339) + " on, and watch again without a token")
	}
	w.at = domain.Position{Major: major, Minor: minor}
	return nil
}

func checksum(text string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(text)) // never fails
	return strconv.FormatUint(uint64(h.Sum32()), 36)
}

// tell sends the matching events and moves past them. now is the present time.
func (w *watch) tell(events []domain.Event, now time.Time, tell func(News) error) error {
	for i := range events {
		e := &events[i]
		w.at = e.Position
		c := e.Left()
		if !listing.Match(w.where, func(column string) any { return columnOf(&c, column) }) {
			continue
		}
		c = told(w.rows, c)
		w.lastToken = now
		if err := tell(News{Conversion: &c, Created: e.First == 0, Changes: e.Changes(), ResumeToken: w.token()}); err != nil {
			return err
		}
		w.quiet = -1
	}
	w.quiet++
	isQuiet := w.quiet >= quietLooks
	if w.seal != nil { // how many looks there were tells how much happened to others
		isQuiet = now.Sub(w.lastToken) >= quietLooks*watchInterval
	}
	if !isQuiet {
		return nil
	}
	w.quiet, w.lastToken = 0, now
	return tell(News{ResumeToken: w.token()})
}
