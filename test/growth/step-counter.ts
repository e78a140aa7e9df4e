import { Hash, Hmac } from 'node:crypto'
import { Session } from 'node:inspector'

/** Scripts whose blocks count: ours, and the libraries that read what a stranger sends. */
const COUNTED =
  /\/build\/src\/|\/node_modules\/(?:aws4|busboy|fast-xml-parser|streamsearch|undici|zod)\//

/**
 * Counts what a piece of work costs in steps that do not depend on the machine: how often V8 ran each
 * block of our code and of the libraries that read requests, and how many characters, bytes or
 * elements the built-in functions walked that such code calls.
 *
 * One counter to a process: it wraps built-in functions for good. What is not seen: the inside of a
 * regular expression (regular-expressions.test.ts judges these by their text), joined strings that
 * are made flat, and the collection of garbage.
 */
export class StepCounter {
  readonly #session = new Session()
  #walked = 0
  #isCounting = false

  constructor() {
    this.#session.connect()
    this.#session.post('Profiler.enable')
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
    for (const [target, costs] of BUILT_IN) {
      for (const [name, cost] of Object.entries(costs)) this.#wrap(target, name, cost)
    }
    this.#wrap(Array.prototype, Symbol.iterator, ownLength)
  }

  /** Runs the works one after the other and gives the steps of each. */
  async countEach(works: readonly (() => unknown)[]): Promise<readonly number[]> {
    const counts: number[] = []
    this.#blocks()
    for (const work of works) {
      this.#walked = 0
      this.#isCounting = true
      try {
        await work()
      } finally {
        this.#isCounting = false
      }
      counts.push(this.#blocks() + this.#walked)
    }
    return counts
  }

  /** Executions of blocks since the last call. */
  #blocks(): number {
    let count = 0
    this.#session.post('Profiler.takePreciseCoverage', (error, coverage) => {
      if (error !== null) throw error
      for (const { url, functions } of coverage.result) {
        if (!COUNTED.test(url)) continue
        for (const { ranges } of functions) for (const range of ranges) count += range.count
      }
    })
    return count
  }

  #wrap(target: object, name: PropertyKey, cost: Cost): void {
    const original: unknown = Reflect.get(target, name)
    if (typeof original !== 'function') throw new Error(`no function: ${String(name)}`)
    const call = (self: unknown, args: readonly unknown[]) => Reflect.apply(original, self, args)
    const isCounting = (): boolean => this.#isCounting
    const add = (steps: number): void => {
      this.#walked += steps
    }
    function counted(this: unknown, ...args: readonly unknown[]): unknown {
      if (!isCounting()) return call(this, args)
      const from = this instanceof RegExp ? this.lastIndex : 0
      const result: unknown = call(this, args)
      add(cost(this, args, result, from))
      return result
    }
    Object.defineProperty(target, name, { value: counted, configurable: true, writable: true })
  }
}

/** Characters, bytes or elements that a call walked; `from` is where a regular expression began. */
type Cost = (self: unknown, args: readonly unknown[], result: unknown, from: number) => number

function lengthOf(value: unknown): number {
  if (typeof value === 'string') return value.length
  if (typeof value !== 'object' || value === null) return 1
  const length: unknown = Reflect.get(value, 'length') ?? Reflect.get(value, 'byteLength')
  if (typeof length === 'number') return length
  return value instanceof Map || value instanceof Set ? value.size : Object.keys(value).length
}

const ownLength: Cost = (self) => lengthOf(self)
const argumentLength: Cost = (_self, [first]) => lengthOf(first)
const resultLength: Cost = (_self, _args, result) => lengthOf(result)
const largestLength: Cost = (self, [first], result) =>
  Math.max(lengthOf(self), lengthOf(first), lengthOf(result))

/** A search walks to what it finds, else to the end. */
const searched: Cost = (self, [_needle, start], result) => {
  const begin = typeof start === 'number' ? start : 0
  if (typeof result === 'number' && result >= 0) return Math.abs(result - begin) + 1
  return Math.max(1, lengthOf(self) - begin)
}

/** A pattern that can only match where it begins walks what it matches. */
const matched: Cost = (self, [text], result, from) => {
  if (!(self instanceof RegExp)) return 1
  const begin = self.global || self.sticky ? from : 0
  if (Array.isArray(result))
    return Number(Reflect.get(result, 'index')) - begin + lengthOf(result[0]) + 1
  return self.sticky ? 1 : Math.max(1, lengthOf(text) - begin)
}

const BUILT_IN: readonly (readonly [object, Readonly<Record<string, Cost>>])[] = [
  [
    Array.prototype,
    {
      ...{ includes: searched, indexOf: searched, lastIndexOf: ownLength, join: largestLength },
      ...{ concat: resultLength, slice: resultLength, splice: ownLength, shift: ownLength },
      ...{ unshift: ownLength, reverse: ownLength, sort: ownLength, fill: ownLength },
      ...{
        flat: resultLength,
        toSorted: ownLength,
        with: ownLength,
        keys: ownLength,
        entries: ownLength,
      },
    },
  ],
  [Array, { from: resultLength }],
  [Map.prototype, { entries: ownLength, keys: ownLength, values: ownLength }],
  [Set.prototype, { values: ownLength, keys: ownLength, entries: ownLength }],
  [
    Object,
    {
      ...{ keys: resultLength, values: resultLength, entries: resultLength },
      ...{ fromEntries: resultLength, assign: resultLength },
    },
  ],
  [
    String.prototype,
    {
      ...{ includes: searched, indexOf: searched, lastIndexOf: ownLength, concat: resultLength },
      ...{ startsWith: argumentLength, endsWith: argumentLength, split: largestLength },
      ...{ replace: largestLength, replaceAll: largestLength, repeat: resultLength },
      ...{ toLowerCase: ownLength, toUpperCase: ownLength, trim: ownLength, trimStart: ownLength },
      ...{ trimEnd: ownLength, normalize: ownLength, padStart: resultLength, padEnd: resultLength },
    },
  ],
  [RegExp.prototype, { exec: matched }],
  [JSON, { parse: argumentLength, stringify: resultLength }],
  [
    globalThis,
    {
      ...{ decodeURIComponent: argumentLength, encodeURIComponent: resultLength },
      ...{ decodeURI: argumentLength, encodeURI: resultLength },
    },
  ],
  [
    Buffer,
    { concat: resultLength, from: resultLength, alloc: resultLength, byteLength: argumentLength },
  ],
  [
    Buffer.prototype,
    {
      ...{ indexOf: searched, includes: searched, lastIndexOf: ownLength, equals: ownLength },
      ...{ toString: resultLength, write: argumentLength, copy: resultLength, fill: ownLength },
    },
  ],
  [Uint8Array.prototype, { set: argumentLength }],
  [TextDecoder.prototype, { decode: resultLength }],
  [TextEncoder.prototype, { encode: resultLength }],
  [Hash.prototype, { update: argumentLength }],
  [Hmac.prototype, { update: argumentLength }],
]
