// Forms that store something: a refused field is checked again while the user corrects it, and leaving an
// edited form asks first. Without scripts, Save reports all errors at once.

const forms = 'form.form[method=post]:not([hx-post])'
const isLogin = (form) => form.closest('main.alone') !== null

// A refused field: the server checks the form without storing it, and says what is wrong now.
let waiting
let asked

const corrected = (event) => {
  const form = event.target.closest?.(forms)
  if (!form || isLogin(form) || !form.querySelector('.field-bad, .note-bad')) return
  clearTimeout(waiting)
  waiting = setTimeout(() => judge(form), 250)
}
document.addEventListener('input', corrected)
document.addEventListener('change', corrected)

async function judge(form) {
  asked?.abort()
  const mine = asked = new AbortController()
  const answer = await fetch(form.getAttribute('action'), {
    method: 'POST', body: new URLSearchParams(new FormData(form)), headers: { 'Couponlink-Review': '1' }, redirect: 'error', signal: mine.signal,
  }).catch(() => null)
  if (!answer?.ok || mine.signal.aborted) return
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
  const fresh = page.getElementById(form.id)
  if (!fresh || mine.signal.aborted) return
  form.querySelectorAll('.field-bad').forEach((field) => {
    const id = field.querySelector('[id^=field-]')?.id
    renew(field, fresh.querySelector(`[id="${id}"]`)?.closest('.field')?.querySelector('.error'))
  })
  if (!fresh.querySelector('.note-bad')) form.querySelector('.note-bad')?.remove()
}

// renew shows a field's current error, or none.
function renew(field, error) {
  const shown = field.querySelector('.error')
  if (error) {
    if (shown && shown.textContent !== error.textContent) shown.replaceChildren(...error.childNodes)
    return
  }
  shown?.remove()
  field.classList.remove('field-bad')
  field.querySelectorAll('[aria-invalid]').forEach((input) => input.removeAttribute('aria-invalid'))
}

// forget removes an error that something else on the page reports from now on.
export const forget = (field) => renew(field, null)

// Leaving: the forms' values are noted when they are ready.
const before = new WeakMap()
let sent = null // the form whose sending leaves the page

const valuesOf = (form) => JSON.stringify([...new FormData(form)]
  .map(([name, value]) => [name, value instanceof File ? value.name + value.size : value]))

export function watch(root) {
  root.querySelectorAll(forms).forEach((form) => { if (!before.has(form) && !isLogin(form)) before.set(form, valuesOf(form)) })
}

const isEdited = (form) => before.has(form) && before.get(form) !== valuesOf(form)

document.addEventListener('submit', (event) => {
  if (!event.defaultPrevented && event.target.matches(forms)) sent = event.target
})
window.addEventListener('pageshow', () => { sent = null })
window.addEventListener('beforeunload', (event) => {
  const isUnsaved = !sent && document.querySelector('main[data-unsaved]') !== null
  if (isUnsaved || [...document.querySelectorAll(forms)].some((form) => form !== sent && isEdited(form))) event.preventDefault()
})

// A form that is shown again after a login has the login's address.
const address = document.querySelector('main[data-address]')?.dataset.address
if (address) history.replaceState(history.state, '', address)
