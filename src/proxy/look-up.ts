import type { HeaderList } from '../base/header-list.ts'
import type { Resource } from '../s3/resource.ts'
import { type ForwardObserver, forward } from '../upstream/forward.ts'
import { signUpstream } from '../upstream/sign-upstream.ts'
import type { UpstreamAnswer } from '../upstream/upstream-answer.ts'
import type { UpstreamFailureKind } from '../upstream/upstream-failure.ts'
import type { Exchange } from './exchange.ts'
import type { Gate } from './gate.ts'

/** SHA-256 of nothing. */
const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

/** What does not come in this time is missing. */
const LOOK_UP_MS = 10_000

/**
 * Asks S3 with one HEAD of our own how an object is encrypted; gives the answer's headers, or none
 * where S3 does not say. `versionId` pins the version that the upload made, where S3 told it.
 */
export async function lookUpEncryption(
  gate: Gate,
  exchange: Exchange,
  { bucket, key }: Pick<Resource, 'bucket' | 'key'>,
  versionId: string | undefined,
): Promise<HeaderList> {
  const query = versionId === undefined ? [] : [{ name: 'versionId', value: versionId }]
  const destination = gate.upstream.destinationOf({ bucket, key, query })
  if (!destination.ok) return []
  const { host, path, origin } = destination.value
  const signed = signUpstream(
    gate.upstream,
    gate.upstreamKeys,
    {
      method: 'HEAD',
      destination: destination.value,
      client: exchange.client,
      bucket,
      headers: ['host', host],
      payloadHash: EMPTY_SHA256,
    },
    Date.now(),
  )
  if (!signed.ok) return []
  const observer = new LookUpObserver(exchange)
  const forwarded = await forward(
    gate.upstream.poolOf(origin),
    {
      method: 'HEAD',
      path: destination.value.query === '' ? path : `${path}?${destination.value.query}`,
      headers: signed.value.headers,
      body: undefined,
    },
    observer,
  )
  observer.end()
  if (!forwarded.ok) return []
  forwarded.value.answer.attach({ write: () => true, end: () => undefined, fail: () => undefined })
  return forwarded.value.head.status === 200 ? forwarded.value.head.headers : []
}

/** Ends an attempt that takes too long. */
class LookUpObserver implements ForwardObserver {
  readonly #exchange: Exchange
  readonly #timer: NodeJS.Timeout
  #answer: UpstreamAnswer | undefined
  #isLate = false

  constructor(exchange: Exchange) {
    this.#exchange = exchange
    this.#timer = setTimeout(() => {
      this.#isLate = true
      this.#cut()
    }, LOOK_UP_MS)
  }

  setUpstream(answer: UpstreamAnswer): void {
    this.#answer = answer
    this.#exchange.setUpstream(answer)
    if (this.#isLate) this.#cut()
  }

  noteUpstreamFailure(kind: UpstreamFailureKind): void {
    this.#exchange.noteUpstreamFailure(this.#isLate ? 'timeout' : kind)
  }

  end(): void {
    clearTimeout(this.#timer)
  }

  #cut(): void {
    this.#answer?.abort(new Error('the look-up took too long'))
  }
}
