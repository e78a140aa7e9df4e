import type { HeaderList } from '../base/header-list.ts'
import { EMPTY_SHA256 } from '../s3/payload-mode.ts'
import type { Resource } from '../s3/resource.ts'
import { signUpstream } from '../upstream/sign-upstream.ts'
import { askUpstream } from './ask-upstream.ts'
import type { Exchange } from './exchange.ts'
import type { Gate } from './gate.ts'

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
  const { host, origin, path, query: sent } = destination.value
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
  const head = await askUpstream(gate, exchange, {
    method: 'HEAD',
    origin,
    path: sent === '' ? path : `${path}?${sent}`,
    headers: signed.value.headers,
    timeoutMs: LOOK_UP_MS,
  })
  return head?.status === 200 ? head.headers : []
}
