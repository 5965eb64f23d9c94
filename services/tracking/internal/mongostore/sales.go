package mongostore

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/groupcommit"
	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/deferred"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/mongodoc"
	"github.com/couponlink/couponlink/services/tracking/internal/record"
)

// maxJournaling is how many batches of the journal's entries may be under way; then the next sales wait.
const maxJournaling = 2

// saleQueue inserts conversions in batches, and after each batch the journal's entries of its new
// conversions, while the next batch is already being inserted. So a caller waits for at most three inserts
// instead of four, and its entry is stored even if the caller leaves in between.
type saleQueue struct {
	db     *mongodb.DB
	writer *groupcommit.Writer[*sale]
	// journaling holds a token for each batch of entries that is being written; journals waits for them, and
	// for looks.
	journaling chan struct{}
	journals   sync.WaitGroup
}

// sale is a conversion to insert, with its entry in the journal, which may be nil.
type sale struct {
	conversion *conversionDocument
	entry      *record.Postback
	// since is when it began to wait.
	since time.Time
	// journal has the entry once the conversion is inserted, at a place; nil: there is no entry.
	journal *journal
	place   int
	// looked is the search for the early changes of its batch.
	looked *look
}

// journal is a batch of entries. errs holds once written is closed.
type journal struct {
	entries []any
	written chan struct{}
	errs    []error
}

// look is the search for early changes of a batch of new conversions. Its other fields are valid once done is closed.
type look struct {
	done    chan struct{}
	awaited map[string]bool
	err     error
}

func newSaleQueue(db *mongodb.DB) *saleQueue {
	q := &saleQueue{db: db, journaling: make(chan struct{}, maxJournaling)}
	q.writer = groupcommit.New(maxWaiting, q.write)
	return q
}

// close writes what waits.
func (q *saleQueue) close() {
	q.writer.Close()
	q.journals.Wait()
}

// insert waits until a conversion and its entry are stored, or its id is found taken. awaited says that early
// changes wait for it.
func (q *saleQueue) insert(ctx context.Context, s *sale) (awaited bool, err error) {
	s.since = time.Now()
	if err := q.writer.Write(ctx, s); err != nil {
		return false, err
	}
	if s.journal != nil {
		select {
		case <-s.journal.written:
		case <-ctx.Done():
			return false, ctx.Err()
		}
		if s.journal.errs != nil && s.journal.errs[s.place] != nil {
			return false, entryFailure(s.entry, s.journal.errs[s.place])
		}
	}
	select {
	case <-s.looked.done: // if unknown, the caller looks
		return s.looked.err != nil || s.looked.awaited[s.conversion.ID], nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

// write inserts a batch and hands the entries of the new conversions on.
func (q *saleQueue) write(batch []*sale) []error {
	errs := make([]error, len(batch))
	documents := make([]any, 0, len(batch))
	places := make([]int, 0, len(batch))
	now := time.Now()
	for i, s := range batch {
		if now.Sub(s.since) > maxWait {
			errs[i] = apperr.New(apperr.Unavailable, "STORE_OVERLOADED", "the storage takes sales more slowly than they come; try again")
			continue
		}
		s.conversion.mark(nil)
		documents = append(documents, s.conversion)
		places = append(places, i)
	}
	if len(documents) > 0 {
		for i, err := range insertBatch(q.db, conversions, documents) {
			errs[places[i]] = err
		}
	}
	q.look(batch, errs)
	q.hand(batch, errs)
	return errs
}

// look starts to look for early changes of a batch's new conversions, while their entries are being written.
func (q *saleQueue) look(batch []*sale, errs []error) {
	l := &look{done: make(chan struct{})}
	var ids []string
	for i, s := range batch {
		if errs[i] == nil {
			s.looked = l
			ids = append(ids, s.conversion.ID)
		}
	}
	if len(ids) == 0 {
		return
	}
	q.journals.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), mongodoc.WriteTimeout)
		defer cancel()
		l.awaited, l.err = deferred.AwaitedAmong(ctx, q.db, ids)
		close(l.done)
	})
}

// hand starts the journaling of those of a batch that are fresh.
func (q *saleQueue) hand(batch []*sale, errs []error) {
	j := &journal{written: make(chan struct{})}
	for i, s := range batch {
		if errs[i] == nil && s.entry != nil {
			s.journal, s.place = j, len(j.entries)
			j.entries = append(j.entries, s.entry)
		}
	}
	if len(j.entries) == 0 {
		return
	}
	q.journaling <- struct{}{}
	q.journals.Go(func() {
		j.errs = insertBatch(q.db, postbacks, j.entries)
		j.entries = nil // what was written need not stay in memory
		close(j.written)
		<-q.journaling
	})
}

// InsertConversion stores a conversion with its entry in the journal, unless its id is taken; then it returns
// the one that has it. If the entry cannot be stored, the caller gets Unavailable although the conversion is
// stored. Its next attempt is then a duplicate, and is journaled as one.
func (s *Store) InsertConversion(ctx context.Context, fresh domain.Sale) (stored domain.Conversion, inserted bool, err error) {
	if err := ctx.Err(); err != nil {
		return domain.Conversion{}, false, err
	}
	stored = fresh.Conversion
	if fresh.Use.Counted() || fresh.Deferred != nil {
		stored, inserted, err = s.insertWith(ctx, fresh)
	} else {
		stored.Awaited, err = s.sales.insert(ctx, &sale{conversion: encodeConversion(stored), entry: entryOf(fresh.Postback, stored)})
		inserted = err == nil
	}
	switch {
	case err == nil:
		return stored, inserted, nil
	case mongodb.IsUnique(err):
		return s.earlier(ctx, fresh.Conversion.ID)
	default:
		return domain.Conversion{}, false, err
	}
}

// entryOf returns the journal's entry for a conversion's report; nil if p is nil.
func entryOf(p *domain.Postback, c domain.Conversion) *record.Postback {
	if p == nil {
		return nil
	}
	return record.EncodePostback(p.Of(c))
}

// earlier returns the conversion that has an id, with what InsertConversion returns else.
func (s *Store) earlier(ctx context.Context, id string) (stored domain.Conversion, inserted bool, err error) {
	stored, err = s.Conversion(ctx, id)
	if errors.Is(err, domain.ErrNotFound) {
		// Written by another instance, and not confirmed by a majority yet: it may still go.
		err = mongodoc.Unavailable("the same conversion is just being stored; try again")
	}
	return stored, false, err
}
