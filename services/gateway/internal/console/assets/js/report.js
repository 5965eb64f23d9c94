// The Conversion Report: what is chosen holds at once, rows of the filter fit their columns, columns are
// moved by drag and by keys, rows open their conversion. Without scripts, forms do the same.

import { startPickers } from './picker.js'
import { announce } from './console.js'

let counter = 0

// Forms with data-auto are sent when a choice is made; two days wait for their button.
document.addEventListener('change', (event) => {
  const form = event.target.closest?.('form[data-auto]')
  if (!form || event.target.type === 'date') return
  if (form.dataset.days !== undefined) {
    const isTwo = form.elements.range.value === 'days'
    showTwoDays(form, isTwo)
    if (isTwo) return
  }
  form.requestSubmit()
})

function showTwoDays(form, isTwo) {
  form.querySelector('[data-two-days]').hidden = !isTwo
  form.querySelector('[data-show-days]').hidden = !isTwo
  form.querySelectorAll('[data-two-days] input').forEach((input) => { input.disabled = !isTwo })
}

// The filter: operators and value are replaced if another column or operator needs others. The selects
// themselves stay: a letter typed into one chooses at once, and the next letter must find it with its focus.
document.addEventListener('change', async (event) => {
  const row = event.target.closest?.('[data-condition]')
  if (!row) return
  const isColumn = event.target.matches('[data-column]')
  if (!isColumn && !event.target.matches('[data-operator]')) return
  const kind = kindOf(row)
  const operator = row.querySelector('[data-operator]').value
  const hasValue = row.querySelector('[name=v]:not([type=hidden]), [data-picker]') !== null
  const wantsValue = operator !== 'empty' && operator !== 'filled'
  const asked = row.dataset.asked = `r${++counter}` // what is still on its way is not wanted any more
  if (isColumn ? row.dataset.kind === kind : hasValue === wantsValue) return
  const fresh = await fetchRow(new URLSearchParams({ id: asked, c: row.querySelector('[data-column]').value, o: operator }))
  if (fresh && row.isConnected && row.dataset.asked === asked) renew(row, fresh, isColumn)
})

const kindOf = (row) => row.querySelector('[data-column]').selectedOptions[0].dataset.kind

// renew takes the operators and all behind them from a fresh row.
function renew(row, fresh, isNewColumn) {
  const operator = row.querySelector('[data-operator]')
  const wanted = fresh.querySelector('[data-operator]')
  const typed = row.querySelector('input[type=text][name=v]')?.value
  const wasIn = operator.compareDocumentPosition(document.activeElement) & Node.DOCUMENT_POSITION_FOLLOWING && row.contains(document.activeElement)
  if (isNewColumn) {
    const chosen = wanted.value
    operator.replaceChildren(...wanted.children)
    operator.value = chosen
  }
  while (operator.nextSibling) operator.nextSibling.remove()
  while (wanted.nextSibling) row.append(wanted.nextSibling)
  row.dataset.kind = kindOf(row)
  row.dataset.condition = fresh.dataset.condition
  const text = row.querySelector('input[type=text][name=v]')
  if (text && typed && (!isNewColumn || row.dataset.condition === 'text')) text.value = typed
  startPickers(row)
  if (wasIn) (row.querySelector('.picker input, [name=v]:not([type=hidden])') ?? operator).focus()
  number()
}

async function fetchRow(query) {
  const answer = await fetch(`/console/reports/conversions/condition?${query}`, { headers: { 'HX-Request': 'true' } }).catch(() => null)
  if (!answer?.ok || answer.redirected) return null
  const box = document.createElement('template')
  box.innerHTML = await answer.text() // escaped by the server's templates
  return box.content.querySelector('[data-condition]')
}

document.addEventListener('click', async (event) => {
  const more = event.target.closest?.('[data-more]')
  const drop = event.target.closest?.('[data-drop]')
  if (more) {
    event.preventDefault()
    const rows = more.form.querySelector('[data-rows]')
    const fresh = await fetchRow(new URLSearchParams({ id: `r${++counter}` }))
    if (!fresh) return
    fresh.dataset.kind = kindOf(fresh)
    rows.append(fresh)
    number()
    fresh.querySelector('[data-column]').focus()
  }
  if (drop && drop.closest('[data-rows]').children.length > 1) {
    event.preventDefault()
    const form = drop.form
    drop.closest('[data-condition]').remove()
    number()
    form.querySelector('[data-rows] [data-column]').focus()
  }
})

