package browser

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// answerQuestions answers the browser when it asks whether to leave a page: as a test says, else with yes.
func (b *tab) answerQuestions() {
	b.t.Helper()
	b.must("listening for questions", chromedp.Listen(b.ctx, func(event any) {
		if _, isQuestion := event.(*page.EventJavascriptDialogOpening); isQuestion {
			b.questions.Add(1)
			go func() { // not in the loop that reads the browser's messages
				_, _ = chromedp.Call[page.HandleJavaScriptDialogParams, cdp.Empty](
					b.ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: !b.stays.Load()}) // the tab may be gone
			}()
		}
	}))
}

// forms are filled in wrongly, left, and sent after the session has ended.
func (s *suite) forms(t *testing.T) {
	p := startProduct(t, s.binary)
	p.program()
	b := s.newTab(t, p.site)
	b.expected = []string{"status of 401", "status of 422"}
	b.logIn()
	t.Run("errors go as soon as the input is right", func(t *testing.T) { b.on(t).errorsGo() })
	t.Run("leaving an edited form asks", func(t *testing.T) { b.on(t).leavingAsks() })
	t.Run("an expired session keeps what was typed", func(t *testing.T) { b.on(t).sessionExpires() })
	t.Run("a filter that is typed survives other changes", func(t *testing.T) { b.on(t).filterSurvives() })
}

// errorsGo saves a form with everything wrong, and corrects one thing after the other.
func (b *tab) errorsGo() {
	b.t.Helper()
	b.open("/console/coupons/new")
	b.fill("Coupon Code", "SALE_XYZ20")
	b.see(text("only letters A-Z and digits")) // it is checked while it is typed, and the error moves what is below
	b.fill("Usage Limit", "many")
	b.press(button("Save"))
	for _, said := range []string{"only letters A-Z and digits", "Choose an offer.", "Choose a publisher.", "Enter a whole number"} {
		b.see(text(said))
	}
	b.press(button("Use SALEXYZ20"))
	b.missing(text("only letters A-Z and digits"))
	b.fill("Usage Limit", "5")
	b.missing(text("Enter a whole number"))
	if !b.has(text("Choose an offer.")) {
		b.t.Error("the other errors went too")
	}
	b.pick("Offer", "Running", "Running shoes")
	b.missing(text("Choose an offer."))
}

// leavingAsks leaves Create Coupon, which errorsGo has filled in, and an offer's settings.
func (b *tab) leavingAsks() {
	b.t.Helper()
	before := b.questions.Load()
	b.press(link("Publishers"))
	if b.questions.Load() == before {
		b.t.Error("leaving a form with what was typed asked nothing")
	}
	b.open("/console/offers/10/settings")
	before = b.questions.Load()
	b.press(link("Publishers"))
	if b.questions.Load() != before {
		b.t.Error("leaving a form as it was asked something")
	}
	b.open("/console/offers/10/settings")
	b.fill("Fallback URL", "https://typed.example.com/")
	b.stays.Store(true)
	before = b.questions.Load()
	call(b, page.Reload, page.ReloadParams{})
	b.await("the question", func() (bool, string) { return b.questions.Load() > before, "none came" })
	if e := b.see(field("Fallback URL")); e.value != "https://typed.example.com/" {
		b.t.Errorf("who stays finds %q", e.value)
	}
	b.stays.Store(false)
	before = b.questions.Load()
	b.press(button("Save"))
	b.see(text("Settings saved."))
	if b.questions.Load() != before {
		b.t.Error("saving asked something")
	}
}

// sessionExpires logs out in a second tab, and saves in the first.
func (b *tab) sessionExpires() {
	b.t.Helper()
	b.open("/console/publishers/new")
	b.fill("Publisher name", "Typed by Ana")
	b.fill("Postback URL", "https://ana.example.com/?c={pub_click_id}")
	other := b.sibling()
	other.open("/console/settings")
	other.press(button("Log out"))
	b.press(button("Create Publisher"))
	b.see(text("Log in to get back what you typed."))
	if strings.Contains(b.address(), "Typed") {
		b.t.Errorf("what was typed is in the address %s", b.address())
	}
	b.fill("Admin key", adminKey)
	b.press(button("Log in"))
	b.see(text("What you typed is below, and is not saved yet."))
	if e := b.see(field("Publisher name")); e.value != "Typed by Ana" {
		b.t.Errorf("the name became %q", e.value)
	}
	if got := b.address(); got != "/console/publishers/new" {
		b.t.Errorf("the address is %s", got)
	}
	b.press(button("Create Publisher"))
	b.see(text("Publisher created."))
}

// filterSurvives types a condition into the report's filter and chooses other days.
func (b *tab) filterSurvives() {
	b.t.Helper()
	b.open("/console/reports/conversions")
	b.choose("Column", "Pub. Unique 3")
	b.fill("Value", "TYPED")
	b.choose("Days", "Last 7 days")
	b.see(text("Not applied yet"))
	if e := b.see(field("Value")); e.value != "TYPED" {
		b.t.Errorf("the value became %q", e.value)
	}
	b.press(button("Apply filter"))
	b.see(link("Clear filter"))
}
