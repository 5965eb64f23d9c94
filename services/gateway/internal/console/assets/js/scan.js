// The Scan Tool's way, told hop by hop while the server goes it.

import { ready } from './console.js'

const place = document.querySelector('[data-live]')
if (place) follow(place)

function follow(place) {
  const step = place.querySelector('[data-step]')
  const way = place.querySelector('[data-way]')
  const source = new EventSource(place.dataset.live)
  source.addEventListener('hop', (event) => {
    way.hidden = false
    way.querySelector('ol').insertAdjacentHTML('beforeend', event.data)
    const next = way.querySelector('li:last-child').dataset.next
    step.textContent = next ? `Calling ${next}` : 'Judging what was found.'
  })
  source.addEventListener('end', (event) => {
    source.close()
    place.innerHTML = event.data
    ready(place)
  })
  // A browser would ask again by itself, and scan again each time.
  source.addEventListener('error', () => {
    source.close()
    place.querySelector('.scanning progress')?.remove()
    step.textContent = 'The scan broke off: there was no answer. Check the connection, and scan again.'
  })
}
