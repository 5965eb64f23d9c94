package domain

import (
	"fmt"
	"time"

	"github.com/couponlink/couponlink/services/internal/money"
)

// ClockSkew is how much later than its sale a click may seem to be: advertisers' clocks are off, and some
// send whole seconds.
const ClockSkew = 5 * time.Minute

// Claim is everything needed to decide who earned a sale: what the report refers to and what is known
// about it.
type Claim struct {
	Offer Offer
	// Time is when the sale happened; validity is judged at this time.
	Time time.Time

	// Code is the code as sent, the first of several; "" if none was sent.
	Code string
	// Coupons are the coupons of the offer that have the code.
	Coupons []Coupon
	// CodeElsewhere says that other offers have the code.
	CodeElsewhere bool
	// More are the other codes.
	More []ClaimedCode
	// Publisher is the publisher that the report names to settle a shared code; "" if it names none.
	Publisher string

	// Away says that the coupon service could not be reached, so some of this is missing.
	Away bool

	// ClickID is the click id as sent; "" if none was sent.
	ClickID string
	// Click is the click with that id; nil if it is unknown.
	Click *Click
	// ClickApproved says that the click's publisher is approved on the offer.
	ClickApproved bool
	// ClickPayout is the payout of the click's publisher under its approval.
	ClickPayout money.Payout
	// ClickDeliver are the statuses that trigger a delivery to the click's publisher.
	ClickDeliver []Status
	// ClickCoupon is the coupon whose link was clicked; nil if it was no coupon's link.
	ClickCoupon *Coupon
}

// ClaimedCode is one code of a claim.
type ClaimedCode struct {
	// Code is as sent.
	Code string
	// Coupons are the offer's coupons with this code.
	Coupons []Coupon
	// Elsewhere says that other offers have it.
	Elsewhere bool
}

func (c Claim) codes() int {
	if c.Code == "" {
		return 0
	}
	return 1 + len(c.More)
}

// code returns one of the codes.
func (c Claim) code(i int) ClaimedCode {
	if i == 0 {
		return ClaimedCode{Code: c.Code, Coupons: c.Coupons, Elsewhere: c.CodeElsewhere}
	}
	return c.More[i-1]
}

// codeToKeep returns the code to store with a sale that no code earned: the first that a coupon of the offer
// has, else the first.
func (c Claim) codeToKeep() string {
	for i := range c.codes() {
		if code := c.code(i); len(code.Coupons) > 0 {
			return code.Code
		}
	}
	return c.Code
}

// knowsNoCode says that there are codes, and no coupon of the offer has any of them.
func (c Claim) knowsNoCode() bool {
	for i := range c.codes() {
		if len(c.code(i).Coupons) > 0 {
			return false
		}
	}
	return c.Code != ""
}

// onlyCoupon returns the coupon of the offer that the codes could mean, valid or not, if there is exactly one.
func (c Claim) onlyCoupon() *Coupon {
	var only *Coupon
	for i := range c.codes() {
		code := c.code(i)
		if len(code.Coupons) > 1 || len(code.Coupons) == 1 && only != nil {
			return nil
		}
		if len(code.Coupons) == 1 {
			only = &code.Coupons[0]
		}
	}
	return only
}

// The rules, as a decision's basis states them.
const (
	ruleInactive    = "An offer that is not active earns nothing."
	ruleAway        = "A sale whose coupons cannot be looked up is held until they can."
	ruleNoReference = "A sale that comes with neither a code nor a click is held."
	ruleClickFirst  = "CLICK_FIRST: a click that counts wins over a code."
	ruleCodeFirst   = "CODE_FIRST: a code that means exactly one valid coupon wins over a click."
	ruleCodeAlone   = "CLICK_FIRST: without a click that counts, a code that means exactly one valid coupon earns."
	ruleCodeClicked = "ONLY_IF_CLICKED: a code that means exactly one valid coupon earns with a click of the same publisher."
	ruleAmbiguous   = "A code that could mean several valid coupons is held; nobody guesses."
	ruleClick       = "A click of an approved publisher within the window earns."
	ruleFallThrough = "A code that does not count leaves the sale to a click that does."
	ruleNothing     = "Without a code or a click that counts, a sale is held."
	ruleLimit       = "A coupon earns as many sales as its limits allow; one more is held."
	ruleByHand      = "A person decided."
)

