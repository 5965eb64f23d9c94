package ui

import (
	"encoding/json"
	"time"
)

const (
	flashCookie = "couponlink_flash"
	flashAge    = time.Minute
)

// Toast is a message about what was just done.
type Toast struct {
	Text string `json:"text"`
	// IsError makes it stay until it is closed.
	IsError bool `json:"is_error,omitempty"`
	// Undo, if set, is a form that takes it back.
	Undo *Undo `json:"undo,omitempty"`
}

// Undo is the form of a toast's Undo button.
type Undo struct {
	// Action is where the form is posted to, by path.
	Action string `json:"action"`
	// Fields are the form's values.
	Fields map[string]string `json:"fields,omitempty"`
}

// keepFlash keeps a toast for the next page. It is signed for the session, so that nobody can put words
// or an Undo button onto our pages.
func (p *Page) keepFlash(t Toast) {
	content, err := json.Marshal(t)
	if err != nil || p.Session == nil {
		return // a toast of strings always encodes; without a session there is no page to show it
	}
	p.Access.SetCookie(p.Writer, p.Request, flashCookie, p.Session.Seal("flash", content), flashAge)
}

// takeFlash takes the toast that the page before has kept, on a whole page: a part shows none.
func (p *Page) takeFlash() {
	cookie, err := p.Request.Cookie(flashCookie)
	if err != nil || p.Session == nil || p.IsHTMX() {
		return
	}
	p.Access.DropCookie(p.Writer, p.Request, flashCookie)
	content, ok := p.Session.Open("flash", cookie.Value)
	var t Toast
	if ok && json.Unmarshal(content, &t) == nil {
		p.toast(t)
	}
}

// toast shows a message with this answer, a page or a part of one.
func (p *Page) toast(t Toast) { p.toasts = append(p.toasts, t) }
