import type { Flow } from '../base/fair-pacer.ts'
import type { AnswerSink, AnswerSource } from '../upstream/upstream-answer.ts'

/**
 * An answer whose bytes pass when the flow lets them. What has arrived meanwhile waits here: the
 * upstream is paused, so that is about one read of its socket.
 */
export function paceAnswer(answer: AnswerSource, flow: Flow): AnswerSource {
  let sink: AnswerSink | undefined
  let isGranted = true
  let isWanted = true
  let finish: (() => void) | undefined
  const waiting: Buffer[] = []
  const onGranted = (): void => {
    isGranted = true
    const chunk = waiting.shift()
    if (chunk !== undefined) isWanted = sink?.write(chunk) ?? true
    if (pass()) answer.resume()
  }
  /** Passes what may pass; returns whether more is wanted. */
  const pass = (): boolean => {
    while (isGranted && isWanted) {
      const [chunk] = waiting
      if (chunk === undefined) {
        finish?.()
        finish = undefined
        return true
      }
      isGranted = flow.take(chunk.length, onGranted)
      if (isGranted) {
        waiting.shift()
        isWanted = sink?.write(chunk) ?? true
      }
    }
    return false
  }
  return {
    attach: (reader) => {
      sink = reader
      answer.attach({
        write: (chunk) => {
          waiting.push(chunk)
          return pass()
        },
        end: () => {
          finish = () => reader.end()
          pass()
        },
        // The client has to get what came before.
        fail: (error) => {
          finish = () => reader.fail(error)
          pass()
        },
      })
    },
    resume: () => {
      isWanted = true
      if (pass()) answer.resume()
    },
    abort: (reason) => answer.abort(reason),
  }
}
