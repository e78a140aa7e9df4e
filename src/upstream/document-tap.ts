import type { AnswerSource } from './upstream-answer.ts'

/** An answer that passes unchanged, and of whose document a copy is kept. */
export interface DocumentTap extends AnswerSource {
  /** Undefined if it has not come whole, or is longer than what is kept. */
  readonly document: () => Buffer | undefined
}

/** Keeps a copy of an answer's bytes, up to `bytesMax`, as they pass to whoever reads it. */
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
          else kept.push(chunk)
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
