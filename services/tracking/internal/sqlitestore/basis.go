package sqlitestore

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// storedBasis are the grounds of a decision as they are stored, in JSON. Durations are in
// milliseconds, times in Unix milliseconds; what is empty is left out.
type storedBasis struct {
	Rule        string            `json:"rule"`
	Click       *storedClick      `json:"click,omitempty"`
	Coupons     []storedCoupon    `json:"coupons,omitempty"`
	Codes       []storedCode      `json:"codes,omitempty"`
	Precedence  domain.Precedence `json:"precedence,omitempty"`
	ClickWindow int64             `json:"click_window,omitempty"`
	CouponGrace int64             `json:"coupon_grace,omitempty"`
	OfferETag   string            `json:"offer_etag,omitempty"`
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
	Click     string        `json:"click"`
	Publisher string        `json:"publisher,omitempty"`
	Coupon    string        `json:"coupon,omitempty"`
	ClickTime int64         `json:"click_time"`
	Reason    domain.Reason `json:"reason,omitempty"`
	Dropped   []string      `json:"dropped,omitempty"`
}

type storedCoupon struct {
	Coupon     string        `json:"coupon"`
	Publisher  string        `json:"publisher"`
	StartTime  int64         `json:"start_time"`
	ExpireTime *int64        `json:"expire_time,omitempty"` // nil: never
	Reason     domain.Reason `json:"reason,omitempty"`
}

type storedCode struct {
	Code        string        `json:"code"`
	Coupon      string        `json:"coupon,omitempty"`
	Reason      domain.Reason `json:"reason,omitempty"`
	Explanation string        `json:"explanation"`
}

// encodeBasis returns grounds as they are stored; none are the empty text.
func encodeBasis(g *domain.Basis) (string, error) {
	if g == nil {
		return "", nil
	}
	s := storedBasis{
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

// decodeBasis is the inverse of encodeBasis.
func decodeBasis(text string) (*domain.Basis, error) {
	if text == "" {
		return nil, nil
	}
	var s storedBasis
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return nil, fmt.Errorf("reading a decision: %w", err)
	}
	g := &domain.Basis{
		Rule: s.Rule, Precedence: s.Precedence, OfferETag: s.OfferETag,
		ClickWindow: time.Duration(s.ClickWindow) * time.Millisecond, CouponGrace: time.Duration(s.CouponGrace) * time.Millisecond,
	}
	if c := s.Click; c != nil {
		g.Click = &domain.ConsideredClick{Click: c.Click, Publisher: c.Publisher, Coupon: c.Coupon, Time: fromMillis(c.ClickTime), Reason: c.Reason, Dropped: c.Dropped}
	}
	for _, c := range s.Coupons {
		coupon := domain.ConsideredCoupon{Coupon: c.Coupon, Publisher: c.Publisher, StartTime: fromMillis(c.StartTime), Reason: c.Reason}
		if c.ExpireTime != nil {
			coupon.ExpireTime = fromMillis(*c.ExpireTime)
		}
		g.Coupons = append(g.Coupons, coupon)
	}
	for _, c := range s.Codes {
		g.Codes = append(g.Codes, domain.ConsideredCode(c))
	}
	if s.Payout != nil && s.Revenue != nil {
		g.Rates = &domain.Rates{Payout: s.Payout.decode(), Revenue: s.Revenue.decode()}
	}
	return g, nil
}

func encodeRate(p money.Payout) *storedRate {
	return &storedRate{Kind: p.Kind, Fixed: storedMoney(p.Fixed), Percent: p.Percent, Cap: storedMoney(p.Cap)}
}

func (r storedRate) decode() money.Payout {
	return money.Payout{Kind: r.Kind, Fixed: money.Money(r.Fixed), Percent: r.Percent, Cap: money.Money(r.Cap)}
}
