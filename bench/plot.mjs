/**
 * Draws the figures of a run as SVG, both axes logarithmic:
 *
 *     node bench/plot.mjs sizes FILE.json > docs/cost-by-size.svg    # of --only sizes
 *     node bench/plot.mjs rules FILE.json > docs/cost-by-rules.svg   # of --only get-1k,put-4k with the targets sealgate-rules-N
 */
import { existsSync, readFileSync } from 'node:fs'
import { readArguments, usageError } from './lib/arguments.mjs'
import { SIZES } from './lib/scenarios.mjs'

/** @typedef {{ name: string, points: { x: number, label: string, y: number }[] }} Series */
/** @typedef {{ scenario: string, target: string, samples: { cpuSeconds: number, units: number }[] }} Row */

const WIDTH = 720
const HEIGHT = 420
const MARGIN = { left: 80, right: 130, top: 40, bottom: 56 }
const NAME_HEIGHT = 15
/** Distinct for colour-blind readers too (Okabe and Ito). */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#56b4e9']

const {
  positionals: [kind, file = ''],
} = readArguments(import.meta.url, {}, [2, 2])
if (kind !== 'sizes' && kind !== 'rules') {
  usageError(`'${kind}' is neither sizes nor rules. See bench/plot.mjs --help.`)
}
if (!existsSync(file)) usageError(`${file} is missing`)
/** @type {{ rows: Row[], machine: { node: string, date: string } }} */
const { rows, machine } = JSON.parse(readFileSync(file, 'utf8'))
const series = kind === 'sizes' ? bySize(rows) : byRules(rows)
if (series.length === 0) usageError(`${file} has no rows for ${kind}`)
process.stdout.write(
  draw(series, {
    title:
      kind === 'sizes'
        ? 'CPU of one GET by the size of the object'
        : 'CPU of one request by the number of rules',
    x: kind === 'sizes' ? 'size of the object' : 'rules of the policy',
    note: `Node ${machine.node}, ${machine.date.slice(0, 10)}`,
  }),
)

/** @returns {Series[]} */
function bySize(/** @type {Row[]} */ all) {
  const sizes = new Map(SIZES.map(([name, bytes]) => [`size-${name}`, { name, bytes }]))
  return group(
    all,
    ({ target }) => target,
    ({ scenario }) => {
      const size = sizes.get(scenario)
      return size && { x: size.bytes, label: size.name }
    },
  )
}

/** @returns {Series[]} */
function byRules(/** @type {Row[]} */ all) {
  return group(
    all,
    ({ scenario }) => scenario,
    ({ target }) => {
      const count = target === 'sealgate' ? '1' : /^sealgate-rules-(\d+)$/.exec(target)?.[1]
      return count === undefined ? undefined : { x: Number(count), label: count }
    },
  )
}

/**
 * @param {Row[]} all
 * @param {(row: Row) => string} nameOf
 * @param {(row: Row) => { x: number, label: string } | undefined} placeOf  Undefined: not in this plot.
 * @returns {Series[]}
 */
function group(all, nameOf, placeOf) {
  /** @type {Map<string, Series>} */
  const found = new Map()
  for (const row of all) {
    const place = placeOf(row)
    const samples = row.samples.filter(({ units }) => units > 0)
    if (place === undefined || samples.length === 0) continue
    const name = nameOf(row)
    const one = found.get(name) ?? { name, points: [] }
    found.set(name, one)
    one.points.push({ ...place, y: median(samples.map((s) => (s.cpuSeconds / s.units) * 1e6)) })
  }
  for (const { points } of found.values()) points.sort((a, b) => a.x - b.x)
  return [...found.values()]
}

