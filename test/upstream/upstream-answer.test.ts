import t from 'tap'
import { type AnswerSink, UpstreamAnswer } from '../../src/upstream/upstream-answer.ts'

const CHUNK = Buffer.from('abc')
const EMPTY = Buffer.alloc(0)

/** An answer whose head has come, and how often its connection was resumed. */
function begun(): { readonly answer: UpstreamAnswer; readonly resumed: () => number } {
  const answer = new UpstreamAnswer()
  let resumed = 0
  answer.onHeaders(200, [], () => {
    resumed++
  })
  return { answer, resumed: () => resumed }
}

/** A sink that takes everything and wants no more. */
function fullSink(): AnswerSink & { readonly taken: Buffer[] } {
  const taken: Buffer[] = []
  return {
    taken,
    write: (chunk) => {
      taken.push(chunk)
      return false
    },
    end: () => undefined,
    fail: () => undefined,
  }
}

t.test('two reads wait for a sink, and then the connection is paused', async (t) => {
  const { answer, resumed } = begun()
  t.equal(answer.onData(CHUNK), true)
  t.equal(answer.onData(CHUNK), false)
  const sink = fullSink()
  answer.attach(sink)
  t.equal(Buffer.concat(sink.taken).toString(), 'abcabc')
  t.equal(resumed(), 0)
})

t.test('nothing pauses for an empty chunk, with a sink or without', async (t) => {
  const { answer } = begun()
  answer.onData(CHUNK)
  answer.onData(CHUNK)
  t.equal(answer.onData(EMPTY), true)
  const sink = fullSink()
  answer.attach(sink)
  t.equal(answer.onData(EMPTY), true)
  t.equal(sink.taken.length, 2)
})

t.test('nothing pauses once the connection has ended, with a sink or without', async (t) => {
  const without = begun()
  without.answer.onData(CHUNK)
  without.answer.onData(CHUNK)
  without.answer.flow()
  t.equal(without.resumed(), 1)
  t.equal(without.answer.onData(CHUNK), true)

  const { answer, resumed } = begun()
  answer.attach(fullSink())
  t.equal(answer.onData(CHUNK), false)
  answer.flow()
  t.equal(resumed(), 2)
  t.equal(answer.onData(CHUNK), true)
})

t.test(
  'an answer that has ended no longer resumes the connection, which serves another',
  async (t) => {
    for (const end of ['onComplete', 'onError'] as const) {
      const { answer, resumed } = begun()
      answer.attach({ write: () => true, end: () => undefined, fail: () => undefined })
      const before = resumed()
      answer[end](new Error('other side closed'))
      answer.resume()
      answer.flow()
      t.equal(resumed(), before)
    }
  },
)
