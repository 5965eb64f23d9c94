package browser

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/dom"
)

func (s *suite) upkeepByMouse(t *testing.T)    { s.upkeep(t, mouse{}) }
func (s *suite) upkeepByKeyboard(t *testing.T) { s.upkeep(t, keyboard{}) }

// upkeep is what a program needs from day to day beside the journey: an offer's settings, approvals,
// several coupons at once, a file of coupons.
func (s *suite) upkeep(t *testing.T, h hand) {
	p := startProduct(t, s.binary)
	p.program()
	p.api(http.MethodPost, "/v1/publishers?publisher_id=33", `{"displayName": "Trail Tom"}`)
	for _, code := range []string{"SPRING1", "SPRING2", "SPRING3"} {
		p.api(http.MethodPost, "/v1/offers/10/coupons", fmt.Sprintf(`{"code": %q, "publisher": "publishers/22"}`, code))
	}
	b := s.newTab(t, p.site)
	b.hand, b.expected = h, []string{"status of 422"} // the form that errs first
	b.logIn()
	b.press(link("Offers"))
	b.press(link("Running shoes"))
	t.Run("settings", func(t *testing.T) { b.on(t).changeOffer() })
	t.Run("approvals", func(t *testing.T) { b.on(t).approvePublishers() })
	t.Run("several coupons", func(t *testing.T) { b.on(t).changeSeveral() })
	t.Run("a file", func(t *testing.T) { b.on(t).importFile() })
}

// changeOffer errs first: what was typed stays, and the error stands beside it.
func (b *tab) changeOffer() {
	b.t.Helper()
	b.press(link("Settings").in(tabs()))
	b.fill("Offer name", "Trail shoes")
	b.fill("Landing page URL", "shop")
	b.press(button("Save"))
	for label, kept := range map[string]string{"Offer name": "Trail shoes", "Landing page URL": "shop"} {
		if e := b.see(field(label)); e.value != kept {
			b.t.Errorf("after the error %s is %q, want %q", label, e.value, kept)
		}
	}
	b.fill("Landing page URL", landingPage)
	b.press(button("Save"))
	b.see(text("Settings saved."))
	b.see(heading("Trail shoes"))
}

func (b *tab) approvePublishers() {
	b.t.Helper()
	b.press(link("Publishers").in(tabs()))
	b.press(button("Block").in(row("Mia Runs")))
	b.see(text("Blocked").in(row("Mia Runs")))
	b.press(button("Undo"))
	b.see(text("Approved").in(row("Mia Runs")))
	b.pick("Publisher", "tom", "Trail Tom")
	b.press(button("Add publisher"))
	b.see(text("Approved").in(row("Trail Tom")))
}

func (b *tab) changeSeveral() {
	b.t.Helper()
	b.press(link("Coupons").in(tabs()))
	b.selectCoupons("SPRING1", "SPRING2")
	b.press(button("Disable"))
	b.see(text("2 coupons disabled."))
	for code, state := range map[string]string{"SPRING1": "Disabled", "SPRING2": "Disabled", "SPRING3": "Active"} {
		b.see(text(state).in(row(code)))
	}
	b.press(button("Undo"))
	b.see(text("2 coupons are as before."))
	b.see(text("Active").in(row("SPRING1")))
	b.selectCoupons("SPRING2", "SPRING3")
	b.press(button("Extend dates"))
	b.date("New Expiration Date", "2030", "08", "31")
	b.press(button("Save"))
	for code, end := range map[string]string{"SPRING1": "Never", "SPRING2": "31 Aug 2030", "SPRING3": "31 Aug 2030"} {
		b.see(text(end).in(row(code)))
	}
}

func (b *tab) selectCoupons(codes ...string) {
	b.t.Helper()
	for _, code := range codes {
		b.press(want{roles: []string{"checkbox"}, name: "Select " + code + "…"})
	}
	b.see(text(fmt.Sprintf("With %d selected:", len(codes))))
}

// importFile tries a file that has one wrong row, and imports the others. The system's own window for
// choosing a file is not the page's, so the file is put into the field.
func (b *tab) importFile() {
	b.t.Helper()
	file := filepath.Join(b.t.TempDir(), "autumn.csv")
	if err := os.WriteFile(file, []byte("code,publisher,expire_time\nAUTUMN1,33,2030-10-31\nAUTUMN_2,33,\nAUTUMN3,22,\n"), 0o600); err != nil {
		b.t.Fatal(err)
	}
	b.press(button("Import CSV"))
	input, err := b.nodeOf(`document.querySelector('input[type=file]')`)
	b.must("finding the file's field", err)
	call(b, dom.SetFileInputFiles, dom.SetFileInputFilesParams{Files: []string{file}, BackendNodeID: input})
	b.press(button("Try the file"))
	b.see(text("2 coupons can be created. 1 row was refused"))
	b.see(text("AUTUMN_2").in(row("AUTUMN_2")))
	b.audit("the dry run of a file")
	b.press(button("Create 2 coupons"))
	b.see(text("2 coupons created."))
	b.press(button("To the coupons"))
	b.see(text("31 Oct 2030").in(row("AUTUMN1")))
	b.see(row("AUTUMN3"))
	b.missing(row("AUTUMN_2"))
}
