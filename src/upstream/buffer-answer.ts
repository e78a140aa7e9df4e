import { failure, ok, type Result } from '../base/result.ts'
import type { S3Error } from '../s3/error.ts'
import { refusal } from '../s3/refusals.ts'
import type { Forwarded } from './forward.ts'
import { type AnswerSink, replayAnswer } from './upstream-answer.ts'

/** Limit of an answer that is held back; these are short XML documents. */
export const ANSWER_BYTES_MAX = 1024 * 1024

/** A complete answer. */
interface BufferedAnswer {
  readonly body: Buffer
  /** The same answer, ready to be relayed. */
  readonly forwarded: Forwarded
}

/** Reads a short answer to its end; if it breaks or is too long, the upstream is at fault. */
export function bufferAnswer(
  { head, answer }: Forwarded,
  bytesMax = ANSWER_BYTES_MAX,
): Promise<Result<BufferedAnswer, S3Error>> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let bytes = 0
    const sink: AnswerSink = {
      write: (chunk) => {
        chunks.push(chunk)
        bytes += chunk.length
        if (bytes > bytesMax) answer.abort(new Error('the answer is too long'))
        return true
      },
      end: () => {
        const body = Buffer.concat(chunks)
        resolve(ok({ body, forwarded: { head, answer: replayAnswer(body) } }))
      },
      fail: (cause) => resolve(failure({ ...refusal('upstream-closed'), cause })),
    }
    answer.attach(sink)
  })
}

/** Returns whether a document ends as an error: S3 may send 200 early and an error later. */
export function endsInError(document: Buffer): boolean {
  return document.subarray(-64).toString('latin1').trimEnd().endsWith('</Error>')
}
