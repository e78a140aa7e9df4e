import type { AnswerSource } from './upstream-answer.ts'

/** An answer that passes unchanged while its document is copied. */
export interface DocumentTap extends AnswerSource {
  /** Undefined if it is incomplete, or longer than the limit of the copy. */
  readonly document: () => Buffer | undefined
}

/** Copies an answer's bytes, up to `bytesMax`, as they pass to the reader. */
export function tapDocument(answer: AnswerSource, bytesMax: number): DocumentTap {
  let kept: Buffer[] = []
  let bytes = 0
  let isWhole = false
  return {
    attach: (sink) =>
      answer.attach({
        write: (chunk) => {
          bytes += chunk.length
          if (bytes > bytesMax) kept = []
          // A copy, because the chunk's memory is read into again once the client has it.
          else kept.push(Buffer.from(chunk))
          return sink.write(chunk)
        },
        end: () => {
          isWhole = bytes <= bytesMax
          sink.end()
        },
        fail: (error) => sink.fail(error),
      }),
    resume: () => answer.resume(),
    abort: (reason) => answer.abort(reason),
    document: () => (isWhole ? Buffer.concat(kept) : undefined),
  }
}