// Attribute decides who earned a sale, and why. It never guesses: without exactly one rightful publisher
// the decision is Unattributed, with the reason.
//
// The rules, in order:
//  1. An offer that is not active earns nothing. Of an active one, a sale whose coupons cannot be looked
//     up now is held, to be judged later.
//  2. A code that resolves to exactly one coupon valid at the sale's time wins over the click,
//     unless the settings put the click first, or want a click of the same publisher beside the code.
//     A coupon that is valid only by its grace gives way to one of another publisher that has not
//     expired, unless the report names its publisher or its publisher's click counts.
//  3. A code that could mean several valid coupons earns nothing; under CODE_FIRST it also keeps the
//     click from earning, since the rightful publisher is one of the code's.
//  4. If a code is unknown or not valid, the click decides; the reason is kept.
//  5. A click of an approved publisher within the window earns.
//
// Several codes count as one code that all their coupons share. If the valid coupons belong to one publisher,
// the first of them earns; if to several, they are settled like a shared code.
//
// A coupon's own settings override the offer's: the grace is that of the coupon being judged, the
// precedence that of the one valid coupon that the code means, and the window that of the coupon whose
// link was clicked, if it was valid then.
func Attribute(c Claim) Decision {
	f := c.find()
	d, rule := c.decide(f)
	d.Basis = c.grounds(rule, f, d.Coupon)
	if len(c.More) > 0 {
		c.tellFates(&d, f)
	}
	return d
}

// findings say whether a claim's click and code count, and which settings applied.
type findings struct {
	// clicked says that the click counts. If not, clickReason says why; "" if no click was sent.
	clicked     bool
	clickReason Reason
	// coupon is the valid coupon that the code means. If nil, codeReason says why.
	coupon     *Coupon
	codeReason Reason

	precedence Precedence
	window     time.Duration
	grace      time.Duration
}

func (c Claim) find() findings {
	f := findings{precedence: c.Offer.Precedence, window: c.clickWindow(), grace: c.Offer.CouponGrace}
	f.clickReason = c.judgeClick(f.window)
	f.clicked = c.Click != nil && f.clickReason == NoReason
	f.coupon, f.codeReason = c.judgeCode(f.clicked)
	switch {
	case f.coupon != nil:
		f.grace = f.coupon.grace(c.Offer)
		if own := f.coupon.Settings.Precedence; own != "" {
			f.precedence = own
		}
	default:
		if only := c.onlyCoupon(); only != nil {
			f.grace = only.grace(c.Offer) // this grace decided that it does not count
		}
	}
	if f.coupon != nil && f.precedence == OnlyIfClicked && (!f.clicked || c.Click.Publisher != f.coupon.Publisher) {
		f.coupon, f.codeReason = nil, ClickRequired
	}
	return f
}

// decide returns the decision and the rule that made it.
func (c Claim) decide(f findings) (_ Decision, rule string) {
	switch {
	case !c.Offer.Active:
		return unattributed(OfferInactive, fmt.Sprintf("Offer %s is not active.", c.Offer.ID)), ruleInactive
	case c.Away:
		return unattributed(CouponServiceAway, "The coupon service could not be reached, and what this sale refers to was not known; it is judged automatically, as of its own time, once the service answers."), ruleAway
	case c.Code == "" && c.ClickID == "":
		return unattributed(NoReference, "The sale came with neither a coupon code nor a click id."), ruleNoReference
	case c.Code == "" && f.clicked:
		return c.byClick(NoReason), ruleClick
	case f.precedence == ClickFirst && f.clicked:
		return c.byClick(f.codeReason), ruleClickFirst
	case f.coupon != nil:
		return c.byCoupon(f.coupon, f.clicked), codeRule(f.precedence)
	case f.codeReason == AmbiguousCode:
		return c.ambiguous(), ruleAmbiguous
	case f.clicked:
		return c.byClick(f.codeReason), ruleFallThrough
	case f.codeReason != NoReason:
		return unattributed(f.codeReason, c.explain(f.codeReason, f.clickReason)), ruleNothing
	default:
		return unattributed(f.clickReason, c.explain(f.codeReason, f.clickReason)), ruleNothing
	}
}

