// Pickers: an input that takes an id becomes a combobox with a list of what there is, after the ARIA
// Authoring Practices: the focus stays in the input, arrows walk the list, Enter takes, Escape closes.
// The form gets the id, in a hidden input; the visible one shows the name.

let counter = 0

export function startPickers(root) {
  root.querySelectorAll('[data-picker]:not([data-ready])').forEach(start)
}

function start(frame) {
  frame.dataset.ready = ''
  const input = frame.querySelector('input')
  if (input.readOnly) {
    if (input.dataset.label) show(input, frame)
    return
  }
  const value = show(input, frame)
  const list = document.createElement('div')
  list.id = `picker-${++counter}`
  list.className = 'picker-list'
  list.setAttribute('role', 'listbox')
  list.setAttribute('aria-label', document.querySelector(`label[for="${input.id}"]`)?.firstChild?.textContent.trim() ?? 'Choices')
  list.hidden = true
  frame.append(list)
  for (const [name, set] of Object.entries({ role: 'combobox', 'aria-autocomplete': 'list', 'aria-controls': list.id, 'aria-expanded': 'false' })) input.setAttribute(name, set)

  let current = -1
  let asking // stops the question that is under way
  let timer
  let isWaiting = false
  let isTaken = false // by Enter, whose press must not send the form as well
  const options = () => [...list.querySelectorAll('[role=option]:not([aria-disabled])')]

  // drop forgets what was asked, or is about to be.
  const drop = () => {
    clearTimeout(timer)
    asking?.abort()
    isWaiting = false
  }
  const open = async (query) => {
    drop()
    const ask = asking = new AbortController()
    isWaiting = true
    const found = await choices(frame.dataset.picker, query, ask.signal)
    if (ask.signal.aborted) return
    isWaiting = false
    if (found === null) return
    list.innerHTML = found // escaped by the server's templates
    options().forEach((option, i) => { option.id = `${list.id}-${i}`; option.setAttribute('aria-selected', 'false') })
    list.hidden = false
    input.setAttribute('aria-expanded', 'true')
    walk(-1)
  }
  const close = () => {
    drop()
    list.hidden = true
    input.setAttribute('aria-expanded', 'false')
    input.removeAttribute('aria-activedescendant')
    current = -1
  }
  const walk = (to) => {
    const all = options()
    current = all.length ? Math.max(-1, Math.min(to, all.length - 1)) : -1
    all.forEach((option, i) => option.setAttribute('aria-selected', String(i === current)))
    if (current < 0) { input.removeAttribute('aria-activedescendant'); return }
    input.setAttribute('aria-activedescendant', all[current].id)
    all[current].scrollIntoView({ block: 'nearest' })
  }
  const take = (option) => {
    input.value = option.dataset.label
    value.value = option.dataset.value
    close()
    value.dispatchEvent(new Event('change', { bubbles: true }))
  }

  input.addEventListener('input', () => {
    value.value = input.value.trim() // what is typed may be an id
    drop()
    isWaiting = true
    timer = setTimeout(() => open(input.value), 150)
  })
  input.addEventListener('click', () => { if (list.hidden) open(value.value === input.value ? input.value : '') })
  input.addEventListener('blur', () => setTimeout(close, 150))
  list.addEventListener('pointerdown', (event) => event.preventDefault()) // the focus stays in the input
  list.addEventListener('click', (event) => {
    const option = event.target.closest('[role=option]:not([aria-disabled])')
    if (option) take(option)
  })
  input.addEventListener('keypress', (event) => { if (event.key === 'Enter' && isTaken) event.preventDefault() })
  input.addEventListener('keyup', () => { isTaken = false })
  input.addEventListener('keydown', (event) => {
    const isOpen = !list.hidden
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault()
      if (isWaiting) return
      if (!isOpen) { open(value.value === input.value ? input.value : ''); return }
      walk(event.key === 'ArrowDown' ? current + 1 : current < 0 ? options().length - 1 : current - 1)
    } else if (event.key === 'Enter' && isWaiting) {
      event.preventDefault() // the list is on its way: Enter was meant for it, not for the form
      isTaken = true
    } else if (event.key === 'Enter' && isOpen && options().length) {
      event.preventDefault()
      isTaken = true
      take(options()[Math.max(current, 0)])
    } else if (event.key === 'Escape' && isOpen) {
      event.preventDefault()
      close()
    } else if (event.key === 'Tab' && isOpen && current >= 0) {
      take(options()[current])
    }
  })
}

// choices asks for the options that fit, as HTML; null: there was no answer.
async function choices(address, query, signal) {
  try {
    const answer = await fetch(`${address}?q=${encodeURIComponent(query)}`, { headers: { 'HX-Request': 'true' }, signal })
    if (answer.headers.has('HX-Redirect')) {
      return '<div class="nothing">Your session has ended. Log in again in another window, then continue here.</div>'
    }
    return answer.ok && !answer.redirected ? await answer.text() : null
  } catch {
    return null
  }
}

// show puts the id into a hidden input of the same name and the name into the visible one.
function show(input, frame) {
  const value = document.createElement('input')
  value.type = 'hidden'
  value.name = input.name
  value.value = input.value
  input.removeAttribute('name')
  if (input.dataset.label) input.value = input.dataset.label
  frame.append(value)
  return value
}
