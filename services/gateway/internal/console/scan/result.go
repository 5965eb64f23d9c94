package scan

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
)

// scanResult is what was found about a link.
type scanResult struct {
	// Tone is the verdict's: `good`, `wait` or `bad`; Title and Text say it.
	Tone, Title, Text string
	Problems          []scanProblem
	Facts             []scanFact
	Hops              []scanHop
	// Parameters are the columns of the table of parameters.
	Parameters []string
	// Others are the same scan with another device.
	Others []ui.Link
}

// scanProblem is something to fix.
type scanProblem struct {
	Severity *ui.Badge
	// Reason is the service's word for it, which support understands.
	Reason, Message, Mend string
	// Hop is where; 0: nowhere in particular.
	Hop int32
}

// scanFact is one thing that is known at the end of the way.
type scanFact struct {
	Label, Value, Href string
	Badge              *ui.Badge
	IsCode             bool
	Hint               string
}

// scanHop is one step of the way.
type scanHop struct {
	Number            int
	Status            *ui.Badge
	URL, Host, Rest   string
	Latency, SentBy   string
	Location          string
	Cookies           []string
	Error             string
	Certificate       time.Time
	Parameters        []scanParameter
	IsLast, IsOwn     bool
	HasError, HasWarn bool
}

// scanParameter is a value that should survive the way.
type scanParameter struct {
	Name, Label string
	IsPresent   bool
	// IsMade marks where our own part of the way makes the click id, which then stands in the next URL.
	IsMade bool
	// IsLost marks the hop where a value that the hop before had and should have passed on is there no more.
	IsLost bool
	// IsFromLast says that the value came from the hop before, or was lost on the way from there, and IsSent
	// the same of the next hop: the picture draws a line for each.
	IsFromLast, IsSent bool
}

func scanResultOf(p *ui.Page, link string, found *trackingv1.ScanLinkResponse) *scanResult {
	result := &scanResult{Facts: scanFacts(p, found), Hops: scanHops(found.GetHops()), Problems: scanProblems(found.GetProblems())}
	for i, hop := range result.Hops {
		if i == 0 {
			for _, parameter := range hop.Parameters {
				result.Parameters = append(result.Parameters, parameter.Label)
			}
		}
		for _, problem := range found.GetProblems() {
			if int(problem.GetHop()) == hop.Number {
				isGrave := problem.GetSeverity() == trackingv1.ScanProblem_ERROR
				result.Hops[i].HasError = result.Hops[i].HasError || isGrave
				result.Hops[i].HasWarn = result.Hops[i].HasWarn || !isGrave
			}
		}
	}
	result.judge(found)
	other, label := "PHONE", "Scan as a phone"
	if p.Request.URL.Query().Get("device") == "PHONE" {
		other, label = "DESKTOP", "Scan as a desktop browser"
	}
	query := url.Values{"url": {link}, "device": {other}}
	if language := p.Request.URL.Query().Get("language"); language != "" {
		query.Set("language", language)
	}
	result.Others = append(result.Others, linkAt(label, ui.Href("tools", "scan")+"?"+query.Encode()))
	if offer := ui.IDOf(found.GetLink().GetOffer()); offer != "" {
		result.Others = append(result.Others, linkAt("Scan all links of this offer", ui.Href("offers", offer, "scans")))
	}
	return result
}

func linkAt(label, href string) ui.Link { return ui.Link{Label: label, Href: href} }

// judge says in one line what the problems come to.
func (s *scanResult) judge(found *trackingv1.ScanLinkResponse) {
	var grave, doubtful int64
	for _, problem := range found.GetProblems() {
		if problem.GetSeverity() == trackingv1.ScanProblem_ERROR {
			grave++
		} else {
			doubtful++
		}
	}
	errs := format.Number(grave) + format.Plural(grave, " problem loses", " problems lose") + " sales or visitors"
	warnings := format.Number(doubtful) + format.Plural(doubtful, " thing", " things") + " to look at"
	switch {
	case grave > 0 && doubtful > 0:
		s.Tone, s.Title, s.Text = "bad", "This link does not work as it should", errs+", and there "+format.Plural(doubtful, "is ", "are ")+warnings+"."
	case grave > 0:
		s.Tone, s.Title, s.Text = "bad", "This link does not work as it should", errs+"."
	case doubtful > 0:
		s.Tone, s.Title, s.Text = "wait", "This link works", "There "+format.Plural(doubtful, "is ", "are ")+warnings+"."
	default:
		s.Tone, s.Title, s.Text = "good", "This link works", "Nothing to fix was found."
	}
}

