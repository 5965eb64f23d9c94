// What every page has of scripts. Pages work without them; here they get nicer. Each module finds its
// elements by data attributes, in the page and in what htmx brings later.

import { watch } from './forms.js'
import { startPickers } from './picker.js'

document.documentElement.classList.add('has-script')

const isTyping = (target) => Boolean(target.closest?.('input, textarea, select, [contenteditable]'))

// Keys: / to search, ? for help, Escape to close.
document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return
  if (event.key === 'Escape') {
    document.querySelectorAll('[data-menu][open]').forEach((menu) => { menu.open = false })
    if (!isTyping(event.target)) document.querySelector('[data-toast]:last-of-type')?.remove()
    return
  }
  if (isTyping(event.target)) return
  if (event.key === '/') {
    const search = document.querySelector('[data-search]')
    if (search) { event.preventDefault(); search.focus(); search.select() }
  }
  if (event.key === '?') {
    event.preventDefault()
    document.getElementById('help')?.showModal()
  }
})

document.addEventListener('click', async (event) => {
  const on = (selector) => event.target.closest?.(selector)
  if (on('[data-dismiss]')) on('[data-toast]')?.remove()
  if (on('[data-close]')) on('dialog')?.close()
  const opener = on('[data-dialog]')
  if (opener) { event.preventDefault(); document.getElementById(opener.dataset.dialog)?.showModal() }
  if (event.target.matches?.('dialog')) event.target.close()
  const menu = document.querySelector('[data-menu][open]')
  if (menu && !menu.contains(event.target)) menu.open = false
  const copy = on('[data-copy]')
  if (copy) await copyFrom(copy)
})

async function copyFrom(button) {
  try {
    await navigator.clipboard.writeText(button.dataset.copy)
  } catch {
    return // not allowed here: the text beside can be selected
  }
  button.classList.add('copied')
  announce('Copied.')
  setTimeout(() => button.classList.remove('copied'), 1500)
}

// announce shows a short message of the script's own.
export function announce(text) {
  const toast = document.createElement('div')
  toast.className = 'toast'
  toast.dataset.toast = ''
  const line = document.createElement('p')
  line.textContent = text
  toast.append(line)
  document.getElementById('toasts')?.append(toast)
  fade(toast)
}

// Messages go after a while, unless the pointer or the focus is on them, or they say what went wrong.
function fade(toast, wait = 8000) {
  if (toast.dataset.stays !== undefined || toast.dataset.fades !== undefined) return
  toast.dataset.fades = ''
  const leave = () => toast.matches(':hover, :focus-within') ? setTimeout(leave, 2000) : toast.remove()
  setTimeout(leave, wait)
}

// Forms: asked before what cannot be undone; sent once only.
document.addEventListener('submit', (event) => {
  const form = event.target
  if (form.dataset.confirm && form.dataset.confirmed === undefined) {
    event.preventDefault()
    confirmThen(form.dataset.confirm, () => { form.dataset.confirmed = ''; form.requestSubmit(event.submitter) })
    return
  }
  delete form.dataset.confirmed
  if (form.dataset.once !== undefined) {
    if (form.dataset.sent !== undefined) { event.preventDefault(); return }
    form.dataset.sent = ''
    form.querySelector('[type=submit]')?.setAttribute('aria-busy', 'true')
  }
})

// Back from the next page, a form may be sent again.
window.addEventListener('pageshow', () => {
  document.querySelectorAll('[data-sent]').forEach((form) => {
    delete form.dataset.sent
    form.querySelector('[aria-busy]')?.removeAttribute('aria-busy')
  })
})

function confirmThen(question, then) {
  const dialog = document.createElement('dialog')
  const article = document.createElement('article')
  const text = document.createElement('p')
  text.textContent = question
  text.id = 'confirm-text'
  dialog.setAttribute('aria-labelledby', text.id)
  const end = document.createElement('div')
  end.className = 'dialog-end'
  const no = document.createElement('button')
  no.className = 'secondary outline'
  no.textContent = 'Cancel'
  const yes = document.createElement('button')
  yes.textContent = 'Go on'
  no.addEventListener('click', () => dialog.close())
  yes.addEventListener('click', () => { dialog.close(); then() })
  dialog.addEventListener('close', () => dialog.remove())
  end.append(no, yes)
  article.append(text, end)
  dialog.append(article)
  document.body.append(dialog)
  dialog.showModal()
}

// Tables: select all, and how many are selected.
document.addEventListener('change', (event) => {
  const form = event.target.closest?.('[data-bulk]')
  if (!form) return
  const boxes = [...form.querySelectorAll('input[name=keys]')]
  if (event.target.matches('[data-check-all]')) boxes.forEach((box) => { box.checked = event.target.checked })
  const count = boxes.filter((box) => box.checked).length
  form.querySelector('[data-count]').textContent = `With ${count} selected:`
  form.querySelectorAll('.bulk button').forEach((button) => { button.disabled = count === 0 })
  const all = form.querySelector('[data-check-all]')
  if (all) { all.checked = count === boxes.length; all.indeterminate = count > 0 && count < boxes.length }
})

// A search form passes on the order and the like from the current address, since sorting changes them after
// the form was rendered.
document.addEventListener('input', (event) => {
  const form = event.target.closest?.('form.toolbar')
  if (!form) return
  const query = new URLSearchParams(location.search)
  form.querySelectorAll('input[type=hidden]').forEach((input) => { if (!query.has(input.name)) input.remove() })
  for (const [name, value] of query) {
    if (['page', 'back', 'new'].includes(name)) continue
    let input = form.elements[name]
    if (input && input.type !== 'hidden') continue
    if (!input) {
      input = document.createElement('input')
      input.type = 'hidden'
      input.name = name
      form.append(input)
    }
    input.value = value
  }
}, { capture: true })

// ready makes what has just come into the page ready.
export function ready(root) {
  startPickers(root)
  watch(root)
  root.querySelectorAll('[data-copy][hidden], [data-check-all][hidden]').forEach((element) => { element.hidden = false })
  root.querySelectorAll('[data-bulk] .bulk button').forEach((button) => { button.disabled = true })
  document.querySelectorAll('[data-toast]').forEach((toast) => fade(toast))
}

ready(document)
const problem = document.querySelector('[data-focus]') ?? document.querySelector('[aria-invalid=true]')
problem?.focus()
document.addEventListener('htmx:after:swap', () => ready(document))
document.addEventListener('htmx:error', (event) => {
  if (event.detail?.error?.name !== 'AbortError') announce('No answer. Check the connection and try again.')
})
