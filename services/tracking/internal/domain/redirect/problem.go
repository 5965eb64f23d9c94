package redirect

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// Severity says how bad a problem is.
type Severity string

// The severities. An error loses sales or visitors; a warning costs something, or will become an error.
const (
	Grave    Severity = "ERROR"
	Doubtful Severity = "WARNING"
)

// Problem is something to fix about a scanned link.
type Problem struct {
	Severity Severity
	// Reason is a stable word, such as CLICK_ID_LOST.
	Reason  string
	Message string
	// Fix says what to do about it.
	Fix string
	// Hop is where it was found, counting from 1; 0 if it belongs to no single hop.
	Hop int
}

// The reasons of problems that end a redirect chain.
const (
	FaultBlocked      = "BLOCKED_ADDRESS"
	FaultCertificate  = "CERTIFICATE_INVALID"
	FaultNoAnswer     = "NO_ANSWER"
	FaultLoop         = "LOOP"
	FaultTooManyHops  = "TOO_MANY_HOPS"
	FaultAppLink      = "APP_LINK"
	FaultBadRedirect  = "BAD_REDIRECT"
	FaultNoLink       = "NOT_A_TRACKING_LINK"
	FaultMalformed    = "LINK_MALFORMED"
	FaultOfferUnknown = "OFFER_UNKNOWN"
	FaultCodeUnknown  = "CODE_UNKNOWN"
	FaultCodeShared   = "CODE_SHARED"
)

// slowHop is the latency above which a redirect is slow. certificateNotice is how long before its expiry a
// certificate is reported.
const (
	slowHop           = 500 * time.Millisecond
	certificateNotice = 14 * 24 * time.Hour
)

// FindProblems returns what to fix about a scan, the worst first.
func (s Scan) FindProblems(now time.Time) []Problem {
	problems := append(s.linkProblems(), s.lossProblems()...)
	for i, hop := range s.Hops {
		found := hop.problems(now)
		if i > 0 && scheme(s.Hops[i-1].URL) == "https" && scheme(hop.URL) == "http" {
			found = append(found, Problem{Doubtful, "NOT_HTTPS", "The redirect chain goes from https back to http: others can read and change what is sent.", "Have the hop before it redirect to https.", 0})
		} else if scheme(hop.URL) == "http" {
			found = append(found, Problem{Doubtful, "NOT_HTTPS", "This hop uses http: others can read and change what is sent.", "Serve it over https, and link to that.", 0})
		}
		for _, p := range found {
			p.Hop = i + 1
			problems = append(problems, p)
		}
	}
	slices.SortStableFunc(problems, func(a, b Problem) int { return cmp.Compare(a.rank(), b.rank()) })
	return problems
}

func (p Problem) rank() int {
	if p.Severity == Grave {
		return 0
	}
	return 1
}

func scheme(link string) string {
	u, err := url.Parse(link)
	if err != nil {
		return ""
	}
	return u.Scheme
}

// linkProblems returns the problems with what the link means: its offer, publisher and code.
func (s Scan) linkProblems() []Problem {
	l := s.Link
	if l == nil || l.Click.ID == "" {
		return nil
	}
	var problems []Problem
	add := func(reason, message, fix string) {
		problems = append(problems, Problem{Grave, reason, message, fix, s.ownHop()})
	}
	if !l.OfferActive {
		add("OFFER_INACTIVE", "Offer "+l.Offer+" is not active; it takes neither clicks nor sales.", "Set the offer ACTIVE, or take the link down.")
	}
	if l.Click.Publisher != "" && !l.PublisherApproved {
		add("PUBLISHER_NOT_APPROVED", "Publisher "+l.Click.Publisher+" is not approved on offer "+l.Offer+"; it earns nothing.", "Approve the publisher on the offer, or correct pub_id.")
	}
	code := "Code " + strconv.Quote(l.Click.CouponCode)
	switch l.Click.Reason {
	case domain.UnknownCode:
		add(FaultCodeUnknown, code+" is no coupon of offer "+l.Offer+domain.Claim{Publisher: l.Click.Publisher}.OfPublisher()+".", fixFor(FaultCodeUnknown))
	case domain.AmbiguousCode:
		add(FaultCodeShared, code+" belongs to several publishers on offer "+l.Offer+", and the link names none of them.", fixFor(FaultCodeShared))
	case domain.Expired:
		add("COUPON_EXPIRED", code+" has expired.", "Give the coupon a later expiration, or a new code to the publisher.")
	case domain.NotStarted:
		add("COUPON_NOT_STARTED", code+" is not valid yet.", "Wait for its start, or set the coupon's start earlier.")
	case domain.Disabled:
		add("COUPON_DISABLED", code+" is disabled or archived.", "Enable the coupon, or take the link down.")
	case domain.NoReference:
		add("NO_PUBLISHER", "The link names neither a publisher nor a code, so nobody can earn from it.", "Add pub_id, or coupon_code, to the link.")
	}
	return problems
}

// ownHop returns the number of the hop that makes the click, the last if several do.
func (s Scan) ownHop() int {
	own := 0
	for i, hop := range s.Hops {
		if hop.Own && hop.Fault == "" {
			own = i + 1
		}
	}
	return own
}

