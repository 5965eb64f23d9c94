package couponclient

import (
	"context"
	"sync"
	"time"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
)

const (
	// tellUseAfter is how long a use of a named token is not told again.
	tellUseAfter = time.Minute
	// mostUses bounds the tokens whose uses are remembered and, separately, those that wait to be told.
	mostUses = 1000
	// tellUseTimeout bounds a call that tells a use.
	tellUseTimeout = 5 * time.Second
)

// tokenUses are the uses of named postback tokens, which one goroutine tells the coupon service: no postback waits for
// that.
type tokenUses struct {
	waiting chan string

	mu   sync.Mutex
	told map[string]time.Time
}

func newTokenUses() *tokenUses {
	return &tokenUses{waiting: make(chan string, mostUses), told: map[string]time.Time{}}
}

// NoteTokenUse notes that a postback had the named token with a hash. It never waits: while too many uses wait to be told,
// further ones are dropped.
func (c *Client) NoteTokenUse(hash string) {
	u, now := c.uses, c.now()
	u.mu.Lock()
	defer u.mu.Unlock()
	if last, ok := u.told[hash]; ok && now.Sub(last).Abs() < tellUseAfter {
		return
	}
	if len(u.told) >= mostUses {
		clear(u.told) // uses are then told a little too often
	}
	select {
	case u.waiting <- hash:
		u.told[hash] = now
	default:
	}
}

// TellTokenUses tells the coupon service of noted uses until ctx ends. failed is called with the error of a use that could
// not be told; the next use after a minute is told again.
func (c *Client) TellTokenUses(ctx context.Context, failed func(error)) {
	for {
		select {
		case <-ctx.Done():
			return
		case hash := <-c.uses.waiting:
			inTime, cancel := context.WithTimeout(ctx, tellUseTimeout)
			_, err := c.client.NotePostbackTokenUse(inTime, &couponv1.NotePostbackTokenUseRequest{TokenHash: hash})
			cancel()
			if err != nil && ctx.Err() == nil {
				failed(err)
			}
		}
	}
}