func scanProblems(found []*trackingv1.ScanProblem) []scanProblem {
	var problems []scanProblem
	for _, problem := range found {
		one := scanProblem{Severity: &ui.Badge{Text: "Warning", Tone: "wait"}, Reason: problem.GetReason(), Message: problem.GetMessage(), Mend: problem.GetMend(), Hop: problem.GetHop()}
		if problem.GetSeverity() == trackingv1.ScanProblem_ERROR {
			one.Severity = &ui.Badge{Text: "Error", Tone: "bad"}
		}
		problems = append(problems, one)
	}
	return problems
}

// scanFacts say what the link means and what arrived at the final page.
func scanFacts(p *ui.Page, found *trackingv1.ScanLinkResponse) []scanFact {
	facts := []scanFact{{Label: "Final page", Value: found.GetFinalUrl(), IsCode: true}}
	l := found.GetLink()
	if l == nil {
		return append(facts, scanFact{Label: "Tracking link", Value: "No", Hint: "It is not a tracking link of this installation, so no click id or code is looked for."})
	}
	facts = append(facts, scanFact{Label: "Click id at the final page", Badge: arrived(found, "click_id", found.GetClickIdArrived())})
	if l.GetCouponCode() != "" {
		facts = append(facts, scanFact{Label: "Code at the final page", Badge: arrived(found, "coupon_code", found.GetCouponCodeArrived())})
	}
	if v := found.GetVerdict(); v != nil {
		facts = append(facts, scanFact{Label: "A postback with the code", Badge: ui.StateBadge(v.GetOutcome()), Hint: format.Sentence(v.GetMessage())})
	}
	for _, passed := range l.GetForwardedParameters() {
		facts = append(facts, scanFact{Label: passed.GetName() + " at the final page", Value: passed.GetValue(), IsCode: true, Badge: arrived(found, passed.GetName(), passed.GetArrived())})
	}
	if dropped := l.GetDropped(); len(dropped) > 0 {
		facts = append(facts, scanFact{Label: "Dropped from the link", Value: strings.Join(dropped, "; ")})
	}
	called := p.NamesOf(p.Request.Context(), []string{l.GetOffer()}, []string{l.GetPublisher()})
	if offer := l.GetOffer(); offer != "" {
		facts = append(facts, scanFact{Label: "Offer", Value: called.Of(offer), Href: ui.HrefOf(offer), Hint: saidIf(!l.GetOfferActive(), "It is not active.")})
	}
	if publisher := l.GetPublisher(); publisher != "" {
		facts = append(facts, scanFact{Label: "Publisher", Value: called.Of(publisher), Href: ui.HrefOf(publisher), Hint: saidIf(!l.GetPublisherApproved(), "Not approved on the offer.")})
	}
	if l.GetCouponCode() != "" {
		fact := scanFact{Label: "Coupon Code", Value: l.GetCouponCode(), IsCode: true}
		if p.Has("offers/{offer}/coupons/{coupon}") && l.GetCoupon() != "" {
			fact.Href, fact.IsCode = ui.Href("offers", ui.IDOf(l.GetOffer()), "coupons", ui.IDOf(l.GetCoupon())), false
		}
		if l.GetReason() != "" {
			fact.Badge = ui.StateBadge(l.GetReason())
		}
		facts = append(facts, fact)
	}
	return facts
}

func saidIf(isSo bool, text string) string {
	if isSo {
		return text
	}
	return ""
}

// arrived says what happened to a parameter: it may be lost in a redirect, or find no page at the end.
func arrived(found *trackingv1.ScanLinkResponse, parameter string, isSo bool) *ui.Badge {
	if isSo {
		return &ui.Badge{Text: "Arrived", Tone: "good"}
	}
	if hops := found.GetHops(); len(hops) > 0 {
		for _, carried := range hops[len(hops)-1].GetParameters() {
			if carried.GetName() == parameter && carried.GetPresent() {
				return &ui.Badge{Text: "Did not arrive", Tone: "bad"}
			}
		}
	}
	return &ui.Badge{Text: "Lost", Tone: "bad"}
}

