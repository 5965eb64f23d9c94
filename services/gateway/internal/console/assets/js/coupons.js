// The pages of coupons: taking a suggested code by one click, and Export that follows the table.

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

// What was wrong with a field is forgotten once it is changed: the check says what is wrong now.
const forget = (event) => {
  const field = event.target.closest?.('[data-coupon] .field')
  if (!field) return
  field.querySelector('.error')?.remove()
  field.classList.remove('field-bad')
  field.querySelectorAll('[aria-invalid]').forEach((input) => input.removeAttribute('aria-invalid'))
}
document.addEventListener('input', forget)
document.addEventListener('change', forget)
