import { connect, type Socket } from 'node:net'
import type { Plan } from './generate-case.ts'
import { buildCase } from './generate-case.ts'
import type { Arrival } from './recorder.ts'
import type { Lane, Target } from './rig.ts'
import { readAnswer, readRequest, type WireAnswer, type WireRequest } from './wire-reading.ts'

/** What was sent, and what came of it. */
export interface Observation {
  readonly plan: Plan
  readonly sent: Buffer
  readonly client: ClientReading
  readonly answers: readonly WireAnswer[]
  /** What came behind the last answer, or why it cannot be read. */
  readonly rest: string
  readonly received: Buffer
  readonly arrivals: readonly Arrival[]
  /** Nothing came for {@link SILENCE_MS}. */
  readonly isSilent: boolean
  /** Requests that had not ended {@link SILENCE_MS} after the client had. */
  readonly neverEnded: number
}

/** What the client sent, by the fuzzer's own reading. */
export interface ClientReading {
  /** Those whose head has come; the last may not be whole. */
  readonly requests: readonly WireRequest[]
  /** What follows them. */
  /** `broken`: the last of them has a body that is none. `malformed`: it is no request. */
  readonly tail: 'nothing' | 'partial' | 'broken' | 'malformed'
}

/** Long, as a busy machine may be. */
const SILENCE_MS = 20_000
/** For an answer to what is no HTTP. */
const MALFORMED_MS = 2_000

/** Sends a case and waits until everything about it has ended. */
export async function runCase(lane: Lane, plan: Plan): Promise<Observation> {
  const target = lane.targets[plan.profile]
  const sent = buildCase(plan, { port: target.port, nowMs: Date.now() })
  const client = readClient(sent)
  lane.recorder.manners = plan
  const { received, isSilent } = await exchange(target.port, plan, sent, client)
  const neverEnded = await becomeIdle(lane, target)
  const { answers, rest } = readAnswers(received, client)
  const arrivals = lane.recorder.take()
  return { plan, sent, client, answers, rest, received, arrivals, isSilent, neverEnded }
}

/** Reads requests until one is not whole. */
export function readClient(sent: Buffer): ClientReading {
  const requests: WireRequest[] = []
  let at = 0
  while (at < sent.length) {
    // A server may skip empty lines before a request line; Node also takes half of a line end.
    // Source: RFC 9112 section 2.2
    if (sent[at] === 0x0d || sent[at] === 0x0a) {
      at++
      continue
    }
    const read = readRequest(sent.subarray(at))
    if (read.kind === 'malformed' && read.broken !== undefined) {
      return { requests: [...requests, read.broken], tail: 'broken' }
    }
    if (read.kind !== 'message') return { requests, tail: read.kind }
    requests.push(read.message)
    if (!read.message.isWhole) return { requests, tail: 'partial' }
    at += read.length
  }
  return { requests, tail: 'nothing' }
}

function readAnswers(
  received: Buffer,
  { requests }: ClientReading,
): { answers: readonly WireAnswer[]; rest: string } {
  const answers: WireAnswer[] = []
  let at = 0
  // One more than there are requests: that to what is no request.
  for (let i = 0; i <= requests.length && at < received.length; i++) {
    const read = readAnswer(received.subarray(at), requests[i]?.method ?? 'GET', true)
    if (read.kind !== 'message')
      return { answers, rest: read.kind === 'partial' ? 'half a head' : read.why }
    answers.push(read.message)
    at += read.length
  }
  return { answers, rest: at < received.length ? 'bytes behind the last answer' : '' }
}

/** How many requests the client may expect an answer to. */
function wholeRequests({ requests, tail }: ClientReading): number {
  const last = requests.at(-1)
  // A broken one is answered as soon as it is known to be.
  return tail === 'partial' && last?.isWhole === false ? requests.length - 1 : requests.length
}

function exchange(
  port: number,
  plan: Plan,
  sent: Buffer,
  client: ClientReading,
): Promise<{ received: Buffer; isSilent: boolean }> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    const wanted = wholeRequests(client)
    let isSilent = false
    let isEnding = false
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    const timer = setTimeout(() => {
      isSilent = true
      socket.destroy()
    }, SILENCE_MS)
    let grace: NodeJS.Timeout | undefined
    const endWhenDone = (): void => {
      if (isEnding) return
      if (countAnswers(Buffer.concat(chunks), client, wanted) < wanted) return
      isEnding = true
      if (client.tail === 'malformed') grace = setTimeout(() => socket.end(), MALFORMED_MS)
      else socket.end()
    }
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      endWhenDone()
    })
    socket.on('error', () => undefined)
    socket.on('close', () => {
      clearTimeout(timer)
      clearTimeout(grace)
      resolve({ received: Buffer.concat(chunks), isSilent })
    })
    socket.on('connect', async () => {
      await writePieces(socket, sent, plan.cuts)
      if (plan.vanishes) {
        await turns(3)
        socket.destroy()
      } else endWhenDone()
    })
  })
}

/** Whole answers so far, of those that are wanted. */
function countAnswers(received: Buffer, { requests }: ClientReading, wanted: number): number {
  let at = 0
  for (let i = 0; i < wanted; i++) {
    const read = readAnswer(received.subarray(at), requests[i]?.method ?? 'GET', false)
    if (read.kind === 'malformed') return wanted
    if (read.kind === 'partial' || !read.message.isWhole) return i
    at += read.length
  }
  return wanted
}

async function writePieces(socket: Socket, sent: Buffer, cuts: readonly number[]): Promise<void> {
  let from = 0
  for (const cut of cuts) {
    const to = Math.floor((sent.length * cut) / 1000)
    if (to <= from) continue
    socket.write(sent.subarray(from, to))
    from = to
    await turns(2)
  }
  socket.write(sent.subarray(from))
}

/** Gives how many requests have still not ended, at Sealgate or at the recorder. */
async function becomeIdle({ recorder }: Lane, target: Target): Promise<number> {
  const open = () => target.inflight() + recorder.unfinished
  const until = Date.now() + SILENCE_MS
  while (open() > 0 && Date.now() < until) await turns(1)
  // What was written to the recorder before an abort is still on its way, and so is the abort.
  for (let quiet = 0; quiet < 4 && Date.now() < until; ) {
    await turns(1)
    quiet = open() > 0 ? 0 : quiet + 1
  }
  return open()
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
}
