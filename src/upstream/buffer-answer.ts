import { failure, ok, type Result } from '../base/result.ts'
import type { S3Error } from '../s3/error.ts'
import type { Forwarded } from './forward.ts'
import { type AnswerSink, replayAnswer } from './upstream-answer.ts'
import { upstreamClosed } from './upstream-failure.ts'

/** Answers that are held back are short XML documents. */
const ANSWER_BYTES_MAX = 1024 * 1024

/** An answer that has come whole. */
export interface BufferedAnswer {
  readonly body: Buffer
  /** S3 said 200 early and then that the operation failed. */
  readonly endsInError: boolean
  /** The same answer, to be relayed. */
  readonly forwarded: Forwarded
}

/** Reads a short answer to its end; one that breaks or is too long is the upstream's fault. */
export function bufferAnswer({
  head,
  answer,
}: Forwarded): Promise<Result<BufferedAnswer, S3Error>> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let bytes = 0
    const sink: AnswerSink = {
      write: (chunk) => {
        chunks.push(chunk)
        bytes += chunk.length
        if (bytes > ANSWER_BYTES_MAX) answer.abort(new Error('the answer is too long'))
        return true
      },
      end: () => {
        const body = Buffer.concat(chunks)
        const endsInError = body.subarray(-64).toString('latin1').trimEnd().endsWith('</Error>')
        resolve(ok({ body, endsInError, forwarded: { head, answer: replayAnswer(body) } }))
      },
      fail: (cause) => resolve(failure(upstreamClosed(cause))),
    }
    answer.attach(sink)
  })
}