func scanHops(found []*trackingv1.ScanHop) []scanHop {
	hops, way := []scanHop(nil), trail{}
	for _, h := range found {
		hops = append(hops, way.hop(h))
	}
	for i := range hops[:max(0, len(hops)-1)] {
		for j := range hops[i].Parameters {
			hops[i].Parameters[j].IsSent = j < len(hops[i+1].Parameters) && hops[i+1].Parameters[j].IsFromLast
		}
	}
	return hops
}

// trail is how far a way has been shown.
type trail struct {
	length int
	// carried are the parameters that the last hop had, and made the one that it made.
	carried, made map[string]bool
	// isOwn says that the last hop was ours.
	isOwn bool
}

// hop shows the next hop.
func (t *trail) hop(h *trackingv1.ScanHop) scanHop {
	t.length++
	hop := scanHop{
		Number: t.length, URL: h.GetUrl(), Location: h.GetLocation(), Cookies: h.GetCookies(), Error: format.Sentence(h.GetError()),
		Status: hopStatus(h), SentBy: hopKind(h.GetKind()),
		IsLast: h.GetLocation() == "" || h.GetError() != "" || h.GetKind() == trackingv1.ScanHop_SCRIPT,
		IsOwn:  h.GetLatency().AsDuration() == 0 && h.GetHttpStatus() != 0,
	}
	hop.Host, hop.Rest = splitURL(h.GetUrl())
	if d := h.GetLatency().AsDuration(); d > 0 {
		hop.Latency = format.Latency(d)
	}
	if expires := h.GetCertificateExpireTime(); expires != nil {
		hop.Certificate = expires.AsTime()
	}
	carried, made := map[string]bool{}, map[string]bool{}
	for _, parameter := range h.GetParameters() {
		shown := t.parameter(parameter, hop)
		hop.Parameters = append(hop.Parameters, shown)
		carried[shown.Name], made[shown.Name] = shown.IsPresent, shown.IsMade
	}
	t.carried, t.made, t.isOwn = carried, made, hop.IsOwn
	return hop
}

// parameter shows what a hop has of a value that should survive the way.
func (t *trail) parameter(found *trackingv1.ScanParameter, hop scanHop) scanParameter {
	shown := scanParameter{Name: found.GetName(), Label: parameterLabel(found.GetName()), IsPresent: found.GetPresent()}
	had := t.carried[shown.Name]
	// We pass on what the offer's page asks for. Of that only the click id and the code are needed.
	isLeftOut := t.isOwn && shown.Name != "click_id" && shown.Name != "coupon_code"
	shown.IsLost = had && !shown.IsPresent && !isLeftOut
	shown.IsMade = shown.Name == "click_id" && hop.IsOwn && !hop.IsLast && !shown.IsPresent && !had
	shown.IsFromLast = shown.IsLost || shown.IsPresent && (had || t.made[shown.Name])
	return shown
}

// splitURL returns an address's host and what follows it.
func splitURL(address string) (host, rest string) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return address, ""
	}
	_, rest, _ = strings.Cut(address, u.Host)
	return u.Scheme + "://" + u.Host, rest
}

func hopStatus(h *trackingv1.ScanHop) *ui.Badge {
	code := strconv.Itoa(int(h.GetHttpStatus()))
	switch {
	case h.GetHttpStatus() == 0:
		return &ui.Badge{Text: "No answer", Tone: "bad"}
	case h.GetHttpStatus() >= 400 || h.GetError() != "":
		return &ui.Badge{Text: code, Tone: "bad"}
	case h.GetHttpStatus() >= 300:
		return &ui.Badge{Text: code, Tone: "quiet"}
	default:
		return &ui.Badge{Text: code, Tone: "good"}
	}
}

func hopKind(kind trackingv1.ScanHop_Kind) string {
	switch kind {
	case trackingv1.ScanHop_HTTP:
		return "redirects"
	case trackingv1.ScanHop_META_REFRESH:
		return "redirects by a refresh in its HTML"
	case trackingv1.ScanHop_SCRIPT:
		return "may redirect by a script, which is not followed"
	default:
		return ""
	}
}

// parameterLabel is what people call a parameter of the way.
func parameterLabel(name string) string {
	switch name {
	case "click_id":
		return "Click id"
	case "coupon_code":
		return "Code"
	case "pub_id":
		return "Publisher"
	case "pub_click_id":
		return "Publisher's click id"
	default:
		return name
	}
}