// codeRule returns the rule that lets a code earn.
func codeRule(p Precedence) string {
	switch p {
	case ClickFirst:
		return ruleCodeAlone
	case OnlyIfClicked:
		return ruleCodeClicked
	default:
		return ruleCodeFirst
	}
}

// linkCoupon returns the coupon whose link was clicked, if it was valid then; else nil.
func (c Claim) linkCoupon() *Coupon {
	if c.Click == nil || c.Click.Reason != NoReason {
		return nil
	}
	return c.ClickCoupon
}

// clickWindow returns how long after a click a sale may be attributed to it.
func (c Claim) clickWindow() time.Duration {
	if coupon := c.linkCoupon(); coupon != nil && coupon.Settings.ClickWindow > 0 {
		return coupon.Settings.ClickWindow
	}
	return c.Offer.ClickWindow
}

// judgeClick says what keeps the click from earning. It returns NoReason if no click was sent.
func (c Claim) judgeClick(window time.Duration) Reason {
	switch {
	case c.ClickID == "":
		return NoReason
	case c.Click == nil:
		return UnknownClick
	case c.Click.Offer != c.Offer.ID:
		return OtherOffer
	case c.Click.Publisher == "" || !c.ClickApproved:
		return NotApproved
	case c.Click.Time.Sub(c.Time) > ClockSkew:
		return ClickAfterSale
	case c.Time.Sub(c.Click.Time) > window:
		return ClickTooOld
	}
	return NoReason
}

// judgeCode finds the valid coupon that the codes mean, or says why they mean none; the reason is that of
// the first code that the offer has. Codes of several publishers are settled by the publisher that the
// report names, else by the click's, if the click counts, else by the only publisher whose coupon needs no
// grace.
func (c Claim) judgeCode(clicked bool) (*Coupon, Reason) {
	if c.Code == "" {
		return nil, NoReason
	}
	// first is the first valid coupon, own the first of the click's publisher, and current the first that
	// needs no grace.
	var first, own, current *Coupon
	severalHolders, severalCurrent, informed, reason := false, false, false, UnknownCode
	for k := range c.codes() {
		code := c.code(k)
		if code.Elsewhere && !informed {
			reason = OtherOffer
		}
		for i := range code.Coupons {
			coupon := &code.Coupons[i]
			if c.Publisher != "" && coupon.Publisher != c.Publisher {
				continue
			}
			isOwn := clicked && coupon.Publisher == c.Click.Publisher
			if r := coupon.Judge(c.Time, coupon.grace(c.Offer)); r != NoReason {
				if !informed || isOwn {
					reason, informed = r, true
				}
				continue
			}
			if first == nil {
				first = coupon
			}
			if isOwn && own == nil {
				own = coupon
			}
			severalHolders = severalHolders || coupon.Publisher != first.Publisher
			if coupon.lapsed(c.Time) {
				continue
			}
			if current == nil {
				current = coupon
			}
			severalCurrent = severalCurrent || coupon.Publisher != current.Publisher
		}
	}
	switch {
	case first == nil:
		return nil, reason
	case !severalHolders:
		return first, NoReason
	case own != nil:
		return own, NoReason
	case current != nil && !severalCurrent:
		return current, NoReason
	default:
		return nil, AmbiguousCode
	}
}

func (c Claim) byCoupon(coupon *Coupon, clicked bool) Decision {
	d := Decision{Outcome: Attributed, Method: CouponCode, Publisher: coupon.Publisher, Coupon: coupon}
	d.Click = clicked && c.Click.Publisher == coupon.Publisher
	if d.Click && c.Click.Coupon == coupon.Name() {
		d.Method = CouponLink
		d.Explanation = fmt.Sprintf("Code %s is publisher %s's, was valid at the time of the sale, and the click came through its link.", coupon.Code, coupon.Publisher)
		return d
	}
	d.Explanation = fmt.Sprintf("Code %s is publisher %s's and was valid at the time of the sale.", coupon.Code, coupon.Publisher)
	if other := c.outlived(coupon); other != nil && !d.Click {
		d.Explanation += fmt.Sprintf(" Publisher %s's coupon %s had expired before, and gave way although it was within its grace.", other.Publisher, other.Code)
	}
	return d
}

