import t from 'tap'
import { FairPacer } from '../../src/base/fair-pacer.ts'
import { paceAnswer } from '../../src/proxy/pace-answer.ts'
import { type AnswerSink, UpstreamAnswer } from '../../src/upstream/upstream-answer.ts'
import { TestClock } from '../support/test-clock.ts'

/** Notes what it gets; `wantsMore` is what its `write` returns. */
class Reader implements AnswerSink {
  text = ''
  wantsMore = true
  write(chunk: Buffer): boolean {
    this.text += chunk.toString()
    return this.wantsMore
  }
  end(): void {
    this.text += '.'
  }
  fail(error: Error): void {
    this.text += `!${error.message}`
  }
}

function paced(capacity = 4) {
  const clock = new TestClock()
  const flow = new FairPacer({ capacity, perMs: 0.001 }, clock).open()
  const upstream = new UpstreamAnswer()
  let resumed = 0
  upstream.onHeaders(200, [], () => {
    resumed++
  })
  const reader = new Reader()
  const answer = paceAnswer(upstream, flow)
  answer.attach(reader)
  return { clock, flow, upstream, reader, answer, resumed: () => resumed }
}

t.test('bytes within the burst pass at once', (t) => {
  const { clock, upstream, reader } = paced()
  t.ok(upstream.onData(Buffer.from('abcd')))
  upstream.onComplete()
  t.equal(reader.text, 'abcd.')
  t.equal(clock.timers.length, 0)
  t.end()
})

t.test('later bytes wait, the upstream is paused meanwhile, and the end comes last', (t) => {
  const { clock, upstream, reader, resumed } = paced()
  upstream.onData(Buffer.from('abcd'))
  const before = resumed()
  t.notOk(upstream.onData(Buffer.from('ef')))
  // What was in the socket already comes nevertheless.
  t.notOk(upstream.onData(Buffer.from('gh')))
  upstream.onComplete()
  t.equal(reader.text, 'abcd')
  t.equal(resumed(), before)
  clock.next()
  t.equal(reader.text, 'abcdef')
  clock.next()
  t.equal(reader.text, 'abcdefgh.')
  t.equal(clock.nowMs, 4000)
  t.end()
})

t.test('the upstream goes on when what waited has passed', (t) => {
  const { clock, upstream, reader, resumed } = paced()
  upstream.onData(Buffer.from('abcd'))
  t.notOk(upstream.onData(Buffer.from('e')))
  const before = resumed()
  clock.next()
  t.equal(resumed(), before + 1)
  t.equal(reader.text, 'abcde')
  t.end()
})

t.test('a reader that is full holds it back too, and nothing comes twice', (t) => {
  const { clock, upstream, reader, answer } = paced()
  reader.wantsMore = false
  t.notOk(upstream.onData(Buffer.from('ab')))
  t.notOk(upstream.onData(Buffer.from('cd')))
  upstream.onComplete()
  t.equal(reader.text, 'ab')
  answer.resume()
  t.equal(reader.text, 'abcd', 'one write for each time that it wants more')
  answer.resume()
  t.equal(reader.text, 'abcd.')
  t.equal(clock.timers.length, 0)
  t.end()
})

t.test('an upstream that breaks is told after what came before', (t) => {
  const { clock, upstream, reader } = paced()
  upstream.onData(Buffer.from('abcd'))
  upstream.onData(Buffer.from('e'))
  upstream.onError(new Error('broken'))
  t.equal(reader.text, 'abcd')
  clock.next()
  t.equal(reader.text, 'abcde!broken')
  t.end()
})

t.test('after the client has gone, nothing waits', (t) => {
  const { clock, flow, upstream, reader } = paced()
  upstream.onData(Buffer.from('abcd'))
  upstream.onData(Buffer.from('e'))
  flow.close()
  while (clock.next());
  t.equal(reader.text, 'abcd')
  t.end()
})
