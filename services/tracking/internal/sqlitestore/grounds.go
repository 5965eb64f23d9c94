package sqlitestore

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/tracking/internal/rules"
)

// storedGrounds are the grounds of a decision as they are stored, in JSON. Durations are in
// milliseconds, times in Unix milliseconds; what is empty is left out.
type storedGrounds struct {
	Rule        string           `json:"rule"`
	Click       *storedClick     `json:"click,omitempty"`
	Coupons     []storedCoupon   `json:"coupons,omitempty"`
	Codes       []storedCode     `json:"codes,omitempty"`
	Precedence  rules.Precedence `json:"precedence,omitempty"`
	ClickWindow int64            `json:"click_window,omitempty"`
	CouponGrace int64            `json:"coupon_grace,omitempty"`
	OfferETag   string           `json:"offer_etag,omitempty"`
	// Payout and Revenue are the rates; both are nil where none were kept.
	Payout  *storedRate `json:"payout,omitempty"`
	Revenue *storedRate `json:"revenue,omitempty"`
}

type storedRate struct {
	Kind    money.PayoutKind `json:"kind,omitempty"`
	Fixed   storedMoney      `json:"fixed,omitzero"`
	Percent int64            `json:"percent,omitempty"` // ten-thousandths of a percent
	Cap     storedMoney      `json:"cap,omitzero"`
}

type storedClick struct {
	Click     string       `json:"click"`
	Publisher string       `json:"publisher,omitempty"`
	Coupon    string       `json:"coupon,omitempty"`
	ClickTime int64        `json:"click_time"`
	Reason    rules.Reason `json:"reason,omitempty"`
	Dropped   []string     `json:"dropped,omitempty"`
}

type storedCoupon struct {
	Coupon     string       `json:"coupon"`
	Publisher  string       `json:"publisher"`
	StartTime  int64        `json:"start_time"`
	ExpireTime *int64       `json:"expire_time,omitempty"` // nil: never
	Reason     rules.Reason `json:"reason,omitempty"`
}

type storedCode struct {
	Code        string       `json:"code"`
	Coupon      string       `json:"coupon,omitempty"`
	Reason      rules.Reason `json:"reason,omitempty"`
	Explanation string       `json:"explanation"`
}

// encodeGrounds returns grounds as they are stored; none are the empty text.
func encodeGrounds(g *rules.Grounds) (string, error) {
	if g == nil {
		return "", nil
	}
	s := storedGrounds{
		Rule: g.Rule, Precedence: g.Precedence, ClickWindow: g.ClickWindow.Milliseconds(), CouponGrace: g.CouponGrace.Milliseconds(),
		OfferETag: g.OfferETag, Coupons: make([]storedCoupon, len(g.Coupons)),
	}
	if c := g.Click; c != nil {
		s.Click = &storedClick{Click: c.Click, Publisher: c.Publisher, Coupon: c.Coupon, ClickTime: c.Time.UnixMilli(), Reason: c.Reason, Dropped: c.Dropped}
	}
	for i, c := range g.Coupons {
		s.Coupons[i] = storedCoupon{Coupon: c.Coupon, Publisher: c.Publisher, StartTime: c.StartTime.UnixMilli(), Reason: c.Reason}
		if !c.ExpireTime.IsZero() {
			ms := c.ExpireTime.UnixMilli()
			s.Coupons[i].ExpireTime = &ms
		}
	}
	for _, c := range g.Codes {
		s.Codes = append(s.Codes, storedCode(c))
	}
	if r := g.Rates; r != nil {
		s.Payout, s.Revenue = encodeRate(r.Payout), encodeRate(r.Revenue)
	}
	text, err := json.Marshal(s)
	if err != nil {
		return "", fmt.Errorf("writing a decision: %w", err)
	}
	return string(text), nil
}

// decodeGrounds is the inverse of encodeGrounds.
func decodeGrounds(text string) (*rules.Grounds, error) {
	if text == "" {
		return nil, nil
	}
	var s storedGrounds
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return nil, fmt.Errorf("reading a decision: %w", err)
	}
	g := &rules.Grounds{
		Rule: s.Rule, Precedence: s.Precedence, OfferETag: s.OfferETag,
		ClickWindow: time.Duration(s.ClickWindow) * time.Millisecond, CouponGrace: time.Duration(s.CouponGrace) * time.Millisecond,
	}
	if c := s.Click; c != nil {
		g.Click = &rules.ConsideredClick{Click: c.Click, Publisher: c.Publisher, Coupon: c.Coupon, Time: fromMillis(c.ClickTime), Reason: c.Reason, Dropped: c.Dropped}
	}
	for _, c := range s.Coupons {
		coupon := rules.ConsideredCoupon{Coupon: c.Coupon, Publisher: c.Publisher, StartTime: fromMillis(c.StartTime), Reason: c.Reason}
		if c.ExpireTime != nil {
			coupon.ExpireTime = fromMillis(*c.ExpireTime)
		}
		g.Coupons = append(g.Coupons, coupon)
	}
	for _, c := range s.Codes {
		g.Codes = append(g.Codes, rules.ConsideredCode(c))
	}
	if s.Payout != nil && s.Revenue != nil {
		g.Rates = &rules.Rates{Payout: s.Payout.decode(), Revenue: s.Revenue.decode()}
	}
	return g, nil
}

func encodeRate(p money.Payout) *storedRate {
	return &storedRate{Kind: p.Kind, Fixed: storedMoney(p.Fixed), Percent: p.Percent, Cap: storedMoney(p.Cap)}
}

func (r storedRate) decode() money.Payout {
	return money.Payout{Kind: r.Kind, Fixed: money.Money(r.Fixed), Percent: r.Percent, Cap: money.Money(r.Cap)}
}
