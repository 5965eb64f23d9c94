package delivery

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/delivery"
)

const (
	// maxAnswerBytes is how much of an answer is read, and shownBytes how much of it is kept.
	maxAnswerBytes = 64 << 10
	shownBytes     = 1000
	userAgent      = "Couponlink/1 (+delivery)"
)

// answer is the result of a call.
type answer struct {
	attempt delivery.Attempt
	// url is what was called.
	url string
	// body is the beginning of the answer's body.
	body string
	// unsent says that there was nothing that could be sent, so that the endpoint was not called.
	unsent bool
	// retryAfter is how long the endpoint asked to be left alone.
	retryAfter time.Duration
}

// arrived says whether the endpoint took the delivery.
func (a answer) arrived() bool {
	return a.attempt.HTTPStatus/100 == 2
}

// Send implements OneSender. The publisher must have a postback URL.
func (c *Sender) Send(ctx context.Context, to domain.Publisher, delivery delivery.Delivery) (attempt delivery.Attempt, url, body string) {
	a := c.call(ctx, to, delivery)
	return a.attempt, a.url, a.body
}

// call calls a publisher's endpoint once.
func (c *Sender) call(ctx context.Context, to domain.Publisher, d delivery.Delivery) answer {
	ctx, cancel := context.WithTimeout(ctx, c.callTimeout)
	defer cancel()
	start := c.now()
	a := answer{attempt: delivery.Attempt{Time: start.UTC().Truncate(time.Millisecond)}}
	req, err := request(ctx, to, d, start)
	if err != nil {
		a.attempt.Error, a.unsent = err.Error(), true
		return a
	}
	a.url = req.URL.String()
	resp, err := c.client.Do(req)
	if err == nil {
		defer resp.Body.Close()
		a.attempt.HTTPStatus = resp.StatusCode
		a.body = read(resp.Body)
		a.retryAfter = retryAfter(resp, c.now())
	}
	a.attempt.Latency = max(c.now().Sub(start), 0).Truncate(time.Microsecond)
	switch {
	case err != nil:
		a.attempt.Error = words(err, c.callTimeout)
	case !a.arrived():
		a.attempt.Error = "answered " + strconv.Itoa(resp.StatusCode)
	}
	return a
}

// request returns the signed request of a delivery. Its errors are for people to read.
func request(ctx context.Context, to domain.Publisher, d delivery.Delivery, now time.Time) (*http.Request, error) {
	macros, err := d.Macros()
	if err != nil {
		return nil, errors.New("the delivery's payload is damaged")
	}
	method, body := http.MethodGet, ""
	if to.Method == domain.DeliverByPost {
		method, body = http.MethodPost, d.Payload
	}
	req, err := http.NewRequestWithContext(ctx, method, to.PostbackURL.Expand(macros), strings.NewReader(body))
	if err != nil {
		return nil, errors.New("the postback URL, filled in, is not a URL")
	}
	req.Header.Set("User-Agent", userAgent)
	// This sends nothing. It makes the transport use another connection, and not fail, if the endpoint has
	// closed this one.
	req.Header["Idempotency-Key"] = []string{}
	signed := body
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/json")
	} else {
		signed = req.URL.RawQuery
	}
	return req, sign(req.Header, to.Secrets(now), d.ID, now, signed)
}

// sign adds the headers of Standard Webhooks, with a signature by each secret.
func sign(header http.Header, secrets []string, id string, now time.Time, signed string) error {
	var signatures []string
	for _, secret := range secrets {
		if secret == "" {
			continue // an empty key would be one that everybody knows
		}
		webhook, err := standardwebhooks.NewWebhook(secret)
		if err != nil {
			return errors.New("the publisher's delivery secret is damaged")
		}
		signature, err := webhook.Sign(id, now, []byte(signed))
		if err != nil {
			return errors.New("the delivery could not be signed")
		}
		signatures = append(signatures, signature)
	}
	header.Set(standardwebhooks.HeaderWebhookID, id)
	header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
	if len(signatures) > 0 {
		header.Set(standardwebhooks.HeaderWebhookSignature, strings.Join(signatures, " "))
	}
	return nil
}

// read reads a body as far as an answer is read, and returns its beginning as text. It does not matter if the
// body breaks off: the status is enough.
func read(body io.Reader) string {
	limited := io.LimitReader(body, maxAnswerBytes)
	beginning, err := io.ReadAll(io.LimitReader(limited, shownBytes))
	if err == nil {
		_, _ = io.Copy(io.Discard, limited) // so that the connection can be used again
	}
	return strings.ToValidUTF8(string(beginning), "\uFFFD")
}

// retryAfter returns how long an endpoint asks to be left alone, zero if it does not ask.
func retryAfter(resp *http.Response, now time.Time) time.Duration {
	if resp.StatusCode != http.StatusTooManyRequests && resp.StatusCode != http.StatusServiceUnavailable {
		return 0
	}
	value := resp.Header.Get("Retry-After")
	if seconds, err := strconv.ParseInt(value, 10, 32); err == nil {
		return max(0, time.Duration(seconds)*time.Second)
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}
