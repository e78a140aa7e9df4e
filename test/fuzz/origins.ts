import {
  type ClientRequest,
  judgeOrigin,
  type ReadArrival,
  readClientRequest,
} from './judge-origin.ts'
import { isCorsQuestion, isLookUp, isRegionQuestion } from './own-requests.ts'
import type { Arrival } from './recorder.ts'
import type { Observation } from './run-case.ts'

/** One for the request, one more each where S3 sends elsewhere or the connection had gone. */
const TRIES_MAX = 3

/** Which of the client's requests each arrival may come from. */
export class Origins {
  readonly #observation: Observation
  readonly #requests: readonly (ClientRequest | string)[]
  /** The arrivals so far, each with the places of the requests that it could be. */
  readonly #matches: { readonly arrival: Arrival; readonly of: readonly number[] }[] = []
  readonly #own: Arrival[] = []

  constructor(observation: Observation, nowMs: number) {
    this.#observation = observation
    this.#requests = observation.client.requests.map((request) =>
      readClientRequest(request, nowMs, observation.plan.profile),
    )
  }

  /** The client's request at that place; undefined: it must not reach S3. */
  requestAt(index: number): ClientRequest | undefined {
    const request = this.#requests[index]
    return typeof request === 'string' ? undefined : request
  }

  /** The arrivals that may come from the request at that place. */
  arrivalsOf(index: number): readonly Arrival[] {
    return this.#matches.filter(({ of }) => of.includes(index)).map(({ arrival }) => arrival)
  }

  /** What Sealgate asked S3 of its own accord. */
  get own(): readonly Arrival[] {
    return this.#own
  }

  /** Gives why the arrival comes from none of the client's requests; nothing: it comes from one. */
  judge(arrival: Arrival): readonly string[] {
    const { request, reading } = arrival
    if (request === undefined || reading.kind === 'unreadable') return []
    const of: ReadArrival = { arrival, request, reading: reading.request }
    if (arrival.isLate) return [`origin: of an earlier case: ${request.method} ${request.target}`]
    const { nearest, places } = this.#compare(of)
    if (this.#isNew(places)) {
      this.#matches.push({ arrival, of: places })
      return []
    }
    if (this.#isOwn(of)) {
      this.#own.push(arrival)
      return []
    }
    return nearest.map((fault) => `${fault}: ${request.method} ${request.target}`)
  }

  #compare(of: ReadArrival): { nearest: readonly string[]; places: readonly number[] } {
    const places: number[] = []
    let nearest: readonly string[] | undefined
    let refusal = 'origin: from nowhere'
    for (const [i, from] of this.#requests.entries()) {
      if (typeof from === 'string') {
        refusal = `origin: none may pass: ${from}`
        continue
      }
      const faults = judgeOrigin(of, from, this.#observation.plan.profile)
      if (faults.length === 0) places.push(i)
      if (nearest === undefined || faults.length < nearest.length) nearest = faults
    }
    if (places.length > 0) return { nearest: ['origin: one request twice'], places }
    return { nearest: nearest ?? [refusal], places }
  }

  /** There are no more arrivals than requests that look the same. */
  #isNew(places: readonly number[]): boolean {
    const same = this.#matches.filter(({ of }) => of.join() === places.join()).length
    const tries = this.#observation.plan.mode === 'answers' ? TRIES_MAX : 1
    return same < places.length * tries
  }

  #isOwn(of: ReadArrival): boolean {
    const before = this.#matches.map(({ arrival }) => arrival)
    return (
      isLookUp(of, before) ||
      isRegionQuestion(of, before) ||
      isCorsQuestion(of, this.#observation.client.requests)
    )
  }
}
