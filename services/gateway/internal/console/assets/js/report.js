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

// The filter: a row is made anew where another column or operator wants another value.
document.addEventListener('change', async (event) => {
  const row = event.target.closest?.('[data-condition]')
  if (!row) return
  const isColumn = event.target.matches('[data-column]')
  if (!isColumn && !event.target.matches('[data-operator]')) return
  const kind = row.querySelector('[data-column]').selectedOptions[0].dataset.kind
  const operator = row.querySelector('[data-operator]').value
  const hasValue = row.querySelector('[name=v]:not([type=hidden]), [data-picker]') !== null
  const wantsValue = operator !== 'empty' && operator !== 'filled'
  if (isColumn ? (row.dataset.kind ?? row.dataset.condition) === kind : hasValue === wantsValue) return
  await renew(row, kind, isColumn)
})

async function renew(row, kind, isNewColumn) {
  const id = `r${++counter}`
  const query = new URLSearchParams({ id, c: row.querySelector('[data-column]').value, o: row.querySelector('[data-operator]').value })
  const fresh = await fetchRow(query)
  if (!fresh || !row.isConnected) return
  const typed = row.querySelector('input[type=text][name=v]')?.value
  const focused = row.contains(document.activeElement) ? document.activeElement.name : ''
  fresh.dataset.kind = kind
  row.replaceWith(fresh)
  const text = fresh.querySelector('input[type=text][name=v]')
  if (text && typed && (!isNewColumn || fresh.dataset.condition === 'text')) text.value = typed
  startPickers(fresh)
  fresh.querySelector(focused ? `[name=${focused}]` : '[data-column]')?.focus()
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

// Columns: up and down by buttons, by Alt with an arrow, and by dragging.
function move(line, by) {
  const other = by < 0 ? line.previousElementSibling : line.nextElementSibling
  if (!other) return
  const focused = document.activeElement
  if (by < 0) other.before(line)
  else other.after(line)
  if (line.contains(focused)) focused.focus()
  edges(line.parentElement)
  const list = [...line.parentElement.children]
  said(line, `${line.querySelector('label').textContent.trim()}: place ${list.indexOf(line) + 1} of ${list.length}`)
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

let dragged = null
document.addEventListener('dragstart', (event) => {
  dragged = event.target.closest?.('[data-column-line]')
  if (!dragged) return
  event.dataTransfer.effectAllowed = 'move'
  event.dataTransfer.setData('text/plain', '')
  dragged.classList.add('dragged')
})
document.addEventListener('dragover', (event) => {
  const line = event.target.closest?.('[data-column-line]')
  if (!dragged || !line || line === dragged) return
  event.preventDefault()
  const box = line.getBoundingClientRect()
  if (event.clientY < box.top + box.height / 2) line.before(dragged)
  else line.after(dragged)
})
document.addEventListener('drop', (event) => { if (dragged) event.preventDefault() })
document.addEventListener('dragend', () => {
  if (!dragged) return
  dragged.classList.remove('dragged')
  edges(dragged.parentElement)
  dragged = null
})

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
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status))
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
  document.querySelectorAll('form[data-days]').forEach((form) => showTwoDays(form, form.elements.range.value === 'days'))
  document.querySelectorAll('[data-condition]').forEach((row) => { row.dataset.kind ??= row.querySelector('[data-column]').selectedOptions[0].dataset.kind })
  document.querySelectorAll('[data-column-line]').forEach((line) => {
    line.draggable = true
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
