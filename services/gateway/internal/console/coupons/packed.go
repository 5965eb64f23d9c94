package coupons

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"io"
	"strconv"
	"strings"
	"time"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
	"github.com/couponlink/couponlink/services/internal/resource"
)

const (
	// maxPackedBytes is how much fits into the cookie that brings a toast to the next page.
	maxPackedBytes = 1800
	// maxUnpackedBytes bounds what somebody may have packed.
	maxUnpackedBytes = 1 << 20
)

// packed writes what Undo needs of coupons, name, switch and expiration, in as little room as can be.
func packed(coupons []*couponv1.Coupon) string {
	var text bytes.Buffer
	w, err := flate.NewWriter(&text, flate.BestCompression)
	if err != nil {
		panic("console: " + err.Error()) // there is that level
	}
	for _, c := range coupons {
		end := ""
		if c.GetExpireTime() != nil {
			end = strconv.FormatInt(c.GetExpireTime().AsTime().UnixMilli(), 10)
		}
		// A buffer takes everything.
		_, _ = io.WriteString(w, strings.TrimPrefix(c.GetName(), resource.Offers)+" "+strconv.FormatBool(c.GetEnabled())+" "+end+"\n")
	}
	_ = w.Close()
	return base64.RawURLEncoding.EncodeToString(text.Bytes())
}

// unpacked reads what packed wrote.
func unpacked(text string) ([]*couponv1.Coupon, bool) {
	zipped, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, false
	}
	plain, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(zipped)), maxUnpackedBytes))
	if err != nil {
		return nil, false
	}
	var coupons []*couponv1.Coupon
	for line := range strings.Lines(string(plain)) {
		parts := strings.Split(strings.TrimSuffix(line, "\n"), " ")
		if len(parts) != 3 {
			return nil, false
		}
		enabled := parts[1] == "true"
		c := &couponv1.Coupon{Name: resource.Offers + parts[0], Enabled: &enabled}
		if parts[2] != "" {
			millis, err := strconv.ParseInt(parts[2], 10, 64)
			if err != nil {
				return nil, false
			}
			c.ExpireTime = ui.StampOf(time.UnixMilli(millis))
		}
		if _, c.Code, _ = strings.Cut(ui.IDOf(c.GetName()), "."); c.GetCode() == "" {
			return nil, false
		}
		coupons = append(coupons, c)
	}
	return coupons, len(coupons) > 0
}
