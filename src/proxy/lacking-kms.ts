import { failure, ok, type Result } from '../base/result.ts'
import type { S3Error } from '../s3/error.ts'
import { refusal } from '../s3/refusals.ts'
import { childText, parseXml } from '../s3/xml.ts'
import { bufferAnswer } from '../upstream/buffer-answer.ts'
import type { Forwarded } from '../upstream/forward.ts'

const DOCUMENT_CHARS_MAX = 16 * 1024

/**
 * Explains a 501 to an upload with the policy's encryption: 501 NotImplemented,
 * `upstream-lacks-sse-kms`, if S3 names the encryption as the cause or names none, as OpenStack
 * Swift and Ceph RGW (copies) do. A 501 for another cause is returned unchanged.
 */
export async function explainLackingKms(forwarded: Forwarded): Promise<Result<Forwarded, S3Error>> {
  const buffered = await bufferAnswer(forwarded)
  if (!buffered.ok) return buffered
  const said = whatIsLacking(buffered.value.body.toString('utf8'))
  if (said !== '' && !/encrypt/i.test(said)) return ok(buffered.value.forwarded)
  return failure({
    ...refusal('upstream-lacks-sse-kms'),
    cause: new Error(`S3 answers 501: ${said === '' ? 'without a message' : said}`),
  })
}

/** Returns S3's message, and the header that it names, if any. */
function whatIsLacking(text: string): string {
  const document = parseXml(text, DOCUMENT_CHARS_MAX)
  if (!document.ok) return ''
  const said = ['Message', 'Header'].map((name) => childText(document.value, name) ?? '')
  return said.filter((one) => one !== '').join(' ')
}
