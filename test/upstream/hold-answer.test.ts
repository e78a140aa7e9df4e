import t from 'tap'
import { type HeldAnswer, holdAnswer } from '../../src/upstream/hold-answer.ts'
import { UpstreamAnswer } from '../../src/upstream/upstream-answer.ts'

const LONG_MS = 60_000

/** An answer that gave this before it was held, and what came of it. */
function hold(text: string, holdMs: number | undefined) {
  const answer = new UpstreamAnswer()
  if (text !== '') answer.onData(Buffer.from(text))
  return { answer, held: holdAnswer(answer, holdMs) }
}

/** The client's side of a slow answer. */
function passed(held: HeldAnswer, released = 'released') {
  if (held.kind !== 'slow') throw new Error(held.kind)
  const events: string[] = []
  const documents: string[] = []
  const ended = new Promise<void>((resolve) => {
    const source = held.pass(async (document) => {
      documents.push(document.toString())
      return Buffer.from(released)
    })
    source.attach({
      write: (chunk) => events.push(chunk.toString()) < 0,
      end: () => resolve(),
      fail: (error) => {
        events.push(error.message)
        resolve()
      },
    })
  })
  return { events, documents, ended }
}

t.test('one that ends in time is there whole, with its blanks', async (t) => {
  for (const holdMs of [LONG_MS, undefined]) {
    const { answer, held } = hold('<?xml ?> ', holdMs)
    answer.onData(Buffer.from(' <Result/>'))
    answer.onComplete()
    t.match(await held, { kind: 'whole' })
    const whole = await held
    t.equal(whole.kind === 'whole' && whole.document.toString(), '<?xml ?>  <Result/>')
  }
})

t.test('one that breaks in time is broken', async (t) => {
  const { answer, held } = hold(' ', LONG_MS)
  answer.onError(new Error('other side closed'))
  t.match(await held, { kind: 'broken', cause: { message: 'other side closed' } })
})

t.test('blanks pass as they come once it takes long; the rest is released', async (t) => {
  const { answer, held } = hold('<?xml ?>', 0)
  const { events, documents, ended } = passed(await held)
  t.strictSame(events, ['<?xml ?>'])
  answer.onData(Buffer.from(' '))
  answer.onData(Buffer.from('\n<'))
  answer.onData(Buffer.from('Result/>'))
  t.strictSame(events, ['<?xml ?>', ' ', '\n'])
  answer.onData(Buffer.from(' '))
  answer.onComplete()
  await ended
  t.strictSame(documents, ['<Result/> '])
  t.strictSame(events, ['<?xml ?>', ' ', '\n', 'released'])
})

t.test('without a blank nothing passes, however long it takes', async (t) => {
  const { answer, held } = hold('', 0)
  await new Promise((resolve) => setTimeout(resolve, 20))
  answer.onData(Buffer.from('<Result/>'))
  answer.onComplete()
  t.match(await held, { kind: 'whole' })
})

t.test('one that breaks after its blanks fails on the client’s side', async (t) => {
  const { answer, held } = hold(' ', 0)
  const { events, documents, ended } = passed(await held)
  answer.onError(new Error('other side closed'))
  await ended
  t.strictSame(events, [' ', 'other side closed'])
  t.strictSame(documents, [])
})

t.test('one that ended before the client’s side was there', async (t) => {
  const { answer, held } = hold(' ', 0)
  const slow = await held
  answer.onData(Buffer.from('<Result/>'))
  answer.onComplete()
  const { events, documents, ended } = passed(slow)
  await ended
  t.strictSame([documents, events], [[' <Result/>'], ['released']])
})

t.test('an answer of more than a mebibyte is not held', async (t) => {
  const { answer, held } = hold(' ', 0)
  const reasons: (Error | undefined)[] = []
  answer.onConnect((reason) => reasons.push(reason))
  const { ended } = passed(await held)
  answer.onData(Buffer.from(`<${'x'.repeat(1024 * 1024)}`))
  t.match(reasons, [{ message: 'the answer is too long' }])
  answer.onComplete()
  await ended
})