/** @returns {string} */
function draw(
  /** @type {Series[]} */ all,
  /** @type {{ title: string, x: string, note: string }} */ words,
) {
  const points = all.flatMap((one) => one.points)
  const across = scale(
    points.map(({ x }) => x),
    MARGIN.left,
    WIDTH - MARGIN.right,
  )
  const decades = [
    10 ** Math.floor(Math.log10(Math.min(...points.map(({ y }) => y)))),
    10 ** Math.ceil(Math.log10(Math.max(...points.map(({ y }) => y)))),
  ]
  const down = scale(decades, HEIGHT - MARGIN.bottom, MARGIN.top)
  const ticks = new Map(points.map(({ x, label }) => [x, label]))
  const bottom = HEIGHT - MARGIN.bottom
  const names = placeNames(all, down)
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="13" role="img" aria-label="${words.title}">
<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>
<text x="${MARGIN.left}" y="22" font-size="15">${words.title}</text>
${[...ticks].map(([x, label]) => `<path d="M${across(x)} ${MARGIN.top}V${bottom}" stroke="#ddd"/><text x="${across(x)}" y="${bottom + 18}" text-anchor="middle">${label}</text>`).join('\n')}
${decadesBetween(decades)
  .map(
    (y) =>
      `<path d="M${MARGIN.left} ${down(y)}H${WIDTH - MARGIN.right}" stroke="#ddd"/><text x="${MARGIN.left - 8}" y="${down(y) + 4}" text-anchor="end">${y.toLocaleString('en')} µs</text>`,
  )
  .join('\n')}
<text x="${(MARGIN.left + WIDTH - MARGIN.right) / 2}" y="${HEIGHT - 12}" text-anchor="middle">${words.x} (${words.note})</text>
${all.map((one, i) => drawSeries(one, COLOURS[i % COLOURS.length], across, down, names.get(one) ?? 0)).join('\n')}
</svg>
`
}

/**
 * Where the name of each series stands: at its last point, and below the name before it.
 *
 * @param {Series[]} all
 * @param {(value: number) => number} down
 */
function placeNames(all, down) {
  const end = (/** @type {Series} */ { points }) => down(points[points.length - 1].y) + 4
  /** @type {Map<Series, number>} */
  const places = new Map()
  let free = 0
  for (const one of [...all].sort((a, b) => end(a) - end(b))) {
    const at = Math.max(end(one), free)
    places.set(one, at)
    free = at + NAME_HEIGHT
  }
  return places
}

/**
 * @param {Series} one
 * @param {string} colour
 * @param {(value: number) => number} across
 * @param {(value: number) => number} down
 * @param {number} nameAt
 */
function drawSeries({ name, points }, colour, across, down, nameAt) {
  const path = points.map(({ x, y }, i) => `${i === 0 ? 'M' : 'L'}${across(x)} ${down(y)}`).join('')
  const dots = points.map(
    ({ x, y }) =>
      `<circle cx="${across(x)}" cy="${down(y)}" r="3.5" fill="${colour}"><title>${name}, ${x}: ${y.toFixed(1)} µs</title></circle>`,
  )
  const last = points[points.length - 1]
  return `<path d="${path}" fill="none" stroke="${colour}" stroke-width="2"/>${dots.join('')}<text x="${across(last.x) + 10}" y="${nameAt}" fill="${colour}">${name}</text>`
}

/** A logarithmic scale. @returns {(value: number) => number} */
function scale(
  /** @type {readonly number[]} */ numbers,
  /** @type {number} */ from,
  /** @type {number} */ to,
) {
  const low = Math.log10(Math.min(...numbers))
  const high = Math.log10(Math.max(...numbers))
  return (value) => Math.round(from + ((Math.log10(value) - low) / (high - low || 1)) * (to - from))
}

function decadesBetween(/** @type {readonly number[]} */ [low, high]) {
  const count = Math.round(Math.log10(high / low))
  return Array.from({ length: count + 1 }, (_, i) => low * 10 ** i)
}

function median(/** @type {number[]} */ numbers) {
  const sorted = [...numbers].sort((a, b) => a - b)
  return sorted[sorted.length >> 1]
}
