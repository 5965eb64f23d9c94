package listing

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
)

// maxTokenBytes bounds what is decoded. Our own tokens are much shorter.
const maxTokenBytes = 32 << 10

// Page removes the rows after the page from the rows that a store returned for q. It returns the token of the next
// page, or "" if this page is the last. value returns the stored value of a row's field by its stored name: a string,
// bool or time.Time, exactly what the store compares. Page panics on another type.
func Page[T any](q Query, rows []T, value func(row T, field string) any) (page []T, nextPageToken string) {
	size := min(len(rows), q.Limit-1)
	if q.take != nil {
		size = taken(rows[:size], q.take)
	}
	if len(rows) <= size {
		return rows, ""
	}
	last := rows[size-1]
	values := []any{q.checksum}
	for _, o := range q.Order {
		values = append(values, tokenValue(value(last, o.Field)))
	}
	return rows[:size:size], formatToken(values)
}

// taken returns the number of rows that fit on a page.
func taken[T any](rows []T, take func(row any) bool) int {
	for i := range rows {
		if !take(&rows[i]) && i > 0 {
			return i
		}
	}
	return len(rows)
}

// tokenValue converts a value to its form in tokens: times become Unix milliseconds.
func tokenValue(value any) any {
	switch v := value.(type) {
	case string, bool:
		return v
	case time.Time:
		return v.UnixMilli()
	default:
		panic(fmt.Sprintf("listing: a page token cannot hold a %T", value))
	}
}

// formatToken encodes the checksum and the values as JSON, which keeps their types.
func formatToken(values []any) string {
	text, err := json.Marshal(values)
	if err != nil {
		panic(fmt.Sprintf("listing: a page token of plain values failed: %v", err))
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// parseToken returns a token's values. It checks that the token belongs to the query.
func (s *Schema) parseToken(token string, q Query) ([]any, error) {
	values := decodeToken(token)
	if len(values) == 0 {
		return nil, invalidToken("it is damaged; pass the next_page_token of the page before as it is")
	}
	if values[0] != q.checksum {
		return nil, invalidToken("it belongs to another request; parent, filter and order_by must stay the same from page to page")
	}
	if len(values) != len(q.Order)+1 {
		return nil, invalidToken("it has %d values for %d fields", len(values)-1, len(q.Order))
	}
	after := make([]any, len(q.Order))
	for i, o := range q.Order {
		value, ok := storedValue(s.kind(o.Field), values[i+1])
		if !ok {
			return nil, invalidToken("its value for %s has the wrong type", o.Field)
		}
		after[i] = value
	}
	return after, nil
}

// decodeToken is the inverse of formatToken. It returns nil for any other text.
func decodeToken(token string) []any {
	if len(token) > maxTokenBytes {
		return nil
	}
	text, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var values []any
	if err := decoder.Decode(&values); err != nil {
		return nil
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil
	}
	return values
}

// storedValue is the inverse of tokenValue for a field's kind.
func storedValue(kind Kind, value any) (any, bool) {
	switch kind {
	case Bool:
		v, ok := value.(bool)
		return v, ok
	case Time:
		number, ok := value.(json.Number)
		millis, err := strconv.ParseInt(number.String(), 10, 64)
		return time.UnixMilli(millis).UTC(), ok && err == nil
	default:
		v, ok := value.(string)
		return v, ok
	}
}

// checksum ties a token to its request and the rows of its caller, except for the page size, which can change from page to page.
func (s *Schema) checksum(req Request, rows Rows) string {
	hash := sha256.New()
	for _, part := range []string{s.fingerprint, req.Parent, req.Filter, req.OrderBy} {
		_, _ = fmt.Fprintf(hash, "%d:%s", len(part), part) // a hash never fails
	}
	if rows.print != "" {
		_, _ = fmt.Fprintf(hash, "%d:%s", len(rows.print), rows.print)
	}
	return base64.RawURLEncoding.EncodeToString(hash.Sum(nil)[:12])
}

func invalidToken(format string, args ...any) error {
	return apperr.Invalid("INVALID_PAGE_TOKEN", "page_token", format, args...)
}
