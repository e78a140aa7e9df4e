import type { HeaderList } from '../base/header-list.ts'
import type { Resource } from '../s3/resource.ts'
import type { Exchange } from './exchange.ts'
import { forward } from './forward.ts'
import type { Gate } from './gate.ts'
import { signUpstream } from './sign-upstream.ts'

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
  resource: Pick<Resource, 'bucket' | 'key'>,
  versionId: string | undefined,
): Promise<HeaderList> {
  const query = versionId === undefined ? [] : [{ name: 'versionId', value: versionId }]
  const destination = gate.upstream.destinationOf({ ...resource, query })
  const signed = signUpstream(
    gate.upstream,
    gate.upstreamKeys,
    {
      method: 'HEAD',
      destination,
      bucket: resource.bucket,
      headers: ['host', destination.host],
      payloadHash: EMPTY_SHA256,
    },
    Date.now(),
  )
  if (!signed.ok) return []
  const { path } = destination
  let timer: NodeJS.Timeout | undefined
  const forwarded = await forward(
    gate.upstream.poolOf(destination.origin),
    {
      method: 'HEAD',
      path: destination.query === '' ? path : `${path}?${destination.query}`,
      headers: signed.value.headers,
      body: undefined,
    },
    (answer) => {
      exchange.setUpstream(answer)
      clearTimeout(timer)
      timer = setTimeout(() => answer.abort(new Error('the look-up took too long')), LOOK_UP_MS)
    },
  )
  clearTimeout(timer)
  if (!forwarded.ok) return []
  forwarded.value.answer.attach({ write: () => true, end: () => undefined, fail: () => undefined })
  return forwarded.value.head.status === 200 ? forwarded.value.head.headers : []
}