// number says which row each Remove removes.
function number() {
  document.querySelectorAll('[data-rows]').forEach((rows) => {
    [...rows.children].forEach((row, i) => {
      const drop = row.querySelector('[data-drop]')
      if (drop) { drop.value = i; drop.hidden = rows.children.length === 1 }
    })
  })
}

// A filter that was typed but not applied survives other changes to the report: the other forms and the links
// pass it on.
const applied = new WeakMap()
const rowsOf = (form) => {
  const draft = new URLSearchParams()
  for (const [name, value] of new FormData(form)) if (['c', 'o', 'v', 'match'].includes(name)) draft.append(name, value)
  return draft
}

function draft() {
  const form = document.querySelector('#report form[data-conditions]')
  const text = document.getElementById('filter-text')
  let found = null
  if (text && (text.dataset.draft !== undefined || text.value !== text.defaultValue)) {
    found = new URLSearchParams({ draft_text: text.value })
  } else if (form && (form.dataset.draft !== undefined || String(rowsOf(form)) !== applied.get(form))) {
    found = rowsOf(form)
  }
  found?.set('draft', '1')
  return found
}

document.addEventListener('formdata', (event) => {
  const form = event.target
  if (!form.closest('#report') || form.method !== 'get' || form.matches('[data-conditions]') || form.elements.filter?.tagName === 'TEXTAREA') return
  for (const [name, value] of draft() ?? []) event.formData.append(name, value)
})

document.addEventListener('click', (event) => {
  const link = event.target.closest?.('#report a[href]')
  if (!link || link.pathname !== location.pathname || link.closest('.filter-head, .saved-list, .save-open') || event.ctrlKey || event.metaKey || event.shiftKey) return
  const typed = draft()
  if (!typed) return
  event.preventDefault()
  event.stopImmediatePropagation()
  const query = new URLSearchParams(link.search)
  for (const [name, value] of typed) query.append(name, value)
  location.assign(`${link.pathname}?${query}`)
}, { capture: true })

// Columns: up and down by buttons, by Alt with an arrow, and by dragging.
function move(line, by) {
  const other = by < 0 ? line.previousElementSibling : line.nextElementSibling
  if (!other) return
  const focused = document.activeElement
  if (by < 0) other.before(line)
  else other.after(line)
  if (line.contains(focused)) focused.focus()
  placed(line, line.parentElement)
}

// placed says where a line is now.
function placed(line, list) {
  edges(list)
  said(line, `${line.querySelector('label').textContent.trim()}: place ${[...list.children].indexOf(line) + 1} of ${list.children.length}`)
}

function said(line, text) {
  let live = line.closest('form').querySelector('[data-said]')
  if (!live) {
    live = document.createElement('p')
    live.className = 'hidden'
    live.dataset.said = ''
    live.setAttribute('aria-live', 'polite')
    line.closest('form').append(live)
  }
  live.textContent = text
}

function edges(list) {
  [...list.children].forEach((line, i, all) => {
    const [up, down] = line.querySelectorAll('.move')
    if (up) { up.disabled = i === 0; down.disabled = i === all.length - 1 }
  })
}

document.addEventListener('click', (event) => {
  const button = event.target.closest?.('[data-columns] .move')
  if (!button) return
  event.preventDefault()
  move(button.closest('[data-column-line]'), button.value.startsWith('up') ? -1 : 1)
  if (button.disabled) button.closest('[data-column-line]').querySelector('input').focus()
})

document.addEventListener('keydown', (event) => {
  const line = event.target.closest?.('[data-column-line]')
  if (!line || !event.altKey || (event.key !== 'ArrowUp' && event.key !== 'ArrowDown')) return
  event.preventDefault()
  move(line, event.key === 'ArrowUp' ? -1 : 1)
})

// Dragging is by pointer events and not the browser's own drag and drop, which fingers cannot do. A finger
// takes a line by its grip, since elsewhere it scrolls the list.
let drag = null

document.addEventListener('pointerdown', (event) => {
  const line = event.target.closest?.('[data-column-line]')
  if (!line || event.button !== 0 || event.target.closest('button, input')) return
  if (event.pointerType === 'mouse' || event.target.closest('.grip')) drag = { line, list: line.parentElement, from: event.clientY, isMoving: false }
})

