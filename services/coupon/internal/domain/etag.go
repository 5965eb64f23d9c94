package domain

import (
	"crypto/sha256"
	"encoding/base64"
	"strconv"

	"github.com/couponlink/couponlink/services/internal/apperr"
)

// Etag returns an opaque string that identifies one revision of a resource.
func Etag(name string, revision int64) string {
	const kept = 9 // bytes, which are twelve characters: enough to tell revisions apart
	text := make([]byte, 0, 192)
	text = append(text, name...)
	text = append(text, '@')
	sum := sha256.Sum256(strconv.AppendInt(text, revision, 10))
	return base64.RawURLEncoding.EncodeToString(sum[:kept])
}

// MatchEtag refuses a change if the caller's etag is not that of the stored revision: ABORTED, ETAG_MISMATCH.
// An empty etag matches every revision.
func MatchEtag(etag, name string, revision int64) error {
	if etag == "" || etag == Etag(name, revision) {
		return nil
	}
	return apperr.New(apperr.Aborted, "ETAG_MISMATCH", "%s has changed since it was read; read it again and repeat the change", name)
}
