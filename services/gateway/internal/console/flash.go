package console

import (
	"encoding/json"
	"time"
)

const (
	flashCookie = "couponlink_flash"
	flashAge    = time.Minute
)

// toast is a message about what was just done.
type toast struct {
	Text string `json:"text"`
	// IsError makes it stay until it is closed.
	IsError bool `json:"is_error,omitempty"`
	// Undo, if set, is a form that takes it back.
	Undo *undo `json:"undo,omitempty"`
}

// undo is the form of a toast's Undo button.
type undo struct {
	// Action is where the form is posted to, by path.
	Action string `json:"action"`
	// Fields are the form's values.
	Fields map[string]string `json:"fields,omitempty"`
}

// keepFlash keeps a toast for the next page. It is signed for the session, so that nobody can put words
// or an Undo button onto our pages.
func (p *page) keepFlash(t toast) {
	content, err := json.Marshal(t)
	if err != nil || p.session == nil {
		return // a toast of strings always encodes; without a session there is no page to show it
	}
	p.access.SetCookie(p.w, p.r, flashCookie, p.session.Seal("flash", content), flashAge)
}

// takeFlash takes the toast that the page before has kept, on a whole page: a part shows none.
func (p *page) takeFlash() {
	cookie, err := p.r.Cookie(flashCookie)
	if err != nil || p.session == nil || p.isHTMX() {
		return
	}
	p.access.DropCookie(p.w, p.r, flashCookie)
	content, ok := p.session.Open("flash", cookie.Value)
	var t toast
	if ok && json.Unmarshal(content, &t) == nil {
		p.toast(t)
	}
}

// toast shows a message with this answer, a page or a part of one.
func (p *page) toast(t toast) { p.toasts = append(p.toasts, t) }
