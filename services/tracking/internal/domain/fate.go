package domain

import "strings"

// ConsideredCode is what happened to one of several codes.
type ConsideredCode struct {
	// Code is the code as sent.
	Code string
	// Coupon is the resource name of the one coupon that the code means; "" if it means none or several.
	Coupon string
	// Reason says why it did not count; "" if it is a valid coupon.
	Reason Reason
	// Explanation is what happened, as a sentence.
	Explanation string
}

// tellFates adds to a decision what happened to each of several codes. Its explanation then covers those that
// did not earn.
func (c Claim) tellFates(d *Decision, f findings) {
	sentences := []string{d.Explanation}
	for i := range c.codes() {
		fate, earned := c.fate(c.code(i), d, f)
		d.Basis.Codes = append(d.Basis.Codes, fate)
		if !earned {
			sentences = append(sentences, fate.Explanation)
		}
	}
	d.Explanation = strings.TrimSpace(strings.Join(sentences, " "))
}

// fate returns what happened to one code, and whether it earned the sale.
func (c Claim) fate(code ClaimedCode, d *Decision, f findings) (_ ConsideredCode, earned bool) {
	alone := c
	alone.Code, alone.Coupons, alone.CodeElsewhere, alone.More = code.Code, code.Coupons, code.Elsewhere, nil
	coupon, reason := alone.judgeCode(f.clicked)
	words := alone.codeWords(reason)
	fate := ConsideredCode{Code: code.Code, Reason: reason}
	if coupon != nil {
		fate.Coupon = coupon.Name()
		words = "is a valid coupon of publisher " + coupon.Publisher
		switch {
		case coupon == d.Coupon:
			words, earned = words+", and earned the sale", true
		case d.Outcome == Attributed && d.Publisher != coupon.Publisher:
			words += ", who did not earn the sale"
		case d.Outcome == Attributed:
			words += " too"
		case f.codeReason == AmbiguousCode, f.codeReason == ClickRequired:
			fate.Reason = f.codeReason
			if f.codeReason == ClickRequired {
				words = alone.codeWords(ClickRequired)
			}
		}
	} else if len(code.Coupons) == 1 {
		fate.Coupon = code.Coupons[0].Name()
	}
	fate.Explanation = "Code " + code.Code + " " + words + "."
	return fate, earned
}