// lossProblems returns what should have reached the final page and was lost.
func (s Scan) lossProblems() []Problem {
	if s.Link == nil || s.Link.Click.ID == "" || !s.Link.OfferActive || len(s.Hops) == s.ownHop() {
		return nil
	}
	var problems []Problem
	if !s.carries(s.Link.Click.ID) && s.Link.Click.Publisher != "" {
		problems = append(problems, s.lost(Problem{Severity: Grave, Reason: "CLICK_ID_LOST"}, "click_id", "the click id", "sales without the code cannot be attributed"))
	}
	if !s.carries(s.Link.Click.CouponCode) && s.Link.Click.Coupon != "" && s.Link.Click.Reason == domain.NoReason {
		problems = append(problems, s.lost(Problem{Severity: Doubtful, Reason: "CODE_LOST"}, "coupon_code", "the coupon code", "shoppers must type the code themselves"))
	}
	for _, forwarded := range s.Link.Forwarded {
		if !s.carries(forwarded.Value) {
			name := strconv.Quote(forwarded.Name)
			problems = append(problems, s.lost(Problem{Severity: Doubtful, Reason: "PARAMETER_LOST"}, forwarded.Name, name, "the shop's reports miss it"))
		}
	}
	return problems
}

// lost fills in a problem with where a parameter was lost.
func (s Scan) lost(p Problem, parameter, what, so string) Problem {
	own, last := s.ownHop(), 0
	for i, hop := range s.Hops {
		for _, carried := range hop.Parameters {
			if carried.Name == parameter && carried.Present && i >= own {
				last = i + 1
			}
		}
	}
	if last == 0 {
		p.Hop = own
		p.Message = fmt.Sprintf("The page that visitors are sent to does not carry %s; %s.", what, so)
		p.Fix = fmt.Sprintf("Put {%s} into the offer's page URL, for instance as a parameter of the query.", parameter)
		return p
	}
	p.Hop = last
	p.Message = fmt.Sprintf("Hop %d still carries %s, but hop %d does not; %s.", last, what, last+1, so)
	p.Fix = fmt.Sprintf("Have the owner of hop %d pass on all parameters when it redirects.", last)
	return p
}

// problems returns the problems of a single hop.
func (h Hop) problems(now time.Time) []Problem {
	var problems []Problem
	add := func(severity Severity, reason, message, fix string) {
		problems = append(problems, Problem{Severity: severity, Reason: reason, Message: message, Fix: fix})
	}
	switch {
	case h.Fault == FaultAppLink:
		add(Doubtful, h.Fault, sentence(h.Error), fixFor(h.Fault))
	case h.Fault != "":
		add(Grave, h.Fault, sentence(h.Error), fixFor(h.Fault))
	case h.HTTPStatus == 401 || h.HTTPStatus == 403 || h.HTTPStatus == 429:
		add(Grave, "HTTP_ERROR", fmt.Sprintf("It answered %d: it refuses this visitor.", h.HTTPStatus), "Open the link in a browser. If it works there, the site only blocks programs, and visitors are not affected.")
	case h.HTTPStatus >= 400:
		add(Grave, "HTTP_ERROR", fmt.Sprintf("It answered %d instead of a page.", h.HTTPStatus), "Correct the address that leads here, or have its owner fix the page.")
	}
	if h.Latency > slowHop && h.Kind != NoHop {
		add(Doubtful, "SLOW_HOP", fmt.Sprintf("Its redirect took %d ms; visitors leave while they wait.", h.Latency.Milliseconds()), "Bypass this hop, or have its owner make it faster.")
	}
	switch h.Kind {
	case ScriptHop:
		add(Doubtful, "SCRIPT_REDIRECT", "A script on this page may redirect the visitor; the scan did not run it.", "Redirect by HTTP status 302, or open the link in a browser and look where it ends.")
	case MetaRefresh:
		add(Doubtful, "META_REFRESH", "The page sends the visitor on by a refresh in its HTML, which is slow and may be turned off.", "Redirect by HTTP status 302.")
	}
	if end := h.CertificateExpireTime; h.Fault == "" && !end.IsZero() && end.Sub(now) < certificateNotice {
		add(Doubtful, "CERTIFICATE_EXPIRES", "The certificate of this host expires at "+end.UTC().Format(time.RFC3339)+".", "Have the host's owner renew it.")
	}
	return problems
}

// sentence turns words about a hop into a sentence.
func sentence(words string) string {
	if words == "" {
		return ""
	}
	return strings.ToUpper(words[:1]) + words[1:] + "."
}

// fixFor says what to do about a fault.
func fixFor(fault string) string {
	return map[string]string{
		FaultBlocked:      "Correct the address; a host inside the network can be reached only if the operator allows it.",
		FaultCertificate:  "Have the host's owner install a valid certificate for this name.",
		FaultNoAnswer:     "Check that the host's name is right and that the host is up.",
		FaultLoop:         "Have the owner of these hops break the loop.",
		FaultTooManyHops:  "Link closer to the page; browsers give up too.",
		FaultAppLink:      "Open the link on a device with the app and look where it ends.",
		FaultBadRedirect:  "Have the owner of this hop send a complete Location.",
		FaultNoLink:       "Use the coupon's or the publisher's tracking link.",
		FaultMalformed:    "Correct the link; a tracking link looks like /click?offer_id=10&pub_id=22&coupon_code=SALEXYZ20.",
		FaultOfferUnknown: "Correct offer_id in the link.",
		FaultCodeUnknown:  "Correct the code in the link, or create the coupon.",
		FaultCodeShared:   "Use the publisher's full tracking link, with offer_id and pub_id.",
	}[fault]
}