document.addEventListener('pointermove', (event) => {
  if (!drag) return
  if (!drag.isMoving) {
    if (Math.abs(event.clientY - drag.from) < 5) return // a click that trembles
    drag.isMoving = true
    drag.line.classList.add('dragged')
    drag.list.setPointerCapture(event.pointerId) // not of the line, which moves about
  }
  place(drag, event.clientY)
})

function place({ line, list }, y) {
  const edge = 24, step = 8
  const box = list.getBoundingClientRect()
  if (y < box.top + edge) list.scrollTop -= step
  if (y > box.bottom - edge) list.scrollTop += step
  const next = [...list.children].find((other) => {
    const at = other.getBoundingClientRect()
    return other !== line && y < at.top + at.height / 2
  })
  if (next ? next.previousElementSibling === line : list.lastElementChild === line) return
  if (next) next.before(line)
  else list.append(line)
}

for (const end of ['pointerup', 'pointercancel']) {
  document.addEventListener(end, () => {
    const { line, list, isMoving } = drag ?? {}
    drag = null
    if (!isMoving) return
    line.classList.remove('dragged')
    placed(line, list)
    const still = (event) => { event.preventDefault(); event.stopPropagation() } // letting go is no click
    addEventListener('click', still, { capture: true, once: true })
    setTimeout(() => removeEventListener('click', still, { capture: true }))
  })
}

// A row opens what its first cell leads to, unless text in it is being selected.
document.addEventListener('click', (event) => {
  const row = event.target.closest?.('#report .rows tbody tr')
  if (!row || event.target.closest('a, button, input, label') || String(getSelection())) return
  row.querySelector('td.first a')?.click()
})

// The download tells how far it is.
document.addEventListener('click', async (event) => {
  const button = event.target.closest?.('[data-download]')
  if (!button || event.ctrlKey || event.metaKey || event.shiftKey || button.dataset.busy !== undefined) return
  event.preventDefault()
  const label = button.textContent
  button.dataset.busy = ''
  try {
    const answer = await fetch(button.href)
    if (answer.redirected) { location.assign(answer.url); return } // to log in
    if (!answer.ok) throw new Error(String(answer.status))
    const parts = []
    let bytes = 0
    for (const reader = answer.body.getReader(); ;) {
      const { done, value } = await reader.read()
      if (done) break
      parts.push(value)
      bytes += value.length
      button.textContent = `Downloading, ${bytes < 1e6 ? `${Math.round(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`}`
      if (bytes > 2e8) { reader.cancel(); location.assign(button.href); return } // too much to hold here
    }
    const link = document.createElement('a')
    link.href = URL.createObjectURL(new Blob(parts, { type: 'text/csv' }))
    link.download = button.download
    link.click()
    setTimeout(() => URL.revokeObjectURL(link.href), 10000)
    announce('Downloaded.')
  } catch {
    announce('The download broke off. Try again.')
  } finally {
    button.textContent = label
    delete button.dataset.busy
  }
})

function ready() {
  document.querySelectorAll('#report form[data-conditions]').forEach((form) => { if (!applied.has(form)) applied.set(form, String(rowsOf(form))) })
  document.querySelectorAll('form[data-days]').forEach((form) => showTwoDays(form, form.elements.range.value === 'days'))
  document.querySelectorAll('[data-condition]').forEach((row) => { row.dataset.kind ??= kindOf(row) })
  document.querySelectorAll('[data-column-line]').forEach((line) => {
    if (line.querySelector('.move')) return
    line.append(moves(line))
  })
  document.querySelectorAll('.columns-list').forEach(edges)
}

// moves are the arrows of a column that is not shown yet.
function moves(line) {
  const box = document.createElement('span')
  box.className = 'moves'
  const name = line.querySelector('label').textContent.trim()
  for (const [value, sign] of [['up', '↑'], ['down', '↓']]) {
    const button = document.createElement('button')
    button.type = 'button'
    button.className = 'move'
    button.value = value
    button.textContent = sign
    button.setAttribute('aria-label', `Move ${name} ${value}`)
    box.append(button)
  }
  return box
}

ready()
document.addEventListener('htmx:after:swap', ready)
