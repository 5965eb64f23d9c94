// The pages of coupons: taking a suggested code by one click, and Export that follows the table.

import { forget } from './forms.js'

document.addEventListener('click', (event) => {
  const take = event.target.closest?.('[data-take]')
  if (take) {
    event.preventDefault() // without scripts the button sends the form
    const input = take.closest('form').querySelector('[name=code]')
    input.value = take.value
    input.focus()
    input.dispatchEvent(new Event('input', { bubbles: true }))
  }
  const download = event.target.closest?.('a[href*="/coupons/export"]')
  if (download) { // searching and sorting change the address, not the heading
    const query = new URLSearchParams(location.search)
    for (const name of ['page', 'back', 'new']) query.delete(name)
    download.search = query.toString()
  }
})

// From now on the check reports what is wrong with the code, the offer or the publisher.
const checked = (event) => {
  const input = event.target
  const field = input.closest?.('[data-coupon] .field')
  if (field && input.value && field.querySelector('[name=code], [name=offer], [name=publisher]')) forget(field)
}
document.addEventListener('input', checked)
document.addEventListener('change', checked)