// outlived returns the first coupon of another publisher that is valid only within its grace, if the coupon
// that earned had not expired.
func (c Claim) outlived(earned *Coupon) *Coupon {
	if len(c.Coupons) == 1 && len(c.More) == 0 || c.Publisher != "" || earned.lapsed(c.Time) {
		return nil
	}
	for k := range c.codes() {
		code := c.code(k)
		for i := range code.Coupons {
			other := &code.Coupons[i]
			if other.Publisher != earned.Publisher && other.lapsed(c.Time) && other.Judge(c.Time, other.grace(c.Offer)) == NoReason {
				return other
			}
		}
	}
	return nil
}

// byClick credits the click's publisher; codeReason says why a code that was sent did not count.
func (c Claim) byClick(codeReason Reason) Decision {
	d := Decision{Outcome: Attributed, Method: ByClick, Reason: codeReason, Publisher: c.Click.Publisher, Click: true}
	how := "The click"
	if coupon := c.linkCoupon(); coupon != nil {
		d.Method, d.Coupon = CouponLink, coupon
		how = fmt.Sprintf("The click through the link of code %s", coupon.Code)
	}
	d.Explanation = fmt.Sprintf("%s is publisher %s's and within the click window.", how, c.Click.Publisher)
	if codeReason != NoReason {
		d.Explanation += " " + c.explain(codeReason, NoReason)
	}
	return d
}

func (c Claim) ambiguous() Decision {
	meant := "Code " + c.Code + " is a valid coupon"
	if len(c.More) > 0 {
		meant = "The codes are valid coupons"
	}
	d := unattributed(AmbiguousCode, meant+" of several publishers; neither pub_id nor a click of one of them says whose sale it is.")
	for k := range c.codes() {
		code := c.code(k)
		for i := range code.Coupons {
			if coupon := &code.Coupons[i]; coupon.Judge(c.Time, coupon.grace(c.Offer)) == NoReason {
				d.Candidates = append(d.Candidates, coupon.Name())
			}
		}
	}
	return d
}

func unattributed(reason Reason, explanation string) Decision {
	return Decision{Outcome: Unattributed, Reason: reason, Explanation: explanation}
}

// explain puts into words why a code and a click did not count. For several codes, see tellFates.
func (c Claim) explain(codeReason, clickReason Reason) string {
	code := c.codeWords(codeReason)
	if len(c.More) > 0 {
		code = ""
	}
	click := map[Reason]string{
		UnknownClick:   "is not known",
		OtherOffer:     "is another offer's, not offer " + c.Offer.ID + "'s",
		NotApproved:    "is of a publisher who is not approved on the offer",
		ClickTooOld:    "is older than the click window",
		ClickAfterSale: "came after the sale",
	}[clickReason]
	switch {
	case code != "" && click != "":
		return fmt.Sprintf("Code %s %s, and the click %s.", c.Code, code, click)
	case code != "":
		return fmt.Sprintf("Code %s %s.", c.Code, code)
	case click != "":
		return fmt.Sprintf("The click %s.", click)
	default:
		return ""
	}
}

// codeWords says why a code did not count.
func (c Claim) codeWords(reason Reason) string {
	switch reason {
	case AmbiguousCode:
		return "is a valid coupon of several publishers"
	case UnknownCode:
		return "is no coupon of offer " + c.Offer.ID + c.OfPublisher()
	case OtherOffer:
		return "is another offer's, not offer " + c.Offer.ID + "'s"
	case Expired:
		return "had expired at the time of the sale"
	case NotStarted:
		return "had not started at the time of the sale"
	case Disabled:
		return "is disabled or archived"
	case NotApproved:
		return "is of a publisher who is not approved on the offer"
	case OfferInactive:
		return "is of an offer that is not active"
	case ClickRequired:
		return "counts only with a click of the same publisher within the window"
	default:
		return ""
	}
}

func (c Claim) OfPublisher() string {
	if c.Publisher == "" {
		return ""
	}
	return " and publisher " + c.Publisher
}
