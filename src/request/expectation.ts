import type { HeaderList } from '../base/header-list.ts'
import type { S3Error } from '../s3/error.ts'
import { refusal } from '../s3/refusals.ts'

/** As in node:http: 100-continue may be one of several. */
const CONTINUE = /(?:^|\W)100-continue(?:$|\W)/i

/**
 * Refuses an expectation that cannot be met; undefined if there is none, or if the client waits for
 * a 100.
 *
 * Source: RFC 9110 section 10.1.1
 */
export function refuseExpectation(headers: HeaderList): S3Error | undefined {
  const expected: string[] = []
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] === 'expect') expected.push(headers[i + 1] ?? '')
  }
  if (expected.length === 0 || CONTINUE.test(expected.join(', '))) return undefined
  return refusal('expectation-failed')
}
