// Charts by day, drawn from the table that stands beside each: <div data-chart="id of the table">. Columns
// with data-series (bars or line) and data-color are drawn; each has its own scale, bars at the left and
// lines at the right, since clicks and conversions differ by far.

const numbers = new Intl.NumberFormat('en-US')
const charts = new Set()

function start(root) {
  root.querySelectorAll('[data-chart]').forEach((box) => {
    if (box.dataset.drawn !== undefined) return
    const table = document.getElementById(box.dataset.chart)
    if (!table || typeof uPlot === 'undefined') return
    box.dataset.drawn = ''
    const chart = { box, data: read(table), plot: null }
    charts.add(chart)
    draw(chart)
    new ResizeObserver(() => { if (chart.plot && box.clientWidth) chart.plot.setSize(sizeOf(box)) }).observe(box)
  })
}

function read(table) {
  const rows = [...table.tBodies[0].rows]
  const series = [...table.tHead.rows[0].cells].flatMap((cell, i) => cell.dataset.series
    ? [{ label: cell.textContent, kind: cell.dataset.series, color: cell.dataset.color, values: rows.map((row) => Number(row.cells[i].dataset.value)) }]
    : [])
  return { labels: rows.map((row) => row.cells[0].textContent), days: rows.map((row) => row.cells[0].dataset.day), series }
}

const sizeOf = (box) => ({ width: box.clientWidth, height: box.clientHeight })

// colorOf resolves a colour of the theme that is on now.
function colorOf(box, name) {
  const probe = document.createElement('span')
  probe.className = `chart-color-${name}`
  box.append(probe)
  const color = getComputedStyle(probe).color
  probe.remove()
  return color
}

function draw(chart) {
  const { box, data } = chart
  chart.plot?.destroy()
  const muted = colorOf(box, 'muted')
  const line = colorOf(box, 'line')
  const font = '12px ' + getComputedStyle(document.body).fontFamily
  const index = data.labels.map((_, i) => i)
  const scales = { x: { time: false, range: (_, low, high) => [low - 0.6, high + 0.6] } }
  const axes = [{
    stroke: muted, font, grid: { show: false }, ticks: { show: false }, size: 28,
    splits: (plot) => every(index, Math.max(1, Math.ceil(index.length / (plot.width / 75)))),
    values: (_, at) => at.map((i) => short(data.days[i])),
  }]
  const series = [{}]
  data.series.forEach((one, i) => {
    const scale = `y${i}`
    const color = colorOf(box, one.color)
    scales[scale] = { range: (_, _low, high) => [0, Math.max(4, high * 1.1)] }
    axes.push({
      scale, side: i === 0 ? 3 : 1, stroke: muted, font, ticks: { show: false }, size: 46, space: 45, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 1e6, 1e7],
      grid: { show: i === 0, stroke: line, width: 1 }, values: (_, at) => at.map((n) => numbers.format(n)),
    })
    series.push(one.kind === 'bars'
      ? { scale, fill: color, width: 0, points: { show: false }, paths: uPlot.paths.bars({ size: [0.62, 26], radius: 0.15 }) }
      : { scale, stroke: color, width: 2, points: { show: true, size: 5, fill: color, stroke: color } })
  })
  chart.plot = new uPlot({
    ...sizeOf(box), scales, axes, series, legend: { show: false }, padding: [10, 4, 0, 4],
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false } }, plugins: [tip(box, data)],
  }, [index, ...data.series.map((one) => one.values)], box)
}

const every = (list, step) => list.filter((_, i) => (list.length - 1 - i) % step === 0)

// short writes 2026-11-22 as 22 Nov.
function short(day) {
  if (!day) return ''
  return new Date(`${day}T12:00:00Z`).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' })
}

// tip shows the figures of the day beneath the pointer.
function tip(box, data) {
  const element = document.createElement('div')
  element.className = 'chart-tip'
  element.hidden = true
  const hide = () => { element.hidden = true }
  return {
    hooks: {
      init: (plot) => { box.append(element); plot.over.addEventListener('mouseleave', hide) },
      destroy: () => element.remove(),
      setCursor: (plot) => {
        const i = plot.cursor.idx
        if (i === null || i === undefined || plot.cursor.left < 0) { hide(); return }
        const title = document.createElement('strong')
        title.textContent = data.labels[i]
        element.replaceChildren(title, ...data.series.flatMap((one) => {
          const text = document.createElement('div')
          text.textContent = `${one.label}: ${numbers.format(one.values[i])}`
          return [text]
        }))
        element.hidden = false
        const left = plot.over.offsetLeft + plot.cursor.left
        const isRight = left > box.clientWidth / 2
        element.style.left = isRight ? '' : `${left + 14}px`
        element.style.right = isRight ? `${box.clientWidth - left + 14}px` : ''
        element.style.top = '0.5rem'
      },
    },
  }
}

start(document)
document.addEventListener('htmx:after:swap', () => start(document))
for (const media of ['(prefers-color-scheme: dark)', 'print']) matchMedia(media).addEventListener('change', () => charts.forEach(draw))
