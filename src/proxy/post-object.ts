import { refusal, type S3Error } from '../s3/error.ts'
import type { Exchange } from './exchange.ts'
import type { Gate } from './gate.ts'
import type { ParsedRequest } from './parse-request.ts'

/** POST Object. */
export async function handlePostObject(
  _gate: Gate,
  _exchange: Exchange,
  _parsed: ParsedRequest,
): Promise<S3Error | undefined> {
  return refusal(
    'NotImplemented',
    'post-object',
    'A header you provided implies functionality that is not implemented',
  )
}
