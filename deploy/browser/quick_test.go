package browser

import "testing"

// quickPick takes a choice while what was typed before it is still to be asked for, faster than any hand:
// the list must not come back over what is below it.
func (s *suite) quickPick(t *testing.T) {
	p := startProduct(t, s.binary)
	p.program()
	b := s.newTab(t, p.site)
	b.logIn()
	b.open("/console/coupons/new")
	b.press(field("Offer"))
	b.see(want{roles: []string{"option"}, text: "Running shoes"})
	chosen := eval[string](b, `(() => {
		const input = document.querySelector('[role=combobox][aria-expanded=true]')
		input.value = 'zz'
		input.dispatchEvent(new Event('input', { bubbles: true }))
		document.querySelector('[role=option]').click()
		return new Promise((done) => setTimeout(() => done(input.value), 400)) // longer than typing is waited for
	})()`)
	b.settle()
	if chosen != "Running shoes" {
		t.Errorf("the picker shows %q", chosen)
	}
	if open := eval[int](b, `document.querySelectorAll('[role=combobox][aria-expanded=true]').length`); open != 0 {
		t.Errorf("%d lists are open after the choice", open)
	}
}
